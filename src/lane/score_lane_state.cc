#include <algorithm>
#include <chrono>
#include <utility>

#include "base/crash_point.h"
#include "base/memory/heap.h"
#include "lane/pause.h"
#include "lane/score_lane.h"

// The part of the score stage that stores the clients' state and puts it back where a partition comes.

namespace weir {
namespace {

constexpr Milliseconds kStateTriesPause{500};  // between two tries to read the state topic

}  // namespace

// --- snapshots

/// Saves the chunks that are due, for the next transaction. Called when nothing is uncommitted.
void ScoreWork::take_snapshots() {
  if (store_ == nullptr) return;
  const Milliseconds now = options_.now();
  for (const auto& state : states_) {
    while (snapshot_bytes_ < kSnapshotBytesMax && state->snapshot_due(now, options_.snapshot_round)) {
      const uint32_t chunk = state->take_chunk();
      if (!state->chunk_current(chunk)) save_chunk(*state, chunk);
    }
  }
  if (!saving_.empty()) {
    WEIR_CRASH_POINT("score", "snapshot");
  }
}

void ScoreWork::save_chunk(PartitionState& state, uint32_t chunk) {
  chunk_.clear();
  state.scorer().save(chunk, chunk_);
  StateRecord record;
  record.partition = state.partition();
  record.observations_partitions = options_.observations_partitions;
  record.offset = state.next_offset();
  record.chunk = chunk;
  record.chunk_count = state.scorer().chunk_count();
  for_each_part(record, chunk_, [this](const StateRecord& part) {
    retain_state(part);
    snapshot_bytes_ += retained_.back().value.size();
  });
  saving_.push_back({state.partition(), chunk, state.next_offset()});
}

void ScoreWork::retain_state(const StateRecord& record) {
  RetainedMessage message{
      options_.state_topic, state_record_key(record, options_.group), encode_state_record(record), {}, 0,
      record.partition};
  if (options_.hash_key_mark != 0)
    message.headers.emplace_back(kHashKeyHeader, hash_key_header(options_.hash_key_mark));
  retained_.push_back(std::move(message));
}

/// With the first observation's transaction: the state begins here.
void ScoreWork::retain_genesis(PartitionState& state, int64_t offset) {
  state.genesis_written();
  if (store_ == nullptr) return;
  StateRecord record;
  record.kind = StateRecord::Kind::kGenesis;
  record.partition = state.partition();
  record.observations_partitions = options_.observations_partitions;
  record.offset = state.next_offset() == PartitionOffset::kUnknown ? offset : state.next_offset();
  retain_state(record);
}

// --- state

PartitionState& ScoreWork::state_of(int32_t partition) {
  for (const auto& state : states_) {
    if (state->partition() == partition) return *state;
  }
  states_.push_back(std::make_unique<PartitionState>(partition, options_.score, options_.topics));
  return *states_.back();
}

Status ScoreWork::on_assigned(std::span<AssignedPartition> partitions, Patience& patience) {
  tick();  // counts what the states that go have done
  damaged_.clear();
  for (const AssignedPartition& partition : partitions)
    assigned_.insert(partition.partition);
  std::erase_if(states_, [&](const std::unique_ptr<PartitionState>& state) {
    const auto same = [&](const AssignedPartition& partition) {
      return partition.partition == state->partition() && partition.committed == state->next_offset() &&
             partition.committed != PartitionOffset::kUnknown && !state->restoring();
    };
    return std::none_of(partitions.begin(), partitions.end(), same);
  });
  std::vector<AssignedPartition*> cold;
  for (AssignedPartition& partition : partitions) {
    const auto warm = [&](const auto& state) { return state->partition() == partition.partition; };
    if (std::none_of(states_.begin(), states_.end(), warm)) cold.push_back(&partition);
  }
  const Status status = restore(cold, patience);
  // States have gone, and with them what carried the new ones.
  give_back_free_memory();
  if (status) tick();
  return status;
}

/// Reads the stored states of partitions and decides from where their observations are read, so that each state is complete at the
/// committed offset.
Status ScoreWork::restore(std::span<AssignedPartition*> partitions, Patience& patience) {
  std::vector<AssignedPartition*> stored_ones;
  for (AssignedPartition* partition : partitions) {
    if (store_ != nullptr && partition->committed != PartitionOffset::kUnknown)
      stored_ones.push_back(partition);
    else
      state_of(partition->partition).advance(partition->committed);
  }
  if (stored_ones.empty()) return {};
  const auto start = std::chrono::steady_clock::now();
  auto stored = read_states(stored_ones, patience);
  if (!stored) return patience.may_wait() ? Status(tl::unexpected(stored.error())) : Status();
  WEIR_CRASH_POINT("score", "restore");
  for (size_t i = 0; i < stored_ones.size(); ++i) {
    if (Status status = restore_from(*stored_ones[i], std::move((*stored)[i])); !status) return status;
  }
  const auto spent = std::chrono::steady_clock::now() - start;
  counters_.restore_ms.add(static_cast<uint64_t>(std::chrono::duration_cast<Milliseconds>(spent).count()));
  return {};
}

Status ScoreWork::restore_from(AssignedPartition& partition, StoredState stored) {
  if (Status status =
          check_layout(stored, options_.state_topic, options_.observations_partitions, options_.hash_key_mark);
      !status)
    return status;
  if (const auto damaged = damaged_.find(partition.partition); damaged != damaged_.end()) {
    for (const uint32_t chunk : damaged->second)
      stored.chunks.erase(chunk);
    stored.genesis = PartitionOffset::kUnknown;  // what is damaged starts afresh, without reading everything again
    damaged_.erase(damaged);
  }
  counters_.chunks_damaged.add(stored.bad_records);
  PartitionState& state = state_of(partition.partition);
  RestorePlan plan = plan_restore(std::move(stored), partition.committed, partition.low, state.scorer().chunk_count());
  report_restore(partition, plan);
  partition.start = plan.start;
  state.begin_restore(std::move(plan), partition.committed);
  counters_.restores.add();
  if (state.restoring() && state.next_offset() >= state.committed() && load_due(state, state.committed()))
    finish_restore(state);
  return {};
}

Result<std::vector<StoredState>> ScoreWork::read_states(std::span<AssignedPartition*> partitions, Patience& patience) {
  std::vector<StateStore::Request> requests;
  for (const AssignedPartition* partition : partitions)
    requests.push_back({partition->partition, partition->committed});
  const uint32_t chunk_count = state_of(requests.front().partition).scorer().chunk_count();
  bool said = false;
  while (true) {
    auto stored = store_->read(requests, chunk_count, patience);
    if (stored || !patience.may_wait()) return stored;
    if (!std::exchange(said, true))
      log_(LogLevel::kError, "kafka: the state of the clients cannot be read, trying again: " + stored.error().detail);
    pause(kStateTriesPause, patience);
  }
}

void ScoreWork::report_restore(const AssignedPartition& partition, const RestorePlan& plan) {
  const std::string name = options_.observations_topic + "/" + std::to_string(partition.partition);
  counters_.chunks_lost.add(plan.chunks_lost);
  if (plan.foreign && !std::exchange(said_foreign_, true)) {
    log_(LogLevel::kError,
         "kafka: the stored state of " + name + " was made with another score.clients_max; its clients start afresh");
  }
  if (plan.chunks_lost > 0) {
    log_(LogLevel::kError, "kafka: observations of " + name + " that the state of " + std::to_string(plan.chunks_lost) +
                               " chunks needs were removed by retention; their clients start afresh. Raise "
                               "retention.ms of " +
                               options_.observations_topic);
  }
  if (plan.start == partition.committed && plan.chunks.empty()) return;
  log_(LogLevel::kInfo, "kafka: restoring the state of " + name + " from offset " + std::to_string(plan.start) +
                            " up to " + std::to_string(partition.committed));
}

/// Puts back what belongs before `offset`. False: a chunk could not be loaded and the restore must begin again.
bool ScoreWork::load_due(PartitionState& state, int64_t offset) {
  const Status status = state.load_until(offset);
  if (status) return true;
  counters_.chunks_damaged.add();
  const bool one_chunk = status.error().code == ErrorCode::kParse;
  log_(LogLevel::kError, "kafka: stored state of partition " + std::to_string(state.partition()) + " cannot be used, " +
                             (one_chunk ? "one chunk of clients starts afresh: " : "its clients start afresh: ") +
                             status.error().to_string());
  auto& damaged = damaged_[state.partition()];
  if (one_chunk) {
    damaged.insert(state.failed_chunk());
  } else {
    for (uint32_t chunk = 0; chunk < state.scorer().chunk_count(); ++chunk)
      damaged.insert(chunk);
  }
  return false;
}

void ScoreWork::finish_restore(PartitionState& state) {
  state.finish_restore();
  log_(LogLevel::kInfo,
       "kafka: the state of " + options_.observations_topic + "/" + std::to_string(state.partition()) + " is restored");
  give_back_free_memory();  // of what carried it
}

/// Restores partitions of which something could not be loaded once more, without that.
void ScoreWork::begin_again(RecordSource& source, Patience& patience) {
  std::vector<AssignedPartition> again;
  std::vector<AssignedPartition*> pointers;
  for (const auto& [partition, chunks] : damaged_) {
    const int64_t committed = state_of(partition).committed();
    std::erase_if(states_, [&](const auto& state) { return state->partition() == partition; });
    again.push_back({0, partition, committed, committed});
  }
  for (AssignedPartition& assigned_partition : again)
    pointers.push_back(&assigned_partition);
  Status status = restore(pointers, patience);
  for (const AssignedPartition& assigned_partition : again) {
    if (status) status = source.seek({0, assigned_partition.partition, assigned_partition.start});
  }
  if (!status) log_(LogLevel::kError, "kafka: " + status.error().to_string());
}

bool ScoreWork::restoring(RecordSource& source, Patience& patience) {
  if (!damaged_.empty()) begin_again(source, patience);
  bool any = false;
  for (const auto& state : states_) {
    if (!state->restoring()) continue;
    // The last offsets before the committed one may hold no record.
    if (source.exhausted(state->partition(), state->committed()) && load_due(*state, state->committed()))
      finish_restore(*state);
    any = any || state->restoring();
  }
  return any || !damaged_.empty();
}

void ScoreWork::on_revoked(bool) {
  assigned_.clear();
  // Not stored or not committed: whoever gets the partition raises these alerts again. The states stay until the next
  // assignment says at which offsets it goes on.
  forget_output();
  damaged_.clear();
}

std::optional<uint64_t> ScoreWork::digest(int32_t partition, int64_t next_offset) const {
  for (const auto& state : states_) {
    if (state->partition() == partition && state->next_offset() == next_offset && !state->restoring())
      return state->scorer().digest();
  }
  return std::nullopt;
}

WholeState ScoreWork::whole_state(int32_t partition) const {
  WholeState whole;
  for (const auto& state : states_) {
    if (state->partition() != partition || state->restoring() || state->next_offset() == PartitionOffset::kUnknown)
      continue;
    whole.times = state->scorer().times();
    whole.waiting = state->scorer().statistics().waiting;
    whole.chunks.resize(state->scorer().chunk_count());
    for (uint32_t chunk = 0; chunk < whole.chunks.size(); ++chunk)
      state->scorer().save(chunk, whole.chunks[chunk]);
  }
  return whole;
}

/// A source that holds the clock no longer although it was not read to its end: what it still brings may be late.
void ScoreWork::report_stuck_sources() {
  std::set<std::pair<uint16_t, int32_t>> found;
  for (const auto& state : states_) {
    const SourceTimes& times = state->scorer().sources();
    if (state->restoring()) continue;
    for (const SourceTimes::Source& source : times.sources()) {
      if (times.is_stuck(source)) found.emplace(source.report.topic, source.report.partition);
    }
  }
  for (const auto& [topic, partition] : found) {
    if (stuck_.contains({topic, partition})) continue;
    const std::string name(options_.topics.name(topic));
    log_(LogLevel::kError,
         "kafka: " + name + "/" + std::to_string(partition) +
             " is not read to its end and gets on with "
             "nothing for " +
             std::to_string(SourceTimes::kHeldMax.count() / 1'000) +
             " s: the clock of the observations goes on without it, and what it still brings may be late");
    kafka_counters_.sources_stuck_total.add();
  }
  stuck_ = std::move(found);
  kafka_counters_.sources_stuck.set(stuck_.size());
}

/// Once for as long as it goes on.
void ScoreWork::report_early(int32_t partition, uint64_t early) {
  if (early == 0) {
    early_.erase(partition);
  } else if (early_.insert(partition).second) {
    log_(LogLevel::kWarning,
         "kafka: more waits to be scored in " + options_.observations_topic + "/" + std::to_string(partition) +
             " than score.waiting_bytes_max has room for: the oldest are scored before their turn, and "
             "alerts may depend on the order of arrival");
  }
}

}  // namespace weir
