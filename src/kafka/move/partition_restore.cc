#include "kafka/move/partition_restore.h"

#include <utility>

#include "kafka/ranges/range_source.h"
#include "kafka/state_reader.h"
#include "lane/score_lane.h"

namespace weir {
namespace {

constexpr uint32_t kBatchBlocks = 64;
constexpr Milliseconds kIdle{100};

/// A state that was laid out by another score.clients_max is nothing that a daemon could use, and here it is a mistake: the command was
/// not given the configuration of the daemons.
class CheckedStore : public StateStore {
 public:
  explicit CheckedStore(StateStore& store) : store_(store) {}

  Result<std::vector<StoredState>> read(std::span<const Request> partitions, uint32_t chunk_count,
                                        Patience& patience) override {
    auto states = store_.read(partitions, chunk_count, patience);
    for (size_t i = 0; states && i < states->size(); ++i) {
      const uint32_t stored = (*states)[i].chunk_count;
      if (stored != 0 && stored != chunk_count) is_foreign_ = true;
    }
    return states;
  }
  [[nodiscard]] bool is_foreign() const { return is_foreign_; }

 private:
  StateStore& store_;
  bool is_foreign_ = false;
};

/// A restore says nothing that was said before.
class NoOutput : public OutputTransaction {
 public:
  Status prepare(Patience&) override { return {}; }
  Status begin(Patience&) override { return {}; }
  Status produce(const OutputMessage& message, Patience&) override {
    return fail(ErrorCode::kInternal, "kafka", "a restore wants to write to " + std::string(message.topic));
  }
  CommitOutcome commit(std::span<const PartitionOffset>, Patience&) override { return CommitOutcome::kAborted; }
  void abort(Patience&) override {}
  [[nodiscard]] bool offsets_failed() const override { return false; }
};

ScoreWork::Options work_options(const PartitionRestoreOptions& options) {
  const KafkaTopics& topics = options.client.kafka.topics;
  ScoreWork::Options work;
  work.topics = options.topics;
  work.observations_topic = topics.observations;
  work.alerts_topic = topics.alerts;
  work.dead_letter_topic = topics.dead_letter;
  work.decisions_topic = topics.decisions;
  work.group = options.client.kafka.group_id;
  work.score = options.score;
  work.state_topic = topics.state;
  work.observations_partitions = options.observations_partitions;
  work.hash_key_mark = options.hash_key_mark;
  return work;
}

Status read_again(ScoreWork& work, RangeSource& source, const std::function<void(uint64_t blocks)>& scored,
                  Patience& patience) {
  NoOutput output;
  uint64_t blocks = 0;
  while (work.restoring(source, patience)) {
    if (!patience.may_wait()) return fail(ErrorCode::kKafka, "kafka", "interrupted");
    const auto batch = source.poll(kBatchBlocks, kIdle, {});
    if (Status health = source.health(); !health) return health;
    if (batch.empty()) continue;
    if (Status status = work.process(batch, source, output, patience); !status) return status;
    scored(blocks += batch.size());
  }
  return {};
}

}  // namespace

Result<WholeState> restore_partition(const PartitionRestoreOptions& options, AssignedPartition partition,
                                     RestoreLosses& losses, const std::function<void(uint64_t blocks)>& scored,
                                     Patience& patience) {
  if (partition.committed == PartitionOffset::kUnknown) return WholeState();  // nothing was ever scored of it
  StateReader reader(options.client, options.client.kafka.topics.state);
  CheckedStore store(reader);
  ScoreCounters counters;
  KafkaCounters kafka_counters;
  ScoreWork work(work_options(options), options.client.log, counters, kafka_counters, &store);
  partition.topic = 0;
  partition.start = partition.committed;
  if (Status status = work.on_assigned({&partition, 1}, patience); !status) return tl::unexpected(status.error());
  if (store.is_foreign()) {
    return fail(ErrorCode::kInvalidArgument, "score.clients_max",
                "the state in " + options.client.kafka.topics.state +
                    " was made with another one: give this command the configuration of the processes that wrote it");
  }
  auto source = RangeSource::open(options.client, {options.client.kafka.topics.observations},
                                  {.partition = partition.partition,
                                   .lead = partition.start,
                                   .begin = partition.start,
                                   .end = partition.committed});
  if (!source) return tl::unexpected(source.error());
  if (Status status = read_again(work, **source, scored, patience); !status) return tl::unexpected(status.error());
  if (!patience.may_wait()) return fail(ErrorCode::kKafka, "kafka", "interrupted");
  losses.chunks_lost += counters.chunks_lost.value();
  losses.chunks_damaged += counters.chunks_damaged.value();
  WholeState whole = work.whole_state(partition.partition);
  if (whole.waiting > 0) {
    return fail(ErrorCode::kUnsupported, "score.order",
                std::to_string(whole.waiting) + " observations of " + options.client.kafka.topics.observations + "/" +
                    std::to_string(partition.partition) +
                    " wait to be scored in the order of event time, and cannot be moved: let weir run with "
                    "score.order: arrival "
                    "until records have come, which scores them, stop it, and move then");
  }
  return whole;
}

}  // namespace weir
