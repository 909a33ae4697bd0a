#include "kafka/single_producer.h"

#include <chrono>

#include "kafka/client_config.h"
#include "kafka/handles.h"

namespace weir {
namespace {

constexpr std::string_view kSingleClientId = "weir-single";
constexpr int kDeliverySliceMs = 20;

/// What the broker said of it.
struct Receipt {
  bool over = false;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  ProducedRecord record;
};

void keep_receipt(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  *static_cast<Receipt*>(message->_private) = {true, message->err, {message->partition, message->offset}};
}

void report_receipts(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_dr_msg_cb(conf, keep_receipt);
}

/// The library tells what is empty from what is not there by the pointer.
void* bytes_or_null(const std::string& bytes) {
  return bytes.empty() ? nullptr : const_cast<char*>(bytes.data());
}

}  // namespace

Result<ProducedRecord> produce_one(const ClientOptions& options, const SingleRecord& record, Milliseconds timeout) {
  ClientContext context;
  context.log = options.log;
  context.client_id = kSingleClientId;
  auto properties = producer_properties(options, kSingleClientId);
  properties.push_back({"message.timeout.ms", Secret(std::to_string(timeout.count()))});
  auto client = make_client(RD_KAFKA_PRODUCER, properties, context, report_receipts);
  if (!client) return tl::unexpected(client.error());
  rd_kafka_t* producer = client->get();
  Receipt delivery;
  const auto code =
      rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(record.topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
                        RD_KAFKA_V_KEY(bytes_or_null(record.key), record.key.size()),
                        RD_KAFKA_V_VALUE(bytes_or_null(record.value), record.value.size()),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&delivery), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("writing to topic " + record.topic, code));
  const auto end = std::chrono::steady_clock::now() + timeout * 2;
  while (!delivery.over && std::chrono::steady_clock::now() < end)
    rd_kafka_poll(producer, kDeliverySliceMs);
  rd_kafka_purge(producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(producer, kDeliverySliceMs);  // no report may come when `delivery` is gone
  if (delivery.error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return tl::unexpected(kafka_error("writing to topic " + record.topic, delivery.error));
  return delivery.record;
}

}  // namespace weir
