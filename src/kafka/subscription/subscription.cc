#include "kafka/subscription/subscription.h"

#include <chrono>
#include <set>
#include <utility>

#include "kafka/ask_bounds.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "kafka/topic_admin.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kAnswerMax{10'000};
constexpr int kAnswerMaxMs = 10'000;
constexpr Milliseconds kLeaveMax{5'000};
constexpr int kSubscriptionSliceMs = 100;

/// What the brokers do not take back by being asked again.
bool is_refusal(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

}  // namespace

/// The client's callbacks get the context, and find the rest around it.
struct Subscription::Impl : ClientContext {
  std::string topic;
  Start start = Start::kNewest;
  ClientHandle client;
  PartitionListHandle mine{rd_kafka_topic_partition_list_new(0)};
  PartitionListHandle given;     // by the group, but where to read on is not known yet: the brokers did not say
  std::set<int32_t> unfinished;  // partitions whose end was not reached yet
  bool is_joined = false;
  bool is_held = false;
  uint64_t losses = 0;
  bool is_refused = false;  // once so, it cannot go on
  Status health;

  ~Impl() { leave(); }

  static void on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions,
                           void* opaque);
  void take_given();
  Status take(rd_kafka_topic_partition_list_t& partitions);
  Error refused_or_not(std::string_view what, rd_kafka_resp_err_t code, std::string_view reason = {});
  Result<PartitionListHandle> committed_of_all();
  Status begin_at_ends(rd_kafka_topic_partition_list_t& all);
  Status commit(rd_kafka_topic_partition_list_t& offsets);
  void hold_if_asked();
  void leave();
};

void Subscription::Impl::on_rebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                                      rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  Impl& self = static_cast<Impl&>(*static_cast<ClientContext*>(opaque));
  if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    ++self.losses;
    self.is_joined = false;
    self.unfinished.clear();
    self.mine.reset(rd_kafka_topic_partition_list_new(0));
    self.given.reset();
    static_cast<void>(rd_kafka_assign(client, nullptr));
    return;
  }
  self.given.reset(rd_kafka_topic_partition_list_copy(partitions));
  self.take_given();
  if (self.is_joined) return;
  // To take none is an answer, too: the member stays in the group and asks again.
  const PartitionListHandle none(rd_kafka_topic_partition_list_new(0));
  static_cast<void>(rd_kafka_assign(client, none.get()));
}

/// A broker that gives no answer, or a transaction that is not decided, delays reading; it does not end it.
void Subscription::Impl::take_given() {
  const Status status = take(*given);
  if (status) {
    given.reset();
  } else if (is_refused) {
    health = status;
  } else {
    set_problem(Problem::kGroup, status.error().detail);
  }
}

Error Subscription::Impl::refused_or_not(std::string_view what, rd_kafka_resp_err_t code, std::string_view reason) {
  is_refused |= is_refusal(code);
  return kafka_error(what, code, reason);
}

/// Reads on where the group is. Where it is nowhere yet, its place is written down before anything is read, so that nothing of what
/// comes from now on can be passed over after a crash.
Status Subscription::Impl::take(rd_kafka_topic_partition_list_t& partitions) {
  auto all = committed_of_all();
  if (!all) return tl::unexpected(all.error());
  bool is_new = true;
  for (int i = 0; i < (*all)->cnt; ++i)
    is_new = is_new && (*all)->elems[i].offset < 0;
  if (is_new && start == Start::kNewest) {
    if (Status status = begin_at_ends(**all); !status) return status;
  }
  for (int i = 0; i < partitions.cnt; ++i) {
    rd_kafka_topic_partition_t& partition = partitions.elems[i];
    const auto* known = rd_kafka_topic_partition_list_find(all->get(), partition.topic, partition.partition);
    partition.offset = known == nullptr || known->offset < 0 ? int64_t{RD_KAFKA_OFFSET_BEGINNING} : known->offset;
    unfinished.insert(partition.partition);
  }
  if (const auto code = rd_kafka_assign(client.get(), &partitions); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(refused_or_not("taking the assignment", code));
  mine.reset(rd_kafka_topic_partition_list_copy(&partitions));
  is_joined = true;
  clear_problem(Problem::kGroup);
  hold_if_asked();
  return {};
}

Result<PartitionListHandle> Subscription::Impl::committed_of_all() {
  const rd_kafka_metadata_t* found = nullptr;
  const TopicHandle handle(rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
  auto code = rd_kafka_metadata(client.get(), 0, handle.get(), &found, kAnswerMaxMs);
  const MetadataHandle metadata(code == RD_KAFKA_RESP_ERR_NO_ERROR ? found : nullptr);
  if (metadata == nullptr) return tl::unexpected(refused_or_not("the topic's partitions", code));
  PartitionListHandle all(rd_kafka_topic_partition_list_new(1));
  for (int i = 0; i < metadata->topic_cnt; ++i)
    for (int k = 0; k < metadata->topics[i].partition_cnt; ++k)
      rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), metadata->topics[i].partitions[k].id);
  code = rd_kafka_committed(client.get(), all.get(), kAnswerMaxMs);
  for (int i = 0; i < all->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    code = all->elems[i].err;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return all;
  return tl::unexpected(refused_or_not("the group's committed offsets", code));
}

/// Of all partitions, not only this member's: the group is as new for the others.
Status Subscription::Impl::begin_at_ends(rd_kafka_topic_partition_list_t& all) {
  for (int i = 0; i < all.cnt; ++i) {
    const auto code =
        ask_end(client.get(), topic, all.elems[i].partition, Milliseconds(kAnswerMaxMs), all.elems[i].offset);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(refused_or_not("the topic's ends", code));
  }
  return commit(all);
}

Status Subscription::Impl::commit(rd_kafka_topic_partition_list_t& offsets) {
  if (offsets.cnt == 0) return {};
  const QueueHandle answers(rd_kafka_queue_new(client.get()));
  auto code = rd_kafka_commit_queue(client.get(), &offsets, answers.get(), nullptr, nullptr);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(refused_or_not("committing", code));
  const EventHandle answer(rd_kafka_queue_poll(answers.get(), kAnswerMaxMs));
  if (answer == nullptr) return fail(ErrorCode::kKafka, "kafka", "committing: the broker did not answer within 10 s");
  code = rd_kafka_event_error(answer.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(refused_or_not("committing", code, rd_kafka_event_error_string(answer.get())));
  return {};
}

void Subscription::Impl::hold_if_asked() {
  if (is_held && mine->cnt > 0) static_cast<void>(rd_kafka_pause_partitions(client.get(), mine.get()));
}

void Subscription::Impl::leave() {
  if (client == nullptr) return;
  const QueueHandle events(rd_kafka_queue_new(client.get()));
  const ErrorHandle error(rd_kafka_consumer_close_queue(client.get(), events.get()));
  const auto give_up = Clock::now() + kLeaveMax;
  while (error == nullptr && rd_kafka_consumer_closed(client.get()) == 0 && Clock::now() < give_up) {
    const EventHandle event(rd_kafka_queue_poll(events.get(), kSubscriptionSliceMs));
    if (event != nullptr && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
      static_cast<void>(rd_kafka_assign(client.get(), nullptr));
  }
  client.reset();
}

Subscription::Subscription() : impl_(std::make_unique<Impl>()) {}
Subscription::~Subscription() = default;

Result<std::unique_ptr<Subscription>> Subscription::open(const ClientOptions& options, const std::string& topic,
                                                         const std::string& group_id, Start start) {
  auto admin = TopicAdmin::create(options);
  if (!admin) return tl::unexpected(admin.error());
  if (Status status = (*admin)->wait_for_broker(kAnswerMax); !status) return tl::unexpected(status.error());
  const std::vector<std::string> topics{topic};
  const auto partitions = (*admin)->partitions(topics, kAnswerMax);
  if (!partitions) return tl::unexpected(partitions.error());
  if (partitions->count(topic) == 0) return fail(ErrorCode::kNotFound, "kafka", "topic " + topic + " does not exist");

  std::unique_ptr<Subscription> subscription(new Subscription);
  Impl& impl = *subscription->impl_;
  impl.log = options.log;
  impl.client_id = group_id;
  impl.topic = topic;
  impl.start = start;
  auto client = make_client(RD_KAFKA_CONSUMER, consumer_properties(options, impl.client_id, {group_id, {}}), impl,
                            [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_rebalance_cb(conf, &Impl::on_rebalance); });
  if (!client) return tl::unexpected(client.error());
  impl.client = std::move(*client);
  const PartitionListHandle wanted(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  auto code = rd_kafka_poll_set_consumer(impl.client.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = rd_kafka_subscribe(impl.client.get(), wanted.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("joining the group", code));
  return subscription;
}

Result<std::optional<TopicRecord>> Subscription::next(Milliseconds timeout) {
  if (impl_->given && impl_->health) impl_->take_given();
  const MessageHandle message(rd_kafka_consumer_poll(impl_->client.get(), static_cast<int>(timeout.count())));
  if (!impl_->health) return tl::unexpected(impl_->health.error());
  if (message == nullptr) return std::nullopt;
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    impl_->unfinished.erase(message->partition);
    return std::nullopt;
  }
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return record_from(*message);
  if (is_refusal(message->err)) {
    return tl::unexpected(kafka_error("reading alerts", message->err, rd_kafka_message_errstr(message.get())));
  }
  // The library tries again by itself.
  impl_->set_problem(ClientContext::Problem::kGroup, rd_kafka_message_errstr(message.get()));
  return std::nullopt;
}

uint64_t Subscription::losses() const {
  return impl_->losses;
}

void Subscription::hold() {
  if (impl_->is_held) return;
  impl_->is_held = true;
  impl_->hold_if_asked();
}

void Subscription::go_on() {
  if (!impl_->is_held) return;
  impl_->is_held = false;
  if (impl_->mine->cnt > 0) static_cast<void>(rd_kafka_resume_partitions(impl_->client.get(), impl_->mine.get()));
}

bool Subscription::has_reached_ends() const {
  return impl_->is_joined && impl_->unfinished.empty();
}

bool Subscription::has_joined() const {
  return impl_->is_joined;
}

Status Subscription::commit(const std::vector<TopicPosition>& positions) {
  const PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const TopicPosition& position : positions)
    rd_kafka_topic_partition_list_add(list.get(), impl_->topic.c_str(), position.partition)->offset = position.offset;
  return impl_->commit(*list);
}

std::string Subscription::problems() const {
  return impl_->problems();
}

}  // namespace weir
