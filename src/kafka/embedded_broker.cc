#include "kafka/embedded_broker.h"

#include "base/assert.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"

namespace weir {
namespace {

constexpr int16_t kProduceRequest = 0;  // numbers of the Kafka protocol
constexpr int16_t kListOffsetsRequest = 2;
constexpr int16_t kOffsetCommitRequest = 8;
constexpr int16_t kHeartbeatRequest = 12;

}  // namespace

struct EmbeddedBroker::Impl {
  ClientContext context;
  ClientHandle client;  // the mock cluster's own bookkeeping needs one
  MockClusterHandle cluster;

  void push_errors(int16_t api_key, int code, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      rd_kafka_mock_push_request_errors(cluster.get(), api_key, 1, static_cast<rd_kafka_resp_err_t>(code));
    }
  }
};

EmbeddedBroker::EmbeddedBroker() : impl_(std::make_unique<Impl>()) {}
EmbeddedBroker::~EmbeddedBroker() = default;

Result<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::start(std::span<const Topic> topics, LogSink log) {
  std::unique_ptr<EmbeddedBroker> broker(new EmbeddedBroker);
  Impl& impl = *broker->impl_;
  impl.context.log = std::move(log);
  impl.context.client_id = "weir-embedded-broker";
  auto client = make_client(RD_KAFKA_PRODUCER, {{"client.id", Secret("weir-embedded-broker")}}, impl.context);
  if (!client) return tl::unexpected(client.error());
  impl.client = std::move(*client);
  impl.cluster.reset(rd_kafka_mock_cluster_new(impl.client.get(), 1));
  if (impl.cluster == nullptr)
    return fail(ErrorCode::kKafka, "kafka", "the client library could not start its embedded broker");
  for (const Topic& topic : topics) {
    const auto code = rd_kafka_mock_topic_create(impl.cluster.get(), topic.name.c_str(), topic.partitions, 1);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(kafka_error("embedded topic " + topic.name, code));
  }
  broker->bootstrap_servers_ = rd_kafka_mock_cluster_bootstraps(impl.cluster.get());
  return broker;
}

void EmbeddedBroker::fail_produce_requests(int code, size_t count) {
  impl_->push_errors(kProduceRequest, code, count);
}

void EmbeddedBroker::fail_offset_commits(int code, size_t count) {
  impl_->push_errors(kOffsetCommitRequest, code, count);
}

void EmbeddedBroker::fail_heartbeats(int code, size_t count) {
  impl_->push_errors(kHeartbeatRequest, code, count);
}

void EmbeddedBroker::fail_offset_queries(int code, size_t count) {
  impl_->push_errors(kListOffsetsRequest, code, count);
}

void EmbeddedBroker::set(Reachability reachability) {
  rd_kafka_mock_cluster_t* cluster = impl_->cluster.get();
  const auto code = reachability == Reachability::kDown ? rd_kafka_mock_broker_set_down(cluster, 1)
                                                        : rd_kafka_mock_broker_set_up(cluster, 1);
  WEIR_ASSERT(code == RD_KAFKA_RESP_ERR_NO_ERROR, "broker 1 of the embedded cluster exists");
}

}  // namespace weir
