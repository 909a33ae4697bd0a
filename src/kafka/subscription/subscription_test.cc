#include "kafka/subscription/subscription.h"

#include "base/catch.h"
#include "kafka/embedded_broker.h"
#include "kafka/record_feeder.h"
#include "lane/test_support.h"

using namespace weir;
using namespace weir::test;

namespace {

// Of the Kafka protocol.
constexpr int kUnknownServerError = -1;
constexpr int kTopicAuthorizationFailed = 29;

/// A topic of two partitions on the embedded broker, and a group that is nowhere in it yet.
struct Fixture {
  Fixture() {
    const std::vector<EmbeddedBroker::Topic> topics{{"alerts", 2}};
    auto started = EmbeddedBroker::start(topics, lines.sink());
    REQUIRE(started);
    broker = std::move(*started);
    options.kafka.bootstrap_servers = broker->bootstrap_servers();
    options.log = lines.sink();
  }
  std::unique_ptr<Subscription> subscribe() {
    auto opened = Subscription::open(options, "alerts", "notifiers", Subscription::Start::kNewest);
    if (!opened) FAIL(opened.error().to_string());
    return std::move(*opened);
  }
  void produce(std::string_view value) {
    auto feeder = RecordFeeder::create(options);
    REQUIRE(feeder);
    REQUIRE((*feeder)->produce("alerts", "key", value, 1));
    REQUIRE((*feeder)->flush(Milliseconds(60'000)));
  }

  LogLines lines;
  std::unique_ptr<EmbeddedBroker> broker;
  ClientOptions options;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a broker that does not say where to read on delays a subscription and does not end it",
                 "[subscription]") {
  broker->fail_offset_queries(kUnknownServerError, 2);
  const auto subscription = subscribe();
  bool is_told = false;
  REQUIRE(wait_for([&] {
    const auto record = subscription->next(Milliseconds(20));
    if (!record) FAIL(record.error().to_string());
    is_told |= subscription->problems().find("the topic's ends") != std::string::npos;
    return subscription->has_joined();
  }));
  CHECK(is_told);
  CHECK(subscription->problems().empty());

  produce("an alert");
  std::string value;
  REQUIRE(wait_for([&] {
    auto record = subscription->next(Milliseconds(20));
    if (!record) FAIL(record.error().to_string());
    if (*record) value = (*record)->value;
    return !value.empty();
  }));
  CHECK(value == "an alert");
}

TEST_CASE_METHOD(Fixture, "a broker that refuses to say where to read on ends a subscription", "[subscription]") {
  broker->fail_offset_queries(kTopicAuthorizationFailed, 1'000);
  const auto subscription = subscribe();
  std::string reason;
  REQUIRE(wait_for([&] {
    const auto record = subscription->next(Milliseconds(20));
    if (!record) reason = record.error().detail;
    return !reason.empty();
  }));
  CHECK(reason.find("the topic's ends") != std::string::npos);
}
