#include "kafka/producer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "kafka/message.h"

namespace weir {
namespace {

rd_kafka_vu_t topic_field(rd_kafka_topic_t* topic) {
  rd_kafka_vu_t field{};
  field.vtype = RD_KAFKA_VTYPE_RKT;
  field.u.rkt = topic;
  return field;
}

rd_kafka_vu_t number_field(rd_kafka_vtype_t type, int32_t value) {
  rd_kafka_vu_t field{};
  field.vtype = type;
  if (type == RD_KAFKA_VTYPE_PARTITION)
    field.u.i32 = value;
  else
    field.u.i = value;
  return field;
}

rd_kafka_vu_t bytes_field(rd_kafka_vtype_t type, std::string_view bytes) {
  rd_kafka_vu_t field{};
  field.vtype = type;
  field.u.mem.ptr = const_cast<char*>(bytes.data());  // the C interface lacks const; it only copies
  field.u.mem.size = bytes.size();
  return field;
}

rd_kafka_vu_t pointer_field(rd_kafka_vtype_t type, void* pointer) {
  rd_kafka_vu_t field{};
  field.vtype = type;
  if (type == RD_KAFKA_VTYPE_HEADERS)
    field.u.headers = static_cast<rd_kafka_headers_t*>(pointer);
  else
    field.u.ptr = pointer;
  return field;
}

// What a delivery report must know travels as the message's opaque pointer, without an allocation: two bits of attempt, and
// the age in milliseconds of the source record when the message was produced, plus 1; 0: not measured.
void* opaque_from(int attempt, int64_t append_ms) {
  int64_t age = 0;
  if (append_ms > 0) {
    const auto now = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
    age = std::max<int64_t>(0, now - append_ms) + 1;
  }
  return reinterpret_cast<void*>(static_cast<intptr_t>(age * 4 + attempt));
}
int attempt_from(void* opaque) {
  return static_cast<int>(reinterpret_cast<intptr_t>(opaque) % 4);
}
int64_t age_from(void* opaque) {
  return reinterpret_cast<intptr_t>(opaque) / 4;
}

}  // namespace

KafkaProducer::KafkaProducer(std::string client_id, const ClientOptions& options, KafkaCounters& counters)
    : counters_(counters) {
  context_.log = options.log;
  context_.client_id = std::move(client_id);
  context_.producer = this;
}

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::create(const ClientOptions& options, const std::string& client_id,
                                                             KafkaCounters& counters,
                                                             std::string_view transactional_id) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(client_id, options, counters));
  auto client =
      make_client(RD_KAFKA_PRODUCER, producer_properties(options, client_id, transactional_id), producer->context_,
                  [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, &KafkaProducer::on_delivery); });
  if (!client) return tl::unexpected(client.error());
  producer->client_ = std::move(*client);
  return producer;
}

KafkaProducer::~KafkaProducer() {
  topics_.clear();
  if (client_ != nullptr && outstanding() > 0) purge();
}

Result<rd_kafka_topic_t*> KafkaProducer::topic(std::string_view name) {
  for (const auto& [known, handle] : topics_) {
    if (known == name) return handle.get();
  }
  TopicHandle handle(rd_kafka_topic_new(client_.get(), std::string(name).c_str(), nullptr));
  if (handle == nullptr) return tl::unexpected(kafka_error("topic " + std::string(name), rd_kafka_last_error()));
  topics_.emplace_back(std::string(name), std::move(handle));
  return topics_.back().second.get();
}

Status KafkaProducer::produce(const OutputMessage& message, int attempt) {
  HeadersHandle headers;
  if (!message.headers.empty()) {
    headers.reset(rd_kafka_headers_new(message.headers.size()));
    for (const OutputHeader& header : message.headers) {
      const auto code = rd_kafka_header_add(headers.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                                            header.value.data(), static_cast<ssize_t>(header.value.size()));
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("message header", code));
    }
  }
  return produce(message, headers, attempt);
}

Status KafkaProducer::produce(const OutputMessage& message, HeadersHandle& headers, int attempt) {
  Status status = produce_with(message, headers.get(), attempt);
  if (status) static_cast<void>(headers.release());  // the library's now
  return status;
}

Status KafkaProducer::produce_with(const OutputMessage& message, rd_kafka_headers_t* headers, int attempt) {
  const auto handle = topic(message.topic);
  if (!handle) return tl::unexpected(handle.error());
  std::array<rd_kafka_vu_t, 7> fields{
      topic_field(*handle),
      number_field(RD_KAFKA_VTYPE_PARTITION, message.partition),
      number_field(RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY),
      bytes_field(RD_KAFKA_VTYPE_VALUE, message.value),
      pointer_field(RD_KAFKA_VTYPE_OPAQUE, opaque_from(attempt, message.append_ms)),
      bytes_field(RD_KAFKA_VTYPE_KEY, message.key),
      pointer_field(RD_KAFKA_VTYPE_HEADERS, headers),
  };
  const ErrorHandle error(rd_kafka_produceva(client_.get(), fields.data(), headers == nullptr ? 6 : 7));
  if (error == nullptr) {
    ++produced_;
    counters_.produced_messages.add();
    counters_.produced_bytes.add(message.key.size() + message.value.size());
    return {};
  }
  const auto code = rd_kafka_error_code(error.get());
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return fail(ErrorCode::kLimit, "kafka", "the output queue is full");
  return tl::unexpected(
      kafka_error("cannot produce to " + std::string(message.topic), code, rd_kafka_error_string(error.get())));
}

void KafkaProducer::poll(Milliseconds timeout) {
  rd_kafka_poll(client_.get(), static_cast<int>(timeout.count()));
}

bool KafkaProducer::flush(Milliseconds timeout) {
  const auto code = rd_kafka_flush(client_.get(), static_cast<int>(timeout.count()));
  return code == RD_KAFKA_RESP_ERR_NO_ERROR && outstanding() == 0;
}

std::vector<DeliveryFailure> KafkaProducer::take_failures() {
  return std::exchange(failures_, {});
}

bool KafkaProducer::fatal() const {
  return rd_kafka_fatal_error(client_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
}

void KafkaProducer::purge() {
  const auto code = rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  WEIR_ASSERT(code == RD_KAFKA_RESP_ERR_NO_ERROR, "purging fails only on wrong flags or a client that is no producer");
  poll(Milliseconds(0));  // reports of purged messages; nobody waits for them
}

void KafkaProducer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  KafkaProducer& self = *static_cast<ClientContext*>(opaque)->producer;
  ++self.reported_;
  WEIR_ASSERT(self.reported_ <= self.produced_, "a delivery report for a message that was not produced");
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return self.record_failure(*message);
  self.record_skew(*message);
  if (const int64_t age = age_from(message->_private); age > 0) self.record_latency(*message, age - 1);
}

/// The report may be served long after the broker's answer, so the library's own measure of the way there is taken.
void KafkaProducer::record_latency(const rd_kafka_message_t& message, int64_t age_ms) {
  const int64_t under_way_us = std::max<int64_t>(0, rd_kafka_message_latency(&message));
  counters_.alert_latency_seconds.observe(static_cast<double>(age_ms) / 1e3 + static_cast<double>(under_way_us) / 1e6);
}

/// Where the broker stamps messages itself, its clock stood there between the sending and now: what cannot be that is skew.
void KafkaProducer::record_skew(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t stamped = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME || stamped <= 0) return;
  const auto now = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()).time_since_epoch().count();
  const int64_t under_way_us = std::max<int64_t>(0, rd_kafka_message_latency(&message));
  const int64_t least = stamped - now, most = stamped - (now - under_way_us / 1'000 - 1);
  counters_.clock_skew_ms.set(least > 0 ? least : std::min<int64_t>(most, 0));
}

void KafkaProducer::record_failure(const rd_kafka_message_t& message) {
  ++failed_;
  counters_.delivery_errors.add();
  if (failures_.size() >= kFailuresMax) return;
  DeliveryFailure failure;
  failure.topic = rd_kafka_topic_name(message.rkt);
  failure.code = message.err;
  failure.attempt = attempt_from(message._private);
  failure.payload_bytes = message.len;
  if (message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    failure.key = text_of(message.key, message.key_len);
    if (message.len <= kKeptValueBytesMax) failure.value = text_of(message.payload, message.len);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
      failure.headers.reset(rd_kafka_headers_copy(headers));
  }
  failures_.push_back(std::move(failure));
}

}  // namespace weir
