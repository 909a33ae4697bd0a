#include "kafka/consumer/consumer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "kafka/ask_bounds.h"
#include "kafka/message.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kBoundsTimeout{2'000};
constexpr int kCommitSliceMs = 100;
constexpr Milliseconds kCommitTryMax{5'000};  // then the lane goes on and commits with its next batch
constexpr int kMetadataTimeoutMs = 500;
constexpr Milliseconds kUnreadTimeout{500};
constexpr Milliseconds kHeldPoll{5};
constexpr size_t kUnreadAskedMax = 16;  // partitions, of a lane that is quiet: some of them tell enough
// Gaps are normal: every transaction leaves its marker. One this long may be records that retention removed.
constexpr int64_t kSuspiciousGap = 1'000;

/// Errors of a commit after which the membership is gone: trying again is useless, a rebalance follows.
bool membership_lost(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
         code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

bool permanent(rd_kafka_resp_err_t code) {
  return membership_lost(code) || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE;
}

}  // namespace

KafkaConsumer::KafkaConsumer(std::string client_id, const ClientOptions& options, GroupMember member, TopicTable topics,
                             KafkaCounters& counters)
    : options_(options), member_(std::move(member)), topics_(std::move(topics)), counters_(counters) {
  context_.log = options.log;
  context_.client_id = std::move(client_id);
  context_.consumer = this;
  if (fetches_need_wake_up()) wake_bytes_ = uint64_t{queue_kbytes(options.memory, member_)} * 1024 / 2;
}

Result<std::unique_ptr<KafkaConsumer>> KafkaConsumer::create(const ClientOptions& options, const std::string& client_id,
                                                             const GroupMember& member, TopicTable topics,
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
  has_set_apart_ = false;
  if (wake_bytes_ != 0) waker_ = std::make_unique<SideCall>();
  return {};
}

Status KafkaConsumer::subscribe(RebalanceListener& listener, Patience& patience) {
  listener_ = &listener;
  patience_ = &patience;
  return join();
}

Status KafkaConsumer::join() {
  std::vector<std::string> wanted = member_.subscription;
  for (size_t topic = 0; topic < topics_.size() && member_.subscription.empty(); ++topic)
    wanted.push_back(topics_[topic]);
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(wanted.size())));
  for (const std::string& topic : wanted)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(client_.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("cannot subscribe", code));
  return {};
}

// --- reading

std::span<const InputRecord> KafkaConsumer::poll(uint32_t records_max, Milliseconds idle, Milliseconds fill) {
  drop_batch();
  if (must_renew_ && patience_ != nullptr) renew_given_up();
  look_at_ends();
  wake_fetches_if_due();
  hand_out_waiting(records_max);
  if (!records_.empty()) idle = Milliseconds(0);
  if (!waiting_.empty()) idle = std::min(idle, kHeldPoll);  // other lanes may have come near by then
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
  note_ends();
  return records_;
}

/// After an interruption the ends that were heard of before are doubted until the brokers have told them anew.
void KafkaConsumer::look_at_ends() {
  const auto now = Clock::now();
  end_trust_.look(context_.connection_losses.load(std::memory_order_relaxed),
                  context_.has_problem(ClientContext::Problem::kConnection), now);
  if (auto answer = end_question_ == nullptr ? std::nullopt : end_question_->take()) {
    if (end_trust_.answered(answer->number, answer->is_known, now)) positions_.end_at(answer->ends);
  }
  const auto question = end_trust_.ask(now);
  if (!question) return;
  if (end_question_ == nullptr) end_question_ = std::make_unique<EndQuestion>();
  std::vector<PartitionOffset> own;
  for (const ReadPosition& position : positions_.all())
    own.push_back({position.topic, position.partition, PartitionOffset::kUnknown});
  if (!end_question_->ask(client_.get(), topics_, own, *question)) end_trust_.answered(*question, false, now);
}

/// Half a queue's worth was taken since the last time: there is room again, but the thread that fetches may sleep until its
/// second is over. Any request to the leader wakes it; this one is answered in about a millisecond.
void KafkaConsumer::wake_fetches_if_due() {
  if (wake_bytes_ == 0 || bytes_since_wake_ < wake_bytes_ || positions_.empty()) return;
  const auto positions = positions_.all();
  const ReadPosition& position = positions[next_to_wake_ % positions.size()];
  if (!wake_fetches_of(position.topic, position.partition)) return;
  bytes_since_wake_ = 0;
  ++next_to_wake_;
}

/// False: the last request is still under way.
bool KafkaConsumer::wake_fetches_of(uint16_t topic, int32_t partition) {
  return waker_->run(
      [client = client_.get(), name = topics_[topic], partition] { ask_to_wake(client, name, partition); });
}

void KafkaConsumer::count(const rd_kafka_message_t& message) {
  counters_.consumed_records.add();
  counters_.consumed_bytes.add(message.len);
  bytes_since_wake_ += bytes_of(message);
}

void KafkaConsumer::accept(MessageHandle message) {
  ReadPosition* position = position_of(*message);
  if (Waiting* waiting = position == nullptr ? nullptr : waiting_of(*position)) {
    // It stands behind those that wait.
    if (message->offset <= waiting->messages.back()->offset) return counters_.stale_records.add();
    count(*message);
    ReadPositions::keep(*position, message->offset);
    keep(*waiting, std::move(message));
    return pause_if_full(*waiting);
  }
  if (position == nullptr || !check_order(*position, message->offset)) {
    counters_.stale_records.add();
    return;
  }
  count(*message);
  ReadPositions::hand_out(*position, message->offset);
  note_success(position->topic);
  hand_out(std::move(message), *position);
}

void KafkaConsumer::hand_out(MessageHandle message, const ReadPosition& position) {
  batch_bytes_ += bytes_of(*message);
  records_.push_back({position.topic, position.partition, message->offset, append_time_of(*message),
                      text_of(message->key, message->key_len), text_of(message->payload, message->len), message.get()});
  messages_.push_back(std::move(message));
}

bool KafkaConsumer::ends_doubted() const {
  return !end_trust_.holds(Clock::now());
}

bool KafkaConsumer::at_end(uint16_t topic, int32_t partition) const {
  if (ends_doubted()) return false;
  const auto all = positions_.all();
  return std::any_of(all.begin(), all.end(), [&](const ReadPosition& position) {
    return position.topic == topic && position.partition == partition && position.at_end();
  });
}

int64_t KafkaConsumer::read_to(uint16_t topic, int32_t partition) const {
  for (const ReadPosition& position : positions_.all()) {
    if (position.topic == topic && position.partition == partition) return position.read_to();
  }
  return PartitionOffset::kUnknown;
}

bool KafkaConsumer::ask_ends(std::span<const PartitionOffset> partitions) {
  if (all_ends_question_ == nullptr) all_ends_question_ = std::make_unique<EndQuestion>();
  return all_ends_question_->ask(client_.get(), topics_, partitions, 0);
}

std::optional<std::vector<PartitionOffset>> KafkaConsumer::take_ends() {
  auto answer = all_ends_question_ == nullptr ? std::nullopt : all_ends_question_->take();
  if (!answer) return std::nullopt;
  return std::move(answer->ends);
}

/// What the last fetch said, of the partitions of this batch; asks no broker.
void KafkaConsumer::note_ends() {
  const ReadPosition* last = nullptr;
  for (const InputRecord& record : records_) {
    if (last != nullptr && last->topic == record.topic && last->partition == record.partition) continue;
    ReadPosition* position = positions_.find(record.topic, record.partition);
    last = position;
    int64_t low = 0;
    int64_t high = RD_KAFKA_OFFSET_INVALID;
    const auto code =
        rd_kafka_get_watermark_offsets(client_.get(), topics_[record.topic].c_str(), record.partition, &low, &high);
    if (position != nullptr && code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0) position->high = high;
  }
}

ReadPosition* KafkaConsumer::position_of(const rd_kafka_message_t& message) {
  for (const auto& [native, topic] : native_topics_) {
    if (native == message.rkt) return positions_.find(topic, message.partition);
  }
  const auto topic = topics_.find(rd_kafka_topic_name(message.rkt));
  if (!topic) return nullptr;
  native_topics_.emplace_back(message.rkt, *topic);
  return positions_.find(native_topics_.back().second, message.partition);
}

/// False when the record was seen before.
bool KafkaConsumer::check_order(ReadPosition& position, int64_t offset) {
  const auto arrival = ReadPositions::arrival(position, offset);
  if (arrival == ReadPositions::Arrival::kNext) return true;
  if (arrival == ReadPositions::Arrival::kAfterGap) {
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
  ReadPositions::forget_commit(position);
  counters_.offset_resets.add();
  context_.log(LogLevel::kError, "kafka: " + name_of(position) + " ends before offset " +
                                     std::to_string(position.expected) +
                                     ", which was already read: was the topic made anew? Reading from its beginning");
  return true;
}

/// Says so when a gap is due to retention: the records in it were deleted before this group read them.
void KafkaConsumer::check_retention(const ReadPosition& position, int64_t offset) {
  int64_t low = 0;
  int64_t high = 0;
  const auto code = ask_bounds(client_.get(), topics_[position.topic], position.partition, kBoundsTimeout, low, high);
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
    ReadPosition* position = position_of(message);
    if (position == nullptr) return;
    ReadPositions::reach_end(*position, message.offset);
    note_success(position->topic);
    return;
  }
  counters_.client_errors.add();
  const std::string reason = rd_kafka_message_errstr(&message);
  const std::string topic = message.rkt == nullptr ? "" : std::string(", topic ") + rd_kafka_topic_name(message.rkt);
  const Error error = kafka_error("consumer " + context_.client_id + topic, message.err, reason);
  context_.set_problem(ClientContext::Problem::kGroup, error.detail);
  problem_topic_ = message.rkt == nullptr ? std::string() : rd_kafka_topic_name(message.rkt);
  if (message.err == RD_KAFKA_RESP_ERR__FATAL)
    on_fatal_error();
  else
    context_.log(LogLevel::kError, "kafka: " + error.detail);
}

/// A topic that gives records, or says that there are none, has no problem any more; nor has the group it is read for.
void KafkaConsumer::note_success(uint16_t topic) {
  if (!context_.has_problem(ClientContext::Problem::kGroup)) return;
  if (problem_topic_.empty() || problem_topic_ == topics_[topic])
    context_.clear_problem(ClientContext::Problem::kGroup);
}

std::string_view KafkaConsumer::header(const InputRecord& record, const char* name) const {
  return header_of(*static_cast<const rd_kafka_message_t*>(record.native), name);
}

void KafkaConsumer::batch_done() {
  positions_.batch_done();
  drop_batch();
}

void KafkaConsumer::drop_batch() {
  records_.clear();
  messages_.clear();
  batch_bytes_ = 0;
}

// --- offsets

std::span<const PartitionOffset> KafkaConsumer::uncommitted() {
  return positions_.uncommitted();
}

PartitionListHandle KafkaConsumer::list_of(std::span<const PartitionOffset> offsets) const {
  PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const PartitionOffset& offset : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), topics_[offset.topic].c_str(), offset.partition)->offset =
        offset.offset;
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
  positions_.mark_committed(offsets);
}

Status KafkaConsumer::rewind() {
  drop_batch();
  forget_waiting();
  seek_all(positions_.rewind());
  return {};
}

Status KafkaConsumer::seek(const PartitionOffset& target) {
  drop_batch();
  forget_waiting(target.topic, target.partition);
  positions_.seek(target);
  seek_all({&target, 1});
  return {};
}

bool KafkaConsumer::exhausted(int32_t partition, int64_t until) const {
  return positions_.exhausted(partition, until);
}

/// A partition that the library has already taken away, without having said so yet, cannot be sought in. Then all are given up:
/// they are assigned anew, at their committed offsets, to whoever owns them.
void KafkaConsumer::seek_all(std::span<const PartitionOffset> targets) {
  if (targets.empty()) return;
  const PartitionListHandle list = list_of(targets);
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].offset == PartitionOffset::kUnknown) list->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  const ErrorHandle error(rd_kafka_seek_partitions(client_.get(), list.get(), -1));
  auto code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error.get());
  for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    code = list->elems[i].err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    give_up_client(kafka_error("cannot go to an offset", code).detail, Milliseconds(0));
}

// --- once a second

void KafkaConsumer::tick() {
  update_lag();
  check_connection();
}

void KafkaConsumer::update_lag() {
  size_t slot = 0;
  for (const ReadPosition& position : positions_.all()) {
    int64_t low = 0;
    int64_t high = RD_KAFKA_OFFSET_INVALID;
    // What the last fetch said; asks no broker.
    const auto code =
        rd_kafka_get_watermark_offsets(client_.get(), topics_[position.topic].c_str(), position.partition, &low, &high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) continue;
    const int64_t behind = position.behind(high);
    if (behind == PartitionOffset::kUnknown) continue;
    counters_.lag.set(slot++, {position.topic, position.partition, static_cast<uint64_t>(behind)});
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

RecordSource::Unread KafkaConsumer::unread() {
  Unread found = Unread::kNone;
  size_t asked = 0;
  for (const ReadPosition& position : positions_.all()) {
    if (position.held) return Unread::kNotKnown;  // it waits for other sources
    if (++asked > kUnreadAskedMax) break;
    int64_t low = 0;
    int64_t high = 0;
    const auto code = ask_bounds(client_.get(), topics_[position.topic], position.partition, kUnreadTimeout, low, high);
    // Markers of transactions stand behind the last record: the end that was heard of counts them.
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      found = Unread::kNotKnown;
    else if (high > std::max({position.expected, position.end, low}))
      return Unread::kSome;
  }
  return found;
}

Status KafkaConsumer::health() const {
  return health_;
}

std::string KafkaConsumer::name_of(const ReadPosition& position) const {
  return topics_[position.topic] + "/" + std::to_string(position.partition);
}

}  // namespace weir
