#include "lane/state/stored_state.h"

#include <algorithm>
#include <utility>

namespace weir {

Status check_layout(const StoredState& stored, const std::string& state_topic, uint32_t observations_partitions,
                    uint64_t hash_key_mark) {
  const uint32_t partitions = stored.observations_partitions;
  if (partitions != 0 && observations_partitions != 0 && partitions != observations_partitions) {
    return fail(ErrorCode::kUnsupported, "kafka",
                "the state in " + state_topic + " is of " + std::to_string(partitions) +
                    " partitions of observations, but there are " + std::to_string(observations_partitions) +
                    ": clients would be elsewhere than their state. weir state move takes the state "
                    "to new topics of another number (docs/upgrades.md)");
  }
  if (stored.hash_key_mark != 0 && hash_key_mark != 0 && stored.hash_key_mark != hash_key_mark) {
    return fail(
        ErrorCode::kUnsupported, "kafka",
        "the state in " + state_topic +
            " was made with another hash_key: clients would be elsewhere than their state. Give weir the key from "
            "before again; if it must change, docs/upgrades.md says how and what is lost");
  }
  return {};
}

bool StateCollector::Version::whole() const {
  return std::all_of(has.begin(), has.end(), [](bool there) { return there; });
}

void StateCollector::add(int64_t position, std::string_view value, uint64_t hash_key_mark) {
  const auto record = decode_state_record(value);
  if (!record) {
    ++state_.bad_records;
    return;
  }
  if (position > newest_position_) {
    newest_position_ = position;
    state_.observations_partitions = record->observations_partitions;
    state_.hash_key_mark = hash_key_mark;
  }
  if (record->kind == StateRecord::Kind::kChunk) {
    if (record->offset <= committed_) add_chunk(position, *record);
  } else if (position > genesis_position_) {
    genesis_position_ = position;
    state_.genesis = record->offset;
  }
}

void StateCollector::add_chunk(int64_t position, const StateRecord& record) {
  if (state_.chunk_count == 0 || position == newest_position_) state_.chunk_count = record.chunk_count;
  auto& versions = versions_[record.chunk];
  auto version = std::find_if(versions.begin(), versions.end(), [&](const Version& item) {
    return item.offset == record.offset && item.parts.size() == record.parts && !item.has[record.part];
  });
  if (version == versions.end()) {
    versions.push_back(
        {record.offset, position, std::vector<std::string>(record.parts), std::vector<bool>(record.parts)});
    version = std::prev(versions.end());
  }
  version->parts[record.part] = record.bytes;
  version->has[record.part] = true;
  if (!version->whole()) return;
  // What is older in both respects is of no use any more.
  const int64_t offset = version->offset;
  const int64_t at = version->position;
  std::erase_if(versions, [&](const Version& item) { return item.offset <= offset && item.position < at; });
}

const StateCollector::Version* StateCollector::best(const std::vector<Version>& versions) const {
  const Version* best = nullptr;
  for (const Version& version : versions) {
    if (!version.whole() || version.position < genesis_position_) continue;
    if (best == nullptr || std::pair(version.offset, version.position) > std::pair(best->offset, best->position))
      best = &version;
  }
  return best;
}

bool StateCollector::enough() const {
  if (genesis_position_ >= 0) return true;
  if (state_.chunk_count == 0 || versions_.size() < state_.chunk_count) return false;
  return std::all_of(versions_.begin(), versions_.end(),
                     [&](const auto& item) { return best(item.second) != nullptr; });
}

StoredState StateCollector::take() {
  for (auto& [chunk, versions] : versions_) {
    const Version* found = best(versions);
    if (found == nullptr || chunk >= state_.chunk_count) continue;
    StoredState::Chunk& kept = state_.chunks[chunk];
    kept.offset = found->offset;
    for (const std::string& part : found->parts)
      kept.bytes += part;
    versions.clear();
  }
  return std::move(state_);
}

namespace {

/// Chunks that are missing: empty at the beginning of the state if its observations are still there, else lost.
void add_missing(const StoredState& stored, uint32_t chunk_count, int64_t from, RestorePlan& plan) {
  for (uint32_t number = 0; number < chunk_count; ++number) {
    if (!stored.chunks.contains(number)) plan.chunks.push_back({number, from, {}});
  }
}

}  // namespace

RestorePlan plan_restore(StoredState stored, int64_t committed, int64_t low, uint32_t chunk_count) {
  RestorePlan plan;
  plan.start = committed;
  if (committed == PartitionOffset::kUnknown) return plan;
  plan.foreign = stored.chunk_count != 0 && stored.chunk_count != chunk_count;
  if (plan.foreign) return plan;
  const bool begun = stored.genesis != PartitionOffset::kUnknown && stored.genesis <= committed;
  const bool all = stored.chunks.size() == chunk_count;
  const size_t missing = chunk_count - stored.chunks.size();
  if (!begun && stored.chunks.empty()) return plan;
  // Without a beginning on record the chunks' own word counts.
  plan.genesis = begun ? stored.genesis : 0;

  const auto lost = [&](int64_t offset) {
    return low != PartitionOffset::kUnknown && offset < std::min(low, committed);
  };
  // The first place from which everything can be read again.
  int64_t from = committed;
  for (const auto& [number, chunk] : stored.chunks) {
    if (!lost(chunk.offset)) from = std::min(from, chunk.offset);
  }
  const bool from_genesis = !all && begun && !lost(stored.genesis);
  if (from_genesis) from = std::min(from, stored.genesis);
  if (stored.chunks.empty() && from_genesis) {
    plan.start = from;  // nothing but the beginning
    return plan;
  }
  if (stored.chunks.empty()) {
    plan.chunks_lost = chunk_count;
    plan.genesis = PartitionOffset::kUnknown;
    return plan;
  }
  if (!from_genesis) plan.chunks_lost += missing;
  add_missing(stored, chunk_count, from, plan);
  for (auto& [number, chunk] : stored.chunks) {
    if (lost(chunk.offset)) {
      ++plan.chunks_lost;
      plan.chunks.push_back({number, from, {}});
    } else {
      plan.chunks.push_back({number, chunk.offset, std::move(chunk.bytes)});
    }
  }
  std::stable_sort(plan.chunks.begin(), plan.chunks.end(),
                   [](const auto& a, const auto& b) { return a.offset < b.offset; });
  plan.start = from;
  return plan;
}

}  // namespace weir
