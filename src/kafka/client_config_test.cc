#include "kafka/client_config.h"

#include <map>

#include "base/catch.h"
#include "lane/test_support.h"

using namespace weir;
using weir::test::LogLines;
using weir::test::wait_for;

namespace {

/// What a client made from these properties would use: the last of each name.
std::map<std::string, std::string> effective(const std::vector<ClientProperty>& properties) {
  std::map<std::string, std::string> last;
  for (const ClientProperty& property : properties)
    last[property.name] = property.value.reveal();
  return last;
}

ClientOptions secured_options() {
  ClientOptions options;
  options.kafka.bootstrap_servers = "broker.test:9093";
  options.kafka.security.protocol = SecurityProtocol::kSaslSsl;
  options.kafka.security.ca_file = "/etc/ssl/ca.pem";
  options.kafka.security.sasl_mechanism = "SCRAM-SHA-512";
  options.kafka.security.sasl_username = "weir";
  options.kafka.security.sasl_password = Secret("hunter2-hunter2");
  return options;
}

}  // namespace

TEST_CASE("the configuration's security settings reach the client", "[kafka]") {
  const auto properties = effective(connection_properties(secured_options().kafka, "weir-detect-0"));
  CHECK(properties.at("bootstrap.servers") == "broker.test:9093");
  CHECK(properties.at("security.protocol") == "sasl_ssl");
  CHECK(properties.at("ssl.ca.location") == "/etc/ssl/ca.pem");
  CHECK(properties.at("sasl.mechanisms") == "SCRAM-SHA-512");
  CHECK(properties.at("sasl.username") == "weir");
  CHECK(properties.at("sasl.password") == "hunter2-hunter2");
  CHECK_FALSE(properties.contains("ssl.key.location"));
}

TEST_CASE("consumers and producers have bounded memory and explicit semantics", "[kafka]") {
  ClientOptions options;
  const auto consumer = effective(consumer_properties(options, "c", {"weir-detect", "host-1-detect-0"}));
  CHECK(consumer.at("group.id") == "weir-detect");
  CHECK(consumer.at("group.instance.id") == "host-1-detect-0");
  CHECK(consumer.at("enable.auto.commit") == "false");
  CHECK(consumer.at("isolation.level") == "read_committed");
  CHECK(consumer.at("auto.offset.reset") == "earliest");
  CHECK(consumer.at("partition.assignment.strategy") == "range");
  CHECK(consumer.at("fetch.max.bytes") == "8388608");
  CHECK(consumer.at("queued.max.messages.kbytes") == "32768");
  const auto producer = effective(producer_properties(options, "p"));
  CHECK(producer.at("enable.idempotence") == "true");
  CHECK(producer.at("acks") == "all");
  CHECK(producer.at("compression.codec") == "lz4");
  CHECK(producer.at("queue.buffering.max.kbytes") == "65536");
}

TEST_CASE("without an instance id the membership is dynamic", "[kafka]") {
  CHECK_FALSE(effective(consumer_properties({}, "c", {"g", ""})).contains("group.instance.id"));
}

TEST_CASE("the user's properties come last and as they are", "[kafka]") {
  ClientOptions options;
  options.kafka.client_properties["linger.ms"] = Secret("77");
  options.kafka.client_properties["fetch.max.bytes"] = Secret("1234567");
  CHECK(effective(producer_properties(options, "p")).at("linger.ms") == "77");
  CHECK(effective(consumer_properties(options, "c", {"g", {}})).at("fetch.max.bytes") == "1234567");
}

TEST_CASE("the library takes every property that weir sets", "[kafka]") {
  ClientOptions options;
  LogLines lines;
  ClientContext context;
  context.log = lines.sink();
  CHECK(make_client(RD_KAFKA_CONSUMER, consumer_properties(options, "c", {"g", "i"}), context));
  CHECK(make_client(RD_KAFKA_PRODUCER, producer_properties(options, "p"), context));
}

TEST_CASE("a property that the library refuses is named, its value is not", "[kafka]") {
  ClientContext context;
  for (const auto& [name, value] :
       {std::pair{"security.protocol", "sasl_hunter2"}, std::pair{"no.such.property", "hunter2"}}) {
    const auto client = make_client(RD_KAFKA_PRODUCER, {{name, Secret(value)}}, context);
    REQUIRE_FALSE(client);
    CHECK(client.error().code == ErrorCode::kInvalidArgument);
    CHECK(client.error().detail.find(name) != std::string::npos);
    CHECK(client.error().detail.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("no secret is logged, even with the library's own debugging on", "[kafka]") {
  LogLines lines;
  ClientContext context;
  context.log = lines.sink();
  context.client_id = "weir-test";
  ClientOptions options = secured_options();
  options.kafka.bootstrap_servers = "127.0.0.1:1";
  options.kafka.security.protocol = SecurityProtocol::kSaslPlaintext;
  options.kafka.security.sasl_mechanism = "PLAIN";
  options.kafka.security.ca_file.clear();
  options.kafka.client_properties["debug"] = Secret("all");
  {
    auto client = make_client(RD_KAFKA_PRODUCER, producer_properties(options, "weir-test"), context);
    REQUIRE(client);
    CHECK(wait_for([&] {
      rd_kafka_poll(client->get(), 300);
      return !lines.text().empty();
    }));
  }
  CHECK(lines.text().find("hunter2") == std::string::npos);
}

TEST_CASE("a client's problems are told until they are cleared", "[kafka]") {
  ClientContext context;
  CHECK(context.problems().empty());
  context.set_problem(ClientContext::Problem::kConnection, "no broker");
  context.set_problem(ClientContext::Problem::kGroup, "not allowed");
  CHECK(context.problems() == "no broker; not allowed");
  context.clear_problem(ClientContext::Problem::kConnection);
  CHECK(context.problems() == "not allowed");
  context.clear_problem(ClientContext::Problem::kGroup);
  CHECK(context.problems().empty());
}
