#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "kafka/ask_bounds.h"
#include "kafka/consumer/consumer.h"
#include "kafka/groups/committed_offsets.h"

// The part of a consumer that takes partitions over and gives them back.

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

// A transaction that is not decided delays the answer by its timeout (30 s), and the broker looks for such ones every 10 s.
// Beyond that the connection to the coordinator is stuck, for good with librdkafka 2.0.2, and only a new client helps.
constexpr Milliseconds kCommittedMax{60'000};
constexpr Milliseconds kFirstBoundsTimeout{2'000};

/// Waits without a bound of its own: for calls without a lane.
class Forever : public Patience {
 public:
  bool may_wait() override { return true; }
};

}  // namespace

void KafkaConsumer::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                                 rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  KafkaConsumer& self = *static_cast<ClientContext*>(opaque)->consumer;
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    self.assigned(*partitions);
    return;
  }
  self.revoked();
  const auto result = rd_kafka_assign(client, nullptr);
  if (result != RD_KAFKA_RESP_ERR_NO_ERROR)
    self.context_.log(LogLevel::kError, "kafka: " + kafka_error("giving partitions back", result).detail);
}

bool KafkaConsumer::find_committed(rd_kafka_topic_partition_list_t& partitions, Patience& patience) const {
  return weir::find_committed(*client_, partitions, kCommittedMax, patience, [this] {
    context_.log(LogLevel::kWarning, "kafka: consumer " + context_.client_id +
                                         " waits for the group's committed offsets: its coordinator does not answer, "
                                         "or a transaction that may change them is not decided");
  });
}

Result<std::vector<PartitionOffset>> KafkaConsumer::read_committed(std::span<const PartitionOffset> partitions,
                                                                   Patience& patience) {
  const PartitionListHandle list = list_of(partitions);
  if (!find_committed(*list, patience))
    return fail(ErrorCode::kKafka, "kafka", "the group's committed offsets cannot be read");
  std::vector<PartitionOffset> found(partitions.begin(), partitions.end());
  for (size_t i = 0; i < found.size(); ++i)
    found[i].offset = std::max<int64_t>(list->elems[i].offset, PartitionOffset::kUnknown);
  return found;
}

void KafkaConsumer::stand_for_group() {
  membership_ = GroupMetadataHandle(rd_kafka_consumer_group_metadata_new(member_.group_id.c_str()));
}

void KafkaConsumer::assigned(rd_kafka_topic_partition_list_t& partitions) {
  drop_batch();
  forget_waiting();
  positions_.clear();
  native_topics_.clear();
  membership_ = GroupMetadataHandle(rd_kafka_consumer_group_metadata(client_.get()));
  leave_unnumbered_out(partitions);
  Forever forever;
  Patience& patience = patience_ == nullptr ? forever : *patience_;
  if (partitions.cnt > 0 && !find_committed(partitions, patience)) {
    // Reading from a wrong place would be worse than not reading: leave, and join again unless this is a stop.
    if (patience.may_wait())
      give_up_client("the group's committed offsets cannot be read (again and again: runbook WeirNoPartitions)",
                     Milliseconds(0));
    static_cast<void>(rd_kafka_assign(client_.get(), nullptr));
    return;
  }
  std::vector<AssignedPartition> assignment;
  std::vector<int64_t> committed;
  bool bounds_known = true;
  for (int i = 0; i < partitions.cnt; ++i) {
    const rd_kafka_topic_partition_t& item = partitions.elems[i];
    const auto topic = topics_.find(item.topic);
    WEIR_ASSERT(topic.has_value(), "what has no number was left out");
    AssignedPartition partition;
    partition.topic = *topic;
    partition.partition = item.partition;
    partition.committed = std::max<int64_t>(item.offset, PartitionOffset::kUnknown);
    committed.push_back(partition.committed);
    positions_.carry_over(partition);
    // While one leader does not answer, only a restore must ask the others too.
    if (bounds_known || member_.finds_ends) bounds_known = find_bounds(partition);
    if (partition.committed == PartitionOffset::kUnknown) committed.back() = PartitionOffset::kUnknown;
    partition.start = partition.committed;
    assignment.push_back(partition);
  }
  if (listener_ != nullptr) {
    if (Status status = listener_->on_assigned(assignment); !status) {
      health_ = status;
      static_cast<void>(rd_kafka_assign(client_.get(), nullptr));
      return;
    }
  }
  positions_.assign(assignment, committed);
  for (size_t i = 0; i < assignment.size(); ++i) {
    const int64_t start = assignment[i].start;
    partitions.elems[i].offset = start == PartitionOffset::kUnknown ? int64_t{RD_KAFKA_OFFSET_BEGINNING} : start;
  }
  counters_.rebalances.add();
  counters_.assigned_partitions.set(positions_.all().size());
  context_.clear_problem(ClientContext::Problem::kGroup);
  rejoin_.joined(Clock::now());
  losses_at_join_ = context_.connection_losses.load(std::memory_order_relaxed);
  join_queues(assignment);
  const auto result = rd_kafka_assign(client_.get(), &partitions);
  if (result != RD_KAFKA_RESP_ERR_NO_ERROR) health_ = tl::unexpected(kafka_error("taking the assignment", result));
}

/// Topics that match a pattern get their numbers here. Beyond the table's limit they cannot be read.
void KafkaConsumer::leave_unnumbered_out(rd_kafka_topic_partition_list_t& partitions) {
  for (int i = partitions.cnt - 1; i >= 0; --i) {
    if (!number_topic(partitions.elems[i].topic)) rd_kafka_topic_partition_list_del_by_idx(&partitions, i);
  }
}

bool KafkaConsumer::number_topic(std::string_view name) {
  if (topics_.find(name)) return true;
  const auto topic = topics_.add(name, TopicTable::Unclaimed::kRefuse);
  if (!topic) {
    counters_.client_errors.add();
    context_.log(LogLevel::kError, "kafka: topic " + std::string(name) +
                                       " is not read: no source claims it, or there are more than " +
                                       std::to_string(TopicTable::kTopicsMax) + " topics");
    return false;
  }
  const std::string source(topics_.source_name(*topic));
  context_.log(LogLevel::kInfo,
               "kafka: topic " + std::string(name) + " is read" + (source.empty() ? "" : " as source " + source));
  if (const std::string& remark = topics_.remark(*topic); !remark.empty())
    context_.log(LogLevel::kWarning, "sources: " + remark);
  return true;
}

/// Where the partition begins, and whether it is still the one of which offsets were committed. False: the broker does not say.
bool KafkaConsumer::find_bounds(AssignedPartition& partition) {
  int64_t low = 0;
  int64_t high = 0;
  const std::string& topic = topics_[partition.topic];
  const auto code = ask_bounds(client_.get(), topic, partition.partition, kFirstBoundsTimeout, low, high);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  partition.low = low;
  // Without state to restore, the first record that comes tells it.
  if (!member_.finds_ends || partition.committed == PartitionOffset::kUnknown || high >= partition.committed)
    return true;
  counters_.offset_resets.add();
  context_.log(LogLevel::kError, "kafka: " + topic + "/" + std::to_string(partition.partition) + " ends at offset " +
                                     std::to_string(high) + ", but " + std::to_string(partition.committed) +
                                     " is committed: was the topic made anew? Reading from its beginning");
  partition.committed = PartitionOffset::kUnknown;
  return true;
}

void KafkaConsumer::revoked() {
  drop_batch();  // not worked on, so not committed: whoever gets the partition reads it
  positions_.give_up_batch();
  // A client that is given up has nothing to commit with.
  const bool lost = must_renew_ || rd_kafka_assignment_lost(client_.get()) != 0;
  if (listener_ != nullptr) listener_->on_revoked(lost);
  forget_partitions();
}

void KafkaConsumer::lose_partitions() {
  if (positions_.empty()) return;
  drop_batch();
  if (listener_ != nullptr) listener_->on_revoked(true);
  forget_partitions();
}

void KafkaConsumer::forget_partitions() {
  membership_.reset();
  forget_waiting();
  positions_.clear();
  native_topics_.clear();
  counters_.assigned_partitions.set(0);
  counters_.lag.clear_from(0);
}

}  // namespace weir
