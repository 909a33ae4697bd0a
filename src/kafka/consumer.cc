#include "kafka/consumer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/assert.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCommittedTimeoutMs = 1'000;
// A transaction that is not decided delays the answer by its timeout (30 s); less than max.poll.interval.ms.
constexpr Milliseconds kCommittedMax{240'000};
constexpr Milliseconds kLeaveMax{2'000};
constexpr int kWatermarkTimeoutMs = 2'000;
constexpr int kCommitSliceMs = 100;
constexpr Milliseconds kCommitTryMax{5'000};  // then the lane goes on and commits with its next batch
constexpr int kMetadataTimeoutMs = 500;
constexpr Milliseconds kRefusalPause{100};
constexpr int kWakeTimeoutMs = 200;
// Gaps are normal: every transaction leaves its marker. One this long may be records that retention removed.
constexpr int64_t kSuspiciousGap = 1'000;

std::string_view text_of(const void* data, size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

EventTime append_time_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t milliseconds = rd_kafka_message_timestamp(&message, &type);
  if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || milliseconds < 0) return EventTime::max();
  return EventTime(Milliseconds(milliseconds));
}

/// Errors of a commit after which the membership is gone: trying again is useless, a rebalance follows.
bool membership_lost(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
         code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

bool permanent(rd_kafka_resp_err_t code) {
  return membership_lost(code) || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE;
}

/// Waits without a bound of its own: for calls without a lane.
class Forever : public Patience {
 public:
  bool may_wait() override { return true; }
};

}  // namespace

KafkaConsumer::KafkaConsumer(std::string client_id, const ClientOptions& options, GroupMember member,
                             std::vector<std::string> topics, KafkaCounters& counters)
    : options_(options), member_(std::move(member)), topics_(std::move(topics)), counters_(counters) {
  context_.log = options.log;
  context_.client_id = std::move(client_id);
  context_.consumer = this;
  if (fetches_need_wake_up()) wake_bytes_ = uint64_t{options.memory.consumer_queue_kbytes} * 1024 / 2;
}

Result<std::unique_ptr<KafkaConsumer>> KafkaConsumer::create(const ClientOptions& options, const std::string& client_id,
                                                             const GroupMember& member, std::vector<std::string> topics,
                                                             KafkaCounters& counters) {
  std::unique_ptr<KafkaConsumer> consumer(new KafkaConsumer(client_id, options, member, std::move(topics), counters));
  if (Status status = consumer->connect(); !status) return tl::unexpected(status.error());
  return consumer;
}

KafkaConsumer::~KafkaConsumer() {
  drop_batch();
}

Status KafkaConsumer::connect() {
  auto client =
      make_client(RD_KAFKA_CONSUMER, consumer_properties(options_, context_.client_id, member_), context_,
                  [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, &KafkaConsumer::on_rebalance); });
  if (!client) return tl::unexpected(client.error());
  const auto code = rd_kafka_poll_set_consumer(client->get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("consumer " + context_.client_id, code));
  client_ = std::move(*client);
  return {};
}

Status KafkaConsumer::subscribe(RebalanceListener& listener, Patience& patience) {
  listener_ = &listener;
  patience_ = &patience;
  return join();
}

Status KafkaConsumer::join() {
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(topics_.size())));
  for (const std::string& topic : topics_)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(client_.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("cannot subscribe", code));
  return {};
}

// --- reading

std::span<const InputRecord> KafkaConsumer::poll(uint32_t records_max, Milliseconds idle, Milliseconds fill) {
  drop_batch();
  if (must_renew_ && patience_ != nullptr) {
    lose_partitions();
    if (Status status = renew(false, *patience_); !status) health_ = status;
  }
  wake_fetches_if_due();
  auto deadline = Clock::now() + idle;
  int timeout_ms = static_cast<int>(idle.count());
  while (records_.size() < records_max && batch_bytes_ < kBatchBytesMax && health_) {
    MessageHandle message(rd_kafka_consumer_poll(client_.get(), timeout_ms));
    const bool had_none = records_.empty();
    if (message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      accept(std::move(message));
      if (had_none) deadline = Clock::now() + fill;
      timeout_ms = 0;  // the clock is asked only when nothing is at hand
      continue;
    }
    if (message != nullptr) on_message_error(*message);
    if (must_renew_) {
      drop_batch();  // of partitions that are lost
      break;
    }
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) break;
    timeout_ms = static_cast<int>(left.count());
  }
  return records_;
}

/// Half a queue's worth was taken since the last time: there is room again, but the thread that fetches may sleep until its
/// second is over. Any request to the leader wakes it; this one is answered in about a millisecond.
void KafkaConsumer::wake_fetches_if_due() {
  if (wake_bytes_ == 0 || bytes_since_wake_ < wake_bytes_ || positions_.empty()) return;
  bytes_since_wake_ = 0;
  const Position& position = positions_[next_to_wake_++ % positions_.size()];
  int64_t low = 0;
  int64_t high = 0;
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), topics_[position.topic].c_str(), position.partition,
                                                     &low, &high, kWakeTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) counters_.client_errors.add();
}

void KafkaConsumer::accept(MessageHandle message) {
  Position* position = position_of(*message);
  if (position == nullptr || !check_order(*position, message->offset)) {
    counters_.stale_records.add();
    return;
  }
  position->expected = message->offset + 1;
  position->read = true;
  counters_.consumed_records.add();
  counters_.consumed_bytes.add(message->len);
  batch_bytes_ += message->len + message->key_len;
  bytes_since_wake_ += message->len + message->key_len;
  records_.push_back({position->topic, position->partition, message->offset, append_time_of(*message),
                      text_of(message->key, message->key_len), text_of(message->payload, message->len), message.get()});
  messages_.push_back(std::move(message));
}

KafkaConsumer::Position* KafkaConsumer::position_of(const rd_kafka_message_t& message) {
  const auto is_of = [&](const Position& one) {
    return one.partition == message.partition && one.native_topic == message.rkt;
  };
  if (last_position_ < positions_.size() && is_of(positions_[last_position_])) return &positions_[last_position_];
  for (Position& one : positions_) {
    if (one.native_topic == nullptr && one.partition == message.partition &&
        topics_[one.topic] == rd_kafka_topic_name(message.rkt)) {
      one.native_topic = message.rkt;
    }
    if (!is_of(one)) continue;
    last_position_ = static_cast<size_t>(&one - positions_.data());
    return &one;
  }
  return nullptr;
}

/// False when the record was seen before.
bool KafkaConsumer::check_order(Position& position, int64_t offset) {
  if (position.expected == PartitionOffset::kUnknown || offset == position.expected) return true;
  if (offset > position.expected) {
    counters_.offset_gaps.add(static_cast<uint64_t>(offset - position.expected));
    // The question waits behind a fetch that is under way, half a second at worst: not asked where the answer is known.
    const bool was_there = position.low != PartitionOffset::kUnknown && position.low <= position.expected;
    if ((!position.read && !was_there) || offset - position.expected >= kSuspiciousGap)
      check_retention(position, offset);
    return true;
  }
  int64_t low = 0;
  int64_t high = RD_KAFKA_OFFSET_INVALID;
  const auto code =
      rd_kafka_get_watermark_offsets(client_.get(), topics_[position.topic].c_str(), position.partition, &low, &high);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0 || high >= position.expected) return false;
  // The partition ends before the offset that was committed: the topic was deleted and made anew.
  position.committed = PartitionOffset::kUnknown;
  counters_.offset_resets.add();
  context_.log(LogLevel::kError, "kafka: " + name_of(position) + " ends before offset " +
                                     std::to_string(position.expected) +
                                     ", which was already read: was the topic made anew? Reading from its beginning");
  return true;
}

/// Says so when a gap is due to retention: the records in it were deleted before this group read them.
void KafkaConsumer::check_retention(Position& position, int64_t offset) {
  int64_t low = 0;
  int64_t high = 0;
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), topics_[position.topic].c_str(), position.partition,
                                                     &low, &high, kWatermarkTimeoutMs);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || low <= position.expected) return;
  const int64_t lost = std::min(low, offset) - position.expected;
  counters_.offset_resets.add();
  counters_.records_lost.add(static_cast<uint64_t>(lost));
  context_.log(LogLevel::kError,
               "kafka: " + name_of(position) + ": " + std::to_string(lost) + " records from offset " +
                   std::to_string(position.expected) +
                   " on were deleted by retention before they were read; raise retention.ms or add lanes");
}

void KafkaConsumer::on_message_error(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (Position* position = position_of(message); position != nullptr) position->end = message.offset;
    return;
  }
  counters_.client_errors.add();
  const std::string reason = rd_kafka_message_errstr(&message);
  const std::string topic = message.rkt == nullptr ? "" : std::string(", topic ") + rd_kafka_topic_name(message.rkt);
  const Error error = kafka_error("consumer " + context_.client_id + topic, message.err, reason);
  context_.set_problem(ClientContext::Problem::kGroup, error.detail);
  if (message.err == RD_KAFKA_RESP_ERR__FATAL)
    on_fatal_error();
  else
    context_.log(LogLevel::kError, "kafka: " + error.detail);
}

/// The client is of no use any more. A static member can be shut out by its own earlier join: its answer was lost with the
/// group's coordinator, the repeat got another member id. A new client joins for good then. With a second process of the same
/// name it would go on like that for ever, so the second time in a row ends this one.
void KafkaConsumer::on_fatal_error() {
  std::array<char, 512> text{};
  const auto code = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
  const auto now = Clock::now();
  const bool fenced = code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
  const bool again = fenced_at_ != Clock::time_point::min() && now - fenced_at_ < kRivalWithin;
  if (!fenced || again) {
    const std::string rival =
        again ? " (for the second time within 30 s: a second process has the same kafka.instance_id)" : "";
    health_ = tl::unexpected(kafka_error("consumer " + context_.client_id + rival, code, text.data()));
    context_.log(LogLevel::kError, "kafka: " + health_.error().detail);
    return;
  }
  fenced_at_ = now;
  give_up_client("another member has its name (kafka.instance_id), perhaps its own earlier join");
}

/// The next poll() tells the listener that the partitions are lost, and joins with a new client.
void KafkaConsumer::give_up_client(std::string_view reason) {
  must_renew_ = true;
  context_.log(LogLevel::kWarning,
               "kafka: consumer " + context_.client_id + ": " + std::string(reason) + "; joining the group anew");
}

std::string_view KafkaConsumer::header(const InputRecord& record, const char* name) const {
  const auto* message = static_cast<const rd_kafka_message_t*>(record.native);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return text_of(value, size);
}

void KafkaConsumer::batch_done() {
  // `expected` stands behind the batch: all that was handed out is done.
  for (Position& one : positions_)
    one.done = one.expected;
  drop_batch();
}

void KafkaConsumer::drop_batch() {
  records_.clear();
  messages_.clear();
  batch_bytes_ = 0;
}

// --- offsets

std::span<const PartitionOffset> KafkaConsumer::uncommitted() {
  uncommitted_.clear();
  for (const Position& one : positions_) {
    if (one.read && one.done > one.committed) uncommitted_.push_back({one.topic, one.partition, one.done});
  }
  return uncommitted_;
}

PartitionListHandle KafkaConsumer::list_of(std::span<const PartitionOffset> offsets) const {
  PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const PartitionOffset& one : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), topics_[one.topic].c_str(), one.partition)->offset = one.offset;
  }
  return list;
}

Status KafkaConsumer::commit(std::span<const PartitionOffset> offsets, Patience& patience) {
  const PartitionListHandle list = list_of(offsets);
  const auto give_up = Clock::now() + kCommitTryMax;
  while (true) {
    // A queue of its own per try: an answer that comes too late dies with it.
    const QueueHandle answers(rd_kafka_queue_new(client_.get()));
    auto code = rd_kafka_commit_queue(client_.get(), list.get(), answers.get(), nullptr, nullptr);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      EventHandle answer;
      do {
        answer.reset(rd_kafka_queue_poll(answers.get(), kCommitSliceMs));
      } while (answer == nullptr && patience.may_wait() && Clock::now() < give_up);
      code = answer == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(answer.get());
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    if (permanent(code) || !patience.may_wait() || Clock::now() >= give_up)
      return tl::unexpected(kafka_error("offset commit", code));
    const EventHandle none(rd_kafka_queue_poll(answers.get(), kCommitSliceMs));  // a pause before the next try
  }
}

void KafkaConsumer::mark_committed(std::span<const PartitionOffset> offsets) {
  for (const PartitionOffset& offset : offsets) {
    for (Position& one : positions_) {
      if (one.topic == offset.topic && one.partition == offset.partition) one.committed = offset.offset;
    }
  }
}

Status KafkaConsumer::rewind() {
  drop_batch();
  std::vector<PartitionOffset> targets;
  for (Position& one : positions_) {
    if (one.expected == one.committed) continue;
    const int64_t target =
        one.committed == PartitionOffset::kUnknown ? int64_t{RD_KAFKA_OFFSET_BEGINNING} : one.committed;
    targets.push_back({one.topic, one.partition, target});
    one.expected = one.done = one.committed;
  }
  seek_all(targets);
  return {};
}

Status KafkaConsumer::seek(const PartitionOffset& target) {
  drop_batch();
  for (Position& one : positions_) {
    if (one.topic != target.topic || one.partition != target.partition) continue;
    one.expected = one.done = target.offset;
    one.end = PartitionOffset::kUnknown;
  }
  const int64_t native =
      target.offset == PartitionOffset::kUnknown ? int64_t{RD_KAFKA_OFFSET_BEGINNING} : target.offset;
  const PartitionOffset where{target.topic, target.partition, native};
  seek_all({&where, 1});
  return {};
}

/// A partition that the library has already taken away, without having said so yet, cannot be sought in. Then all are given up:
/// they are assigned anew, at their committed offsets, to whoever owns them.
void KafkaConsumer::seek_all(std::span<const PartitionOffset> targets) {
  if (targets.empty()) return;
  const PartitionListHandle list = list_of(targets);
  const ErrorHandle error(rd_kafka_seek_partitions(client_.get(), list.get(), -1));
  auto code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error.get());
  for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    code = list->elems[i].err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) give_up_client(kafka_error("cannot go to an offset", code).detail);
}

// --- rebalances

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

/// Asks until every partition has an answer. The library itself waits for transactions that are not decided yet.
bool KafkaConsumer::find_committed(rd_kafka_topic_partition_list_t& partitions, Milliseconds timeout,
                                   Patience& patience) const {
  const auto give_up = Clock::now() + timeout;
  while (true) {
    for (int i = 0; i < partitions.cnt; ++i) {
      partitions.elems[i].offset = RD_KAFKA_OFFSET_INVALID;
      partitions.elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    const auto asked = Clock::now();
    bool known = rd_kafka_committed(client_.get(), &partitions, kCommittedTimeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < partitions.cnt; ++i)
      known = known && partitions.elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (known) return true;
    if (!patience.may_wait() || Clock::now() >= give_up) return false;
    if (Clock::now() - asked < kRefusalPause) std::this_thread::sleep_for(kRefusalPause);  // a refusal comes at once
  }
}

Result<std::vector<PartitionOffset>> KafkaConsumer::read_committed(std::span<const PartitionOffset> partitions,
                                                                   Patience& patience) {
  const PartitionListHandle list = list_of(partitions);
  if (!find_committed(*list, kCommittedMax, patience))
    return fail(ErrorCode::kKafka, "kafka", "the group's committed offsets cannot be read");
  std::vector<PartitionOffset> found(partitions.begin(), partitions.end());
  for (size_t i = 0; i < found.size(); ++i)
    found[i].offset = std::max<int64_t>(list->elems[i].offset, PartitionOffset::kUnknown);
  return found;
}

void KafkaConsumer::assigned(rd_kafka_topic_partition_list_t& partitions) {
  drop_batch();
  positions_.clear();
  last_position_ = 0;
  membership_ = GroupMetadataHandle(rd_kafka_consumer_group_metadata(client_.get()));
  Forever forever;
  Patience& patience = patience_ == nullptr ? forever : *patience_;
  if (partitions.cnt > 0 && !find_committed(partitions, kCommittedMax, patience)) {
    // Reading from a wrong place would be worse than not reading: leave, and join again unless this is a stop.
    must_renew_ = patience.may_wait();
    if (must_renew_)
      context_.log(LogLevel::kError, "kafka: the group's committed offsets cannot be read; joining anew");
    static_cast<void>(rd_kafka_assign(client_.get(), nullptr));
    return;
  }
  std::vector<AssignedPartition> assignment;
  std::vector<int64_t> committed;
  bool bounds_known = true;
  for (int i = 0; i < partitions.cnt; ++i) {
    const rd_kafka_topic_partition_t& one = partitions.elems[i];
    const auto topic = std::find(topics_.begin(), topics_.end(), one.topic);
    WEIR_ASSERT(topic != topics_.end(), "only subscribed topics are assigned");
    AssignedPartition partition;
    partition.topic = static_cast<uint16_t>(topic - topics_.begin());
    partition.partition = one.partition;
    partition.committed = std::max<int64_t>(one.offset, PartitionOffset::kUnknown);
    committed.push_back(partition.committed);
    for (size_t k = 0; k < carried_.size(); ++k) {
      const bool same = carried_[k].topic == partition.topic && carried_[k].partition == partition.partition;
      // Nobody else committed meanwhile: what was done stays done.
      if (same && carried_from_[k].offset == partition.committed) partition.committed = carried_[k].offset;
    }
    // While one leader does not answer, only a restore must ask the others too.
    if (bounds_known || member_.finds_ends) bounds_known = find_bounds(partition);
    if (partition.committed == PartitionOffset::kUnknown) committed.back() = PartitionOffset::kUnknown;
    partition.start = partition.committed;
    assignment.push_back(partition);
  }
  carried_.clear();
  carried_from_.clear();
  if (listener_ != nullptr) {
    if (Status status = listener_->on_assigned(assignment); !status) {
      health_ = status;
      static_cast<void>(rd_kafka_assign(client_.get(), nullptr));
      return;
    }
  }
  for (size_t i = 0; i < assignment.size(); ++i)
    take_over(assignment[i], committed[i], partitions.elems[i]);
  counters_.rebalances.add();
  counters_.assigned_partitions.set(positions_.size());
  context_.clear_problem(ClientContext::Problem::kGroup);
  const auto result = rd_kafka_assign(client_.get(), &partitions);
  if (result != RD_KAFKA_RESP_ERR_NO_ERROR) health_ = tl::unexpected(kafka_error("taking the assignment", result));
}

/// Where the partition begins, and whether it is still the one of which offsets were committed. False: the broker does not say.
bool KafkaConsumer::find_bounds(AssignedPartition& partition) {
  int64_t low = 0;
  int64_t high = 0;
  const std::string& topic = topics_[partition.topic];
  const auto code = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), partition.partition, &low, &high,
                                                     kWatermarkTimeoutMs);
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

/// `committed` is what the group has on record, which is less than the assignment says when work was carried over.
void KafkaConsumer::take_over(const AssignedPartition& partition, int64_t committed,
                              rd_kafka_topic_partition_t& native) {
  Position position;
  position.topic = partition.topic;
  position.partition = partition.partition;
  position.expected = position.done = partition.start;
  position.committed = committed;
  position.low = partition.low;
  position.read = partition.start > committed;
  positions_.push_back(position);
  native.offset = partition.start == PartitionOffset::kUnknown ? int64_t{RD_KAFKA_OFFSET_BEGINNING} : partition.start;
}

void KafkaConsumer::revoked() {
  drop_batch();  // not worked on, so not committed: whoever gets the partition reads it
  for (Position& one : positions_)
    one.expected = one.done;
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
  positions_.clear();
  last_position_ = 0;
  counters_.assigned_partitions.set(0);
  counters_.lag.clear_from(0);
}

bool KafkaConsumer::exhausted(int32_t partition, int64_t until) const {
  return std::any_of(positions_.begin(), positions_.end(), [&](const Position& one) {
    return one.partition == partition && (one.end >= until || one.expected >= until);
  });
}

Status KafkaConsumer::renew(bool keep_done, Patience& patience) {
  must_renew_ = false;
  drop_batch();
  carried_.clear();
  carried_from_.clear();
  for (const Position& one : positions_) {
    if (!keep_done || !one.read || one.done <= one.committed) continue;
    carried_.push_back({one.topic, one.partition, one.done});
    carried_from_.push_back({one.topic, one.partition, one.committed});
  }
  forget_partitions();
  counters_.consumer_renewals.add();
  leave(*client_, patience);
  // Seen to hang for ever in a client whose coordinator connection is stuck: not on the lane's thread.
  ending_.end(std::move(client_));
  if (Status status = connect(); !status) return status;
  return join();
}

/// Tells the group that this member goes, without serving its rebalance callback: the lane has given up its partitions.
void KafkaConsumer::leave(rd_kafka_t& client, Patience& patience) {
  const QueueHandle events(rd_kafka_queue_new(&client));
  const ErrorHandle error(rd_kafka_consumer_close_queue(&client, events.get()));
  const auto give_up = Clock::now() + kLeaveMax;
  while (error == nullptr && rd_kafka_consumer_closed(&client) == 0 && patience.may_wait() && Clock::now() < give_up) {
    const EventHandle event(rd_kafka_queue_poll(events.get(), kCommitSliceMs));
    if (event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
      static_cast<void>(rd_kafka_assign(&client, nullptr));
  }
}

void KafkaConsumer::close(Patience& patience) {
  if (closed_) return;
  closed_ = true;
  drop_batch();
  const QueueHandle events(rd_kafka_queue_new(client_.get()));
  const ErrorHandle error(rd_kafka_consumer_close_queue(client_.get(), events.get()));
  if (error != nullptr) {
    context_.log(LogLevel::kWarning,
                 "kafka: " + kafka_error("leaving the group", rd_kafka_error_code(error.get())).detail);
    return;
  }
  while (rd_kafka_consumer_closed(client_.get()) == 0 && patience.may_wait()) {
    const EventHandle event(rd_kafka_queue_poll(events.get(), kCommitSliceMs));
    if (event == nullptr || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    on_rebalance(client_.get(), rd_kafka_event_error(event.get()), rd_kafka_event_topic_partition_list(event.get()),
                 &context_);
  }
}

// --- once a second

void KafkaConsumer::tick() {
  update_lag();
  check_connection();
}

void KafkaConsumer::update_lag() {
  size_t slot = 0;
  for (const Position& one : positions_) {
    int64_t low = 0;
    int64_t high = RD_KAFKA_OFFSET_INVALID;
    // What the last fetch said; asks no broker.
    const auto code =
        rd_kafka_get_watermark_offsets(client_.get(), topics_[one.topic].c_str(), one.partition, &low, &high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0 || one.done == PartitionOffset::kUnknown) continue;
    counters_.lag.set(slot++, {one.topic, one.partition, static_cast<uint64_t>(std::max<int64_t>(0, high - one.done))});
  }
  counters_.lag.clear_from(slot);
}

void KafkaConsumer::check_connection() {
  if (!context_.has_problem(ClientContext::Problem::kConnection)) return;
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client_.get(), 0, nullptr, &metadata, kMetadataTimeoutMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const MetadataHandle owner(metadata);
  context_.clear_problem(ClientContext::Problem::kConnection);
}

/// A problem may be old news, or that of the one connection that is stuck while others work.
bool KafkaConsumer::connected() {
  check_connection();
  return !context_.has_problem(ClientContext::Problem::kConnection);
}

Status KafkaConsumer::health() const {
  return health_;
}

std::string KafkaConsumer::name_of(const Position& position) const {
  return topics_[position.topic] + "/" + std::to_string(position.partition);
}

}  // namespace weir
