#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/topic_table.h"
#include "kafka/client_config.h"
#include "kafka/consumer/end_question.h"
#include "kafka/consumer/ending_clients.h"
#include "kafka/consumer/side_call.h"
#include "kafka/handles.h"
#include "lane/read_positions.h"
#include "lane/record_source.h"
#include "lane/sources/end_trust.h"
#include "lane/supervise/rejoin_judge.h"
#include "pipeline/lane_counters.h"

namespace weir {

/// A member of a consumer group. Everything happens on the thread that calls poll(), rebalances included.
///
/// On an assignment the committed offsets are read and reading starts there; a partition without one starts at its
/// beginning. Offsets are guarded: a record below the next expected one is dropped and counted, passed-over offsets are counted.
class KafkaConsumer : public RecordSource {
 public:
  static constexpr size_t kBatchBytesMax = 16 << 20;  ///< a batch ends early at this size

  static Result<std::unique_ptr<KafkaConsumer>> create(const ClientOptions& options, const std::string& client_id,
                                                       const GroupMember& member, TopicTable topics,
                                                       KafkaCounters& counters);
  ~KafkaConsumer() override;

  /// Joins the group. `listener` must outlive this object.
  Status subscribe(RebalanceListener& listener, Patience& patience);

  std::span<const InputRecord> poll(uint32_t records_max, Milliseconds idle, Milliseconds fill) override;
  [[nodiscard]] std::string_view header(const InputRecord& record, const char* name) const override;
  void batch_done() override;
  std::span<const PartitionOffset> uncommitted() override;
  Status commit(std::span<const PartitionOffset> offsets, Patience& patience) override;
  void mark_committed(std::span<const PartitionOffset> offsets) override;
  Result<std::vector<PartitionOffset>> read_committed(std::span<const PartitionOffset> partitions,
                                                      Patience& patience) override;
  [[nodiscard]] bool exhausted(int32_t partition, int64_t until) const override;
  Status renew(CarryDone done, Patience& patience) override;
  [[nodiscard]] bool connected() override;
  [[nodiscard]] Unread unread() override;
  Status seek(const PartitionOffset& target) override;
  Status rewind() override;
  void hold_back(const PartitionOffset& from) override;
  void let_go(uint16_t topic, int32_t partition, int64_t until) override;
  [[nodiscard]] bool at_end(uint16_t topic, int32_t partition) const override;
  [[nodiscard]] bool ends_doubted() const override;
  [[nodiscard]] int64_t read_to(uint16_t topic, int32_t partition) const override;
  bool ask_ends(std::span<const PartitionOffset> partitions) override;
  std::optional<std::vector<PartitionOffset>> take_ends() override;
  void tick() override;
  [[nodiscard]] Status health() const override;
  void close(Patience& patience) override;

  [[nodiscard]] const ClientContext& context() const { return context_; }
  [[nodiscard]] rd_kafka_t* native() { return client_.get(); }
  /// Who this member was when it got its partitions; null while it has none. Transactions must name this: what the library
  /// would say later may already be nobody (no member, no generation), and brokers accept offsets from nobody.
  [[nodiscard]] std::shared_ptr<const rd_kafka_consumer_group_metadata_t> membership() const { return membership_; }
  /// Without joining: for a transaction that commits offsets of a group that has no members. Brokers refuse it when it has some.
  void stand_for_group();
  [[nodiscard]] PartitionListHandle list_of(std::span<const PartitionOffset> offsets) const;

 private:
  /// Records that were held back. What is fetched of their partition meanwhile stays in a queue of its own, and the library fetches
  /// no more when that is full. (To pause the partition would drop what was fetched. That is done when all that waits takes too much
  /// memory all the same.)
  struct Waiting {
    uint16_t topic = 0;
    int32_t partition = 0;
    int64_t until = PartitionOffset::kUnknown;  ///< what was let go: below it; kUnknown: all
    std::deque<MessageHandle> messages;
    QueueHandle apart;  ///< null: what is fetched comes with that of the other partitions
    bool is_paused = false;
  };

  KafkaConsumer(std::string client_id, const ClientOptions& options, GroupMember member, TopicTable topics,
                KafkaCounters& counters);
  Status connect();
  Status join();
  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions,
                           void* opaque);
  void assigned(rd_kafka_topic_partition_list_t& partitions);
  void leave_unnumbered_out(rd_kafka_topic_partition_list_t& partitions);
  bool number_topic(std::string_view name);
  void revoked();
  void lose_partitions();
  void forget_partitions();
  void give_up_client(std::string_view reason, Milliseconds pause);
  void renew_given_up();
  void end_with(Error error);
  void on_fatal_error();
  bool find_committed(rd_kafka_topic_partition_list_t& partitions, Patience& patience) const;
  [[nodiscard]] bool find_bounds(AssignedPartition& partition);
  void leave(rd_kafka_t& client, Patience& patience);
  void count(const rd_kafka_message_t& message);
  void accept(MessageHandle message);
  void on_message_error(const rd_kafka_message_t& message);
  void note_success(uint16_t topic);
  ReadPosition* position_of(const rd_kafka_message_t& message);
  bool check_order(ReadPosition& position, int64_t offset);
  void check_retention(const ReadPosition& position, int64_t offset);
  void drop_batch();
  void seek_all(std::span<const PartitionOffset> targets);
  void wake_fetches_if_due();
  void hand_out(MessageHandle message, const ReadPosition& position);
  void hand_out_waiting(uint32_t records_max);
  void look_at_ends();
  void note_ends();
  Waiting* waiting_of(const ReadPosition& position);
  void keep(Waiting& waiting, MessageHandle message);
  void set_apart(Waiting& waiting);
  void rejoin(Waiting& waiting);
  void join_queues(std::span<const AssignedPartition> partitions);
  void pause_if_full(Waiting& waiting);
  bool resume(Waiting& waiting);
  bool wake_fetches_of(uint16_t topic, int32_t partition);
  void forget_waiting();
  void forget_waiting(uint16_t topic, int32_t partition);
  void update_lag();
  void check_connection();
  [[nodiscard]] std::string name_of(const ReadPosition& position) const;

  ClientContext context_;
  const ClientOptions options_;
  const GroupMember member_;
  TopicTable topics_;
  KafkaCounters& counters_;
  RebalanceListener* listener_ = nullptr;
  Patience* patience_ = nullptr;  // of the lane, for waits inside a rebalance
  ClientHandle client_;
  std::unique_ptr<SideCall> waker_;                 // of this client; null: its fetching needs none
  std::unique_ptr<EndQuestion> end_question_;       // of this client; null: there was none
  std::unique_ptr<EndQuestion> all_ends_question_;  // likewise, by ask_ends()
  std::shared_ptr<const rd_kafka_consumer_group_metadata_t> membership_;
  EndingClients ending_;
  bool must_renew_ = false;
  Milliseconds renew_pause_{0};
  RejoinJudge rejoin_;
  uint64_t losses_at_join_ = 0;  // of connections
  ReadPositions positions_;
  std::vector<std::pair<const rd_kafka_topic_t*, uint16_t>>
      native_topics_;  // those records came from, with their index
  std::list<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  bool has_set_apart_ = false;  // this client, the queue of some partition
  EndTrust end_trust_;
  std::vector<InputRecord> records_;
  std::vector<MessageHandle> messages_;  // of the records, in their order
  size_t batch_bytes_ = 0;
  uint64_t wake_bytes_ = 0;  // 0: the library needs no waking
  uint64_t bytes_since_wake_ = 0;
  size_t next_to_wake_ = 0;    // a position; partitions have different leaders
  std::string problem_topic_;  // of the group's problem; empty: no single one
  bool closed_ = false;
  Status health_;
};

}  // namespace weir
