#include "kafka/check/rights_probe.h"

#include <chrono>

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kCheckClientId = "weir-check";
constexpr const char* kNoSuchTopic = "weir-check.no-such-topic";
constexpr int kProbeSliceMs = 50;

/// Records of a fetch and its refusal both answer; an empty partition does by its end.
bool is_answer(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTITION_EOF;
}

/// Whether a right is missing; connections that come and go are nobody's refusal.
bool is_refusal(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

/// What a broker says of the one record that is sent to find out a right.
void keep_answer(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  *static_cast<rd_kafka_resp_err_t*>(message->_private) = message->err;
}

void report_answers(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_dr_msg_cb(conf, keep_answer);
}

Status answer_of(const std::string& what, rd_kafka_resp_err_t code) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return tl::unexpected(kafka_error(what, code));
}

}  // namespace

struct RightsProbe::Client {
  ClientContext context;
  ClientHandle handle;
};

RightsProbe::RightsProbe(ClientOptions options, Milliseconds timeout)
    : options_(std::move(options)), timeout_(timeout) {
  options_.log = [](LogLevel, std::string_view) {};  // what the probe provokes is no news
}

Result<std::unique_ptr<RightsProbe::Client>> RightsProbe::make(rd_kafka_type_t type,
                                                               std::vector<ClientProperty> properties) const {
  auto client = std::make_unique<Client>();
  client->context.log = options_.log;
  client->context.client_id = kCheckClientId;
  auto handle = make_client(type, properties, client->context, type == RD_KAFKA_PRODUCER ? report_answers : nullptr);
  if (!handle) return tl::unexpected(handle.error());
  client->handle = std::move(*handle);
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client->handle.get());
  return client;
}

Status RightsProbe::read(const std::string& topic) const {
  // A group of its own name is never joined: partitions are assigned by hand.
  auto client =
      make(RD_KAFKA_CONSUMER, consumer_properties(options_, kCheckClientId, {options_.kafka.group_id + "-detect", {}}));
  if (!client) return tl::unexpected(client.error());
  rd_kafka_t* consumer = (*client)->handle.get();
  const PartitionListHandle partitions(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(partitions.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_END;
  if (const auto code = rd_kafka_assign(consumer, partitions.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return answer_of("topic " + topic, code);
  const auto end = Clock::now() + timeout_;
  while (Clock::now() < end) {
    const MessageHandle message(rd_kafka_consumer_poll(consumer, kProbeSliceMs));
    if (message == nullptr) continue;
    if (is_answer(message->err)) return {};
    if (is_refusal(message->err)) return answer_of("reading from topic " + topic, message->err);
  }
  return answer_of("reading from topic " + topic, RD_KAFKA_RESP_ERR__TIMED_OUT);
}

Status RightsProbe::write(const std::string& topic) const {
  auto properties = producer_properties(options_, kCheckClientId);
  const std::pair<const char*, const char*> changes[] = {
      {"enable.idempotence", "false"}, {"acks", "2"}, {"retries", "0"}, {"linger.ms", "0"}};
  for (const auto& [name, value] : changes)
    properties.push_back({name, Secret(value)});
  properties.push_back({"message.timeout.ms", Secret(std::to_string(timeout_.count()))});
  auto client = make(RD_KAFKA_PRODUCER, std::move(properties));
  if (!client) return tl::unexpected(client.error());
  rd_kafka_t* producer = (*client)->handle.get();
  auto answer = RD_KAFKA_RESP_ERR__IN_PROGRESS;
  const std::string value = "weir config check";
  const auto code =
      rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&answer), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return answer_of("writing to topic " + topic, code);
  const auto end = Clock::now() + timeout_ * 2;
  while (answer == RD_KAFKA_RESP_ERR__IN_PROGRESS && Clock::now() < end)
    rd_kafka_poll(producer, kProbeSliceMs);
  rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(producer, kProbeSliceMs);  // no report may come when `answer` is gone
  if (answer == RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS) return {};
  return answer_of("writing to topic " + topic,
                   answer == RD_KAFKA_RESP_ERR__IN_PROGRESS ? RD_KAFKA_RESP_ERR__TIMED_OUT : answer);
}

Status RightsProbe::commit(const std::string& group) const {
  auto client = make(RD_KAFKA_CONSUMER, consumer_properties(options_, kCheckClientId, {group, {}}));
  if (!client) return tl::unexpected(client.error());
  rd_kafka_t* consumer = (*client)->handle.get();
  const PartitionListHandle offsets(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(offsets.get(), kNoSuchTopic, 0)->offset = 0;
  const QueueHandle answers(rd_kafka_queue_new(consumer));
  auto code = rd_kafka_commit_queue(consumer, offsets.get(), answers.get(), nullptr, nullptr);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return answer_of("group " + group, code);
  const auto end = Clock::now() + timeout_;
  while (Clock::now() < end) {
    const EventHandle answer(rd_kafka_queue_poll(answers.get(), kProbeSliceMs));
    const MessageHandle message(rd_kafka_consumer_poll(consumer, 0));
    if (message != nullptr && is_refusal(message->err)) return answer_of("group " + group, message->err);
    if (answer == nullptr) continue;
    code = rd_kafka_event_error(answer.get());
    const auto* list = rd_kafka_event_topic_partition_list(answer.get());
    if (!is_refusal(code) && list != nullptr && list->cnt > 0) code = list->elems[0].err;
    return code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ? answer_of("group " + group, code) : Status();
  }
  return answer_of("group " + group, RD_KAFKA_RESP_ERR__TIMED_OUT);
}

Status RightsProbe::transact(const std::string& transactional_id) const {
  auto client = make(RD_KAFKA_PRODUCER, producer_properties(options_, kCheckClientId, transactional_id));
  if (!client) return tl::unexpected(client.error());
  const ErrorHandle error(rd_kafka_init_transactions((*client)->handle.get(), static_cast<int>(timeout_.count())));
  return error == nullptr ? Status() : answer_of("transactions", rd_kafka_error_code(error.get()));
}

}  // namespace weir
