#include "app/replay/state_start.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "app/terminal/terminal.h"
#include "kafka/groups/committed_offsets.h"
#include "kafka/ranges/range_reader.h"
#include "kafka/state_reader.h"
#include "lane/block_scoring.h"
#include "lane/detect_lane.h"
#include "lane/state/partition_state.h"
#include "lane/topic_header.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kBlocksAtOnce = 256;
constexpr Milliseconds kFillWait{20};
/// Without a block and with a reason that is known.
constexpr std::chrono::seconds kStateSilenceMax{60};
constexpr const char* kInstead =
    "; judge what was written before as well instead: --from with a time and --warm-up (docs/replay.md)";

Error without_state(ErrorCode code, const std::string& why) {
  return Error{code, "--from-state", why + kInstead};
}

/// The state of one partition of the observations on its way to the beginning of the replay.
struct Restored {
  explicit Restored(int32_t partition, const ScoreOptions& score, const TopicTable& topics)
      : state(partition, score, topics) {}
  PartitionState state;
  int64_t committed = PartitionOffset::kUnknown;
  PartitionRange blocks;    ///< to be read; of the observations topic
  bool is_behind = false;   ///< blocks come that hold records of the replay
  uint64_t read_again = 0;  ///< observations
};

class StateRestore {
 public:
  StateRestore(const Config& config, ReplayOptions& options, Patience& patience)
      : config_(config),
        options_(options),
        patience_(patience),
        topic_(config.kafka.topics.observations),
        header_(options.topics) {}

  Result<StateStart> run();

 private:
  Status find_committed();
  Status begin_ranges();
  Status find_ends(TopicRanges& brokers);
  Status plan(TopicRanges& brokers);
  Status begin_partition(Restored& restored, StoredState stored, int64_t low);
  Status read_blocks();
  Status take(Restored& restored, const InputRecord& record);
  void drop_records_of_the_replay(Restored& restored);
  [[nodiscard]] bool is_of_the_replay(const RecordCoordinates& at) const;
  Status load_until(Restored& restored, int64_t offset);

  const Config& config_;
  ReplayOptions& options_;
  Patience& patience_;
  const std::string topic_;
  TopicHeaderReader header_;
  std::vector<std::unique_ptr<Restored>> partitions_;
  std::map<std::pair<uint16_t, int32_t>, int64_t> begins_;  // of the replay, by topic and partition of the requests
  ObservationBlock block_;
  std::vector<Alert> muted_;
  StateStart start_;
};

Result<StateStart> StateRestore::run() {
  if (config_.kafka.topics.state.empty())
    return tl::unexpected(without_state(ErrorCode::kNotFound, "kafka.topics.state is empty: no state is stored"));
  if (config_.delivery == Delivery::kAtLeastOnce) {
    start_.doubts.emplace_back(
        "delivery is at_least_once: records whose offsets were not committed yet may be in the state already");
  }
  for (int32_t i = 0; i < options_.observations_partitions; ++i)
    partitions_.push_back(std::make_unique<Restored>(i, options_.score, options_.topics));
  // In this order: what the score group has committed is of records that the detect group had committed before, and what of these is
  // not scored yet stands before the ends that are found last.
  if (Status status = find_committed(); !status) return tl::unexpected(status.error());
  if (Status status = begin_ranges(); !status) return tl::unexpected(status.error());
  auto brokers = TopicRanges::connect(options_.client);
  if (!brokers) return tl::unexpected(brokers.error());
  if (Status status = find_ends(**brokers); !status) return tl::unexpected(status.error());
  if (Status status = plan(**brokers); !status) return tl::unexpected(status.error());
  if (Status status = read_blocks(); !status) return tl::unexpected(status.error());
  uint64_t clients = 0, read_again = 0;
  for (const auto& restored : partitions_) {
    clients += restored->state.scorer().statistics().clients;
    read_again += restored->read_again;
    options_.scorers.push_back(std::make_unique<Scorer>(std::move(restored->state.scorer())));
  }
  start_.found = "the daemons' state of " + with_separators(clients) + " clients in " +
                 std::to_string(partitions_.size()) + " partitions of " + topic_ + ", " + with_separators(read_again) +
                 " observations of it read again";
  return std::move(start_);
}

/// Where the score group stands.
Status StateRestore::find_committed() {
  std::vector<PartitionOffset> wanted;
  for (const auto& restored : partitions_)
    wanted.push_back({0, restored->state.partition(), 0});
  const std::string group = config_.kafka.group_id + "-score";
  const auto committed = committed_offsets(options_.client, group, {topic_}, wanted, patience_);
  if (!committed) return tl::unexpected(committed.error());
  for (size_t i = 0; i < partitions_.size(); ++i)
    partitions_[i]->committed = (*committed)[i];
  const bool is_any = std::any_of(committed->begin(), committed->end(),
                                  [](int64_t offset) { return offset != PartitionOffset::kUnknown; });
  if (is_any) return {};
  return tl::unexpected(
      without_state(ErrorCode::kNotFound, "the group " + group + " has committed nothing of " + topic_));
}

/// Where the detect group stands the replay begins.
Status StateRestore::begin_ranges() {
  std::vector<PartitionOffset> wanted;
  for (const PartitionRange& range : options_.ranges)
    wanted.push_back({range.topic, range.partition, 0});
  const std::string group = config_.kafka.group_id + "-detect";
  const auto committed = committed_offsets(options_.client, group, options_.topics, wanted, patience_);
  if (!committed) return tl::unexpected(committed.error());
  for (size_t i = 0; i < wanted.size(); ++i) {
    PartitionRange& range = options_.ranges[i];
    const int64_t offset = std::max<int64_t>((*committed)[i], 0);
    begins_[{range.topic, range.partition}] = offset;
    if ((*committed)[i] != PartitionOffset::kUnknown && offset < range.begin) {
      start_.doubts.push_back("retention has removed records of " + options_.topics[range.topic] + "/" +
                              std::to_string(range.partition) + " that the daemons have not read");
    }
    range.lead = range.begin = std::max(range.begin, offset);
    range.end = std::max(range.end, range.begin);
  }
  return {};
}

Status StateRestore::find_ends(TopicRanges& brokers) {
  for (const auto& restored : partitions_) {
    const auto end = brokers.decided_end(topic_, restored->state.partition(), patience_);
    if (!end) return tl::unexpected(end.error());
    restored->blocks.end = *end;
  }
  return {};
}

Status StateRestore::plan(TopicRanges& brokers) {
  std::vector<StateStore::Request> requests;
  for (const auto& restored : partitions_)
    if (restored->committed != PartitionOffset::kUnknown)
      requests.push_back({restored->state.partition(), restored->committed});
  StateReader reader(options_.client, config_.kafka.topics.state);
  auto stored = reader.read(requests, partitions_.front()->state.scorer().chunk_count(), patience_);
  if (!stored) return tl::unexpected(stored.error());
  auto next = stored->begin();
  for (const auto& restored : partitions_) {
    const auto bounds = brokers.bounds(topic_, restored->state.partition());
    if (!bounds) return tl::unexpected(bounds.error());
    const bool is_stored = restored->committed != PartitionOffset::kUnknown;
    if (Status status = begin_partition(*restored, is_stored ? std::move(*next++) : StoredState(), bounds->low);
        !status)
      return status;
  }
  return {};
}

Status StateRestore::begin_partition(Restored& restored, StoredState stored, int64_t low) {
  const int32_t partition = restored.state.partition();
  const std::string name = topic_ + "/" + std::to_string(partition);
  restored.blocks.partition = partition;
  int64_t start = low;
  if (restored.committed != PartitionOffset::kUnknown) {
    if (Status fits =
            check_layout(stored, config_.kafka.topics.state, static_cast<uint32_t>(options_.observations_partitions),
                         mark_of_hash_key(options_.analyzer.hash_key));
        !fits)
      return fits;
    auto plan = plan_restore(std::move(stored), restored.committed, low, restored.state.scorer().chunk_count());
    if (plan.foreign)
      return tl::unexpected(
          without_state(ErrorCode::kUnsupported, "the state of " + name + " was made with another score.clients_max"));
    if (plan.genesis == PartitionOffset::kUnknown && plan.chunks.empty())
      return tl::unexpected(
          without_state(ErrorCode::kNotFound, config_.kafka.topics.state + " has no state of " + name));
    if (plan.chunks_lost > 0) {
      start_.doubts.push_back("observations of " + name + " that the state of " + std::to_string(plan.chunks_lost) +
                              " chunks of clients needs are gone; these clients start afresh");
    }
    start = plan.start;
    restored.state.begin_restore(std::move(plan), restored.committed);
  }
  restored.blocks.lead = restored.blocks.begin = start;
  restored.blocks.end = std::max(restored.blocks.end, start);
  return {};
}

Status StateRestore::read_blocks() {
  std::vector<PartitionRange> ranges;
  for (const auto& restored : partitions_)
    ranges.push_back(restored->blocks);
  auto opened = RangeReader::open(options_.client, {topic_}, ranges);
  if (!opened) return tl::unexpected(opened.error());
  RangeReader& reader = **opened;
  std::vector<bool> finished(ranges.size(), false);
  auto heard = Clock::now();
  while (std::find(finished.begin(), finished.end(), false) != finished.end()) {
    if (!patience_.may_wait()) return fail(ErrorCode::kKafka, "kafka", "interrupted while the state was read");
    for (size_t i = 0; i < ranges.size(); ++i) {
      if (finished[i]) continue;
      const auto filled = reader.fill(i, kBlocksAtOnce, kFillWait);
      if (!filled) return tl::unexpected(filled.error());
      for (const InputRecord& record : reader.batch(i))
        if (Status status = take(*partitions_[i], record); !status) return status;
      if (!reader.batch(i).empty()) heard = Clock::now();
      reader.release(i);
      finished[i] = reader.is_finished(i);
    }
    if (const std::string problem = reader.problem(); Clock::now() - heard > kStateSilenceMax && !problem.empty())
      return fail(ErrorCode::kKafka, "kafka", "nothing could be read for a minute: " + problem);
  }
  for (const auto& restored : partitions_) {
    if (Status status = load_until(*restored, restored->blocks.end); !status) return status;
    if (restored->state.restoring()) restored->state.finish_restore();
  }
  return {};
}

Status StateRestore::load_until(Restored& restored, int64_t offset) {
  if (!restored.state.restoring()) return {};
  const Status status = restored.state.load_until(offset);
  if (status) return {};
  return tl::unexpected(without_state(ErrorCode::kUnsupported, "the stored state of " + topic_ + "/" +
                                                                   std::to_string(restored.state.partition()) +
                                                                   " cannot be used: " + status.error().to_string()));
}

/// As the daemons do, but for records that the replay judges itself.
Status StateRestore::take(Restored& restored, const InputRecord& record) {
  if (Status status = load_until(restored, record.offset); !status) return status;
  const std::string_view group = RangeReader::header(record, kGroupHeader);
  if (!group.empty() && group != config_.kafka.group_id) return {};
  if (!decode_block(record.payload, block_)) return {};  // the daemons report it
  header_.translate(RangeReader::header(record, kTopicsHeader), block_);
  drop_records_of_the_replay(restored);
  restored.read_again += block_.observations.size();
  muted_.clear();
  score(block_, record.append_time, restored.state.scorer(), muted_);
  static_cast<void>(restored.state.scorer().take_decisions());
  return {};
}

/// Blocks behind the first of these may hold records from before the replay still, of other lanes. What they say besides of sources and by
/// orders belongs to later records.
void StateRestore::drop_records_of_the_replay(Restored& restored) {
  const auto drop = [this, &restored](auto& items) {
    const size_t dropped = std::erase_if(items, [this](const auto& item) { return is_of_the_replay(item.at); });
    restored.is_behind = restored.is_behind || dropped > 0;
  };
  drop(block_.observations);
  drop(block_.correlations.events);
  if (!restored.is_behind) return;
  block_.sources.clear();
  block_.orders.clear();
}

bool StateRestore::is_of_the_replay(const RecordCoordinates& at) const {
  const auto begin = begins_.find({at.topic, at.partition});
  return begin != begins_.end() && at.offset >= begin->second;
}

}  // namespace

Result<StateStart> begin_at_state(const Config& config, ReplayOptions& options, Patience& patience) {
  return StateRestore(config, options, patience).run();
}

}  // namespace weir
