#include "kafka/single_producer.h"

#include <chrono>

#include "kafka/client_config.h"
#include "kafka/handles.h"

namespace weir {
namespace {

constexpr std::string_view kClientId = "weir-single";
constexpr int kSliceMs = 20;

/// What the broker said of it.
struct Receipt {
  bool over = false;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  ProducedRecord record;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  *static_cast<Receipt*>(message->_private) = {true, message->err, {message->partition, message->offset}};
}

void report_deliveries(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
}

}  // namespace

Result<ProducedRecord> produce_one(const ClientOptions& options, const std::string& topic, const std::string& value,
                                   Milliseconds timeout, int32_t partition) {
  ClientContext context;
  context.log = options.log;
  context.client_id = kClientId;
  auto properties = producer_properties(options, kClientId);
  properties.push_back({"message.timeout.ms", Secret(std::to_string(timeout.count()))});
  auto client = make_client(RD_KAFKA_PRODUCER, properties, context, report_deliveries);
  if (!client) return tl::unexpected(client.error());
  rd_kafka_t* producer = client->get();
  Receipt delivery;
  const auto code =
      rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&delivery), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("writing to topic " + topic, code));
  const auto end = std::chrono::steady_clock::now() + timeout * 2;
  while (!delivery.over && std::chrono::steady_clock::now() < end)
    rd_kafka_poll(producer, kSliceMs);
  rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(producer, kSliceMs);  // no report may come when `delivery` is gone
  if (delivery.error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("writing to topic " + topic, delivery.error));
  return delivery.record;
}

}  // namespace weir
