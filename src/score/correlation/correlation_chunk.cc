// Correlator::save and load: a chunk of the correlations' state in a compact, versioned binary form (docs/state-chunk.md).

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "base/assert.h"
#include "base/binary_format.h"
#include "score/correlation/correlator.h"
#include "score/saved_client.h"
#include "score/saved_record.h"

namespace weir {
namespace {

// The layout is described in docs/state-chunk.md; change both together and raise the version.
constexpr uint8_t kVersion = 1;
constexpr size_t kDefinitionsMax = 20'000;
constexpr uint16_t kNoTopic = TopicTable::kNoTopic;

enum Presence : uint8_t {
  kTouched = 1 << 0,
  kWindowOpen = 1 << 1,
  kWasJudged = 1 << 2,
  kWasFed = 1 << 3,
  kEpisodeOpen = 1 << 4,
};

tl::unexpected<Error> bad_chunk(std::string detail) {
  return fail(ErrorCode::kParse, "score", "correlation chunk: " + std::move(detail));
}

bool read_coordinates(BinaryReader& in, std::span<const uint16_t> topics, RecordCoordinates& at) {
  at = read_coordinates(in);
  if (at.topic == kNoTopic) return in.ok();
  if (at.topic >= topics.size()) return false;
  // A topic that is no longer configured has no name in alerts; the state is good all the same.
  at.topic = topics[at.topic] == kNoTopic ? uint16_t{0} : topics[at.topic];
  return in.ok();
}

bool read_time(BinaryReader& in, int64_t& time) {
  time = in.signed_number<int64_t>();
  return in.ok() && is_plausible_time(time);
}

void write_window(BinaryWriter& out, const CorrelationWindow& window, int64_t newest_ms, CorrelationType type) {
  out.varint(window.size());
  // A percentile's samples hold classes in place of times, an order's none where a step has not been reached.
  const bool is_relative = type != CorrelationType::kValuePercentile && type != CorrelationType::kTemporalOrdered;
  for (const auto* sample = window.begin(); sample != window.end(); ++sample) {
    out.zigzag(is_relative ? newest_ms - sample->time_ms : sample->time_ms);
    out.varint(sample->value);
  }
  out.varint(window.records());
  out.fixed64(std::bit_cast<uint64_t>(window.sum()));
}

bool read_window(BinaryReader& in, int64_t newest_ms, CorrelationType type, CorrelationWindow& window) {
  const auto count = in.number<uint32_t>();
  if (count > in.left()) return false;
  const bool is_relative = type != CorrelationType::kValuePercentile && type != CorrelationType::kTemporalOrdered;
  std::vector<CorrelationWindow::Sample> samples;
  samples.reserve(count);
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    auto time_ms = in.signed_number<int64_t>();
    if (!is_plausible_time(time_ms) && !(time_ms == kNoTime && !is_relative)) return false;
    samples.push_back({is_relative ? newest_ms - time_ms : time_ms, in.varint()});
  }
  const uint64_t records = in.varint();
  const auto sum = std::bit_cast<double>(in.fixed64());
  window = CorrelationWindow::restored(samples, records, sum);
  return in.ok();
}

void write_episode(BinaryWriter& out, const CorrelationEpisode& episode) {
  write_coordinates(out, episode.first);
  for (const int64_t time : {episode.first_seen_ms, episode.last_seen_ms, episode.clock_ms, episode.alerted_ms})
    out.zigzag(time);
  out.varint(episode.count);
  out.fixed64(std::bit_cast<uint64_t>(episode.value));
}

bool read_episode(BinaryReader& in, std::span<const uint16_t> topics, const std::vector<uint64_t>& update_counts,
                  CorrelationEpisode& episode) {
  if (!read_coordinates(in, topics, episode.first)) return false;
  for (int64_t* time : {&episode.first_seen_ms, &episode.last_seen_ms, &episode.clock_ms, &episode.alerted_ms})
    if (!read_time(in, *time)) return false;
  episode.count = in.varint();
  episode.value = std::bit_cast<double>(in.fixed64());
  const auto next = std::upper_bound(update_counts.begin(), update_counts.end(), episode.count);
  episode.next_update = static_cast<uint32_t>(next - update_counts.begin());
  return in.ok() && episode.count > 0;
}

/// What the table knows of a group.
struct GroupPlace {
  uint64_t sequence = 0;
  bool touched = false;
};

void write_group(BinaryWriter& out, const CorrelationGroup& group, const GroupPlace& place) {
  out.byte(static_cast<uint8_t>((place.touched ? kTouched : 0) | (group.begin_ms != kNoTime ? kWindowOpen : 0) |
                                (group.judged_until_ms != kNoTime ? kWasJudged : 0) |
                                (group.fed_ms != kNoTime ? kWasFed : 0) | (group.episode ? kEpisodeOpen : 0)));
  out.fixed64(group.hash);
  out.text(group.text);
  out.varint(place.sequence);
  out.zigzag(group.newest_ms);
  out.zigzag(group.clock_ms);
  if (group.begin_ms != kNoTime) {
    out.zigzag(group.begin_ms);
    out.zigzag(group.begin_clock_ms);
  }
  if (group.judged_until_ms != kNoTime) out.zigzag(group.judged_until_ms);
  if (group.fed_ms != kNoTime) out.zigzag(group.fed_ms);
  write_coordinates(out, group.last.at);
  out.zigzag(group.last.time_ms);
  write_address(out, group.last.address);
  out.byte(static_cast<uint8_t>(group.last.client_kind));
  write_window(out, group.window, group.newest_ms, group.definition->type);
  if (group.episode) write_episode(out, *group.episode);
}

bool read_last(BinaryReader& in, std::span<const uint16_t> topics, CorrelationLast& last) {
  if (!read_coordinates(in, topics, last.at) || !read_time(in, last.time_ms)) return false;
  last.address = read_address(in);
  last.client_kind = in.enumerator<ClientKind>(static_cast<unsigned>(ClientKind::kAddress) + 1);
  return in.ok();
}

bool read_group(BinaryReader& in, std::span<const uint16_t> topics, const std::vector<uint64_t>& update_counts,
                CorrelationType type, CorrelationGroup& group, GroupPlace& place) {
  const uint8_t presence = in.byte();
  place.touched = (presence & kTouched) != 0;
  group.hash = in.fixed64();
  group.text = in.text();
  place.sequence = in.varint();
  if (!read_time(in, group.newest_ms) || !read_time(in, group.clock_ms)) return false;
  if ((presence & kWindowOpen) != 0 && !(read_time(in, group.begin_ms) && read_time(in, group.begin_clock_ms)))
    return false;
  if ((presence & kWasJudged) != 0 && !read_time(in, group.judged_until_ms)) return false;
  if ((presence & kWasFed) != 0 && !read_time(in, group.fed_ms)) return false;
  if (!read_last(in, topics, group.last)) return false;
  if (!read_window(in, group.newest_ms, type, group.window)) return false;
  if ((presence & kEpisodeOpen) == 0) return place.sequence != 0;
  group.episode = std::make_unique<CorrelationEpisode>();
  return read_episode(in, topics, update_counts, *group.episode) && place.sequence != 0;
}

/// The clock with what the observations had made of the time.
bool read_times(BinaryReader& in, CorrelationTimes& times) {
  if (in.enumerator<uint8_t>(2) == 1 && !read_time(in, times.partition_ms)) return false;
  const uint64_t events = in.varint();
  if (events == 0) return in.ok();
  int64_t now_ms = 0, greatest_ms = 0;
  if (!read_time(in, now_ms) || !read_time(in, greatest_ms)) return false;
  times.clock = PartitionClock::restored(events, now_ms, greatest_ms);
  return true;
}

bool read_definitions(BinaryReader& in, std::vector<std::unique_ptr<CorrelationDefinition>>& definitions) {
  const auto count = in.number<uint32_t>();
  if (count > kDefinitionsMax) return false;
  for (uint32_t i = 0; i < count; ++i) {
    auto definition = read_definition(in, definitions);
    if (definition == nullptr) return false;
    definitions.push_back(std::move(definition));
  }
  return in.ok();
}

}  // namespace

void Correlator::save(uint32_t number, std::string& out) const {
  const Chunk& chunk = chunks_[number];
  BinaryWriter writer(out);
  writer.byte(kVersion);
  writer.varint(chunks_.size());
  writer.varint(number);
  writer.byte(partition_ms_ != kNoTime ? 1 : 0);
  if (partition_ms_ != kNoTime) writer.zigzag(partition_ms_);
  writer.varint(clock_.observations());
  if (clock_.observations() != 0) {
    writer.zigzag(clock_.now_ms());
    writer.zigzag(clock_.greatest_ms());
  }
  write_topics(writer, topics_);
  writer.varint(chunk.next_sequence);
  const auto queues = groups_.queues_of(number);
  std::vector<const CorrelationDefinition*> definitions;
  for (const auto& slots : queues)
    append_with_fed(*groups_.at(slots.front()).definition, definitions);
  writer.varint(definitions.size());
  for (const auto* definition : definitions)
    write_definition(writer, *definition);
  writer.varint(queues.size());
  for (const auto& slots : queues) {
    writer.fixed64(groups_.at(slots.front()).definition->hash);
    writer.varint(slots.size());
    for (const GroupSlot slot : slots)
      write_group(writer, groups_.at(slot), {groups_.sequence(slot), groups_.touched(slot)});
  }
}

void Correlator::begin_restore() {
  groups_.clear();
  definitions_.clear();
  free_numbers_.clear();
  results_.clear();
  added_.clear();
  deadlines_ = {};
  clock_ = {};
  partition_ms_ = kNoTime;
  chunks_.assign(chunks_.size(), {.next_sequence = 1, .absent = true});
}

Status Correlator::read_chunk(uint32_t number, std::string_view bytes, SavedChunk& saved) {
  BinaryReader in(bytes);
  const uint8_t version = in.byte();
  if (version == 0) return bad_chunk("version 0");
  if (version != kVersion)
    return fail(ErrorCode::kUnsupported, "score", "correlation chunk: version " + std::to_string(version));
  if (in.number<uint32_t>() != chunks_.size() || in.number<uint32_t>() != number)
    return fail(ErrorCode::kUnsupported, "score", "correlation chunk: of another number");
  if (!read_times(in, saved.times)) return bad_chunk("times");
  std::vector<uint16_t> topics;
  if (!read_topics(in, topics_, topics)) return bad_chunk("topics");
  saved.next_sequence = in.varint();
  std::vector<std::unique_ptr<CorrelationDefinition>> definitions;
  if (!read_definitions(in, definitions)) return bad_chunk("definitions");
  const auto queues = in.number<uint32_t>();
  for (uint32_t i = 0; i < queues; ++i) {
    const uint64_t hash = in.fixed64();
    const auto definition =
        std::find_if(definitions.begin(), definitions.end(), [&](const auto& item) { return item->hash == hash; });
    if (!in.ok() || definition == definitions.end()) return bad_chunk("groups without definition");
    if (!read_queue(in, *keep(**definition), topics, saved.groups)) return bad_chunk("groups");
  }
  if (!in.ok() || in.left() != 0) return bad_chunk("bytes after the end");
  return {};
}

Status Correlator::load(uint32_t number, std::string_view bytes) {
  WEIR_ASSERT(number < chunks_.size() && chunks_[number].absent, "only an absent chunk is put back");
  if (bytes.empty()) {
    chunks_[number].absent = false;
    return {};
  }
  SavedChunk saved;
  if (Status status = read_chunk(number, bytes, saved); !status) return status;
  if (clock_.observations() != 0 && clock_ != saved.times.clock)
    return fail(ErrorCode::kInvalidArgument, "score", "correlation chunk: saved after other events");
  for (SavedGroup& group : saved.groups)
    if (!insert(number, std::move(group))) return bad_chunk("groups");
  clock_ = saved.times.clock;
  partition_ms_ = saved.times.partition_ms;
  chunks_[number].next_sequence = saved.next_sequence;
  chunks_[number].absent = false;
  return {};
}

bool Correlator::read_queue(BinaryReader& in, const Known& definition, std::span<const uint16_t> topics,
                            std::vector<SavedGroup>& groups) const {
  const uint64_t count = in.varint();
  if (count > in.left()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    SavedGroup& saved = groups.emplace_back();
    GroupPlace place;
    if (!read_group(in, topics, episodes_.update_counts, definition.type, saved.group, place)) return false;
    saved.definition = &definition;
    saved.sequence = place.sequence;
    saved.touched = place.touched;
  }
  return true;
}

/// False: it does not belong there, or is there already.
bool Correlator::insert(uint32_t chunk, SavedGroup saved) {
  const Known& definition = *saved.definition;
  if (groups_.chunk_of(saved.group.hash) != chunk ||
      groups_.find(GroupTable::key_of(saved.group.hash, definition)) != kNoGroup)
    return false;
  const GroupSlot slot = groups_.add(definition, definition.number, saved.group.hash, saved.sequence);
  saved.group.definition = &definition;
  saved.group.chunk = chunk;
  CorrelationGroup& group = groups_.at(slot) = std::move(saved.group);
  if (saved.touched) groups_.touch(slot);
  groups_.set_episode_open(slot, group.episode != nullptr);
  groups_.account(slot, group.bytes());
  set_deadline(slot);
  return true;
}

Status Correlator::add(uint32_t number, std::string_view bytes, const HashFilter& has) {
  if (bytes.empty()) return {};
  SavedChunk saved;
  if (Status status = read_chunk(number, bytes, saved); !status) return status;
  for (SavedGroup& group : saved.groups)
    if (has(group.group.hash)) added_.push_back(std::move(group));
  return {};
}

void Correlator::finish_added(uint32_t number, const CorrelationTimes& times) {
  const auto place = [](const SavedGroup& saved) {
    return std::tuple(saved.group.clock_ms, saved.group.hash, saved.definition->hash);
  };
  std::sort(added_.begin(), added_.end(),
            [&](const SavedGroup& a, const SavedGroup& b) { return place(a) < place(b); });
  Chunk& chunk = chunks_[number];
  for (SavedGroup& saved : added_) {
    saved.sequence = chunk.next_sequence;
    if (insert(number, std::move(saved))) ++chunk.next_sequence;
  }
  added_.clear();
  clock_ = times.clock;
  partition_ms_ = times.partition_ms;
  chunk.absent = false;
}

}  // namespace weir
