#include "kafka/check/client_check.h"

#include "base/catch.h"

using namespace weir;

namespace {

/// The findings about these client properties, one a line.
std::string findings(const std::string& properties, const std::string& more = {}) {
  Diagnostics diagnostics;
  const auto config =
      load_config_text(more + "kafka:\n  client_properties:\n" + properties, "weir.yaml", {}, diagnostics);
  REQUIRE(config);
  std::string text;
  for (const Diagnostic& diagnostic : check_client_properties(*config))
    text += diagnostic.to_string() + "\n";
  return text;
}

}  // namespace

TEST_CASE("properties that the client library takes together raise no finding", "[kafka]") {
  CHECK(findings("    linger.ms: 20\n    debug: broker\n").empty());
  CHECK(findings("    transaction.timeout.ms: 20000\n    message.timeout.ms: 20000\n").empty());
  CHECK(findings("    ssl.ca.location: /not/on/this/machine.pem\n").empty());
  CHECK(findings("    message.timeout.ms: 60000\n", "delivery: at_least_once\n").empty());
}

TEST_CASE("a transaction that ends before its messages do is refused, at the line that says so", "[kafka]") {
  const std::string lowered = findings("    linger.ms: 5\n    transaction.timeout.ms: 10000\n");
  CHECK(lowered.starts_with("weir.yaml:4:"));
  CHECK(lowered.find("set message.timeout.ms") != std::string::npos);
  const std::string raised = findings("    message.timeout.ms: 60000\n");
  CHECK(raised.starts_with("weir.yaml:3:"));
  CHECK(raised.find("set transaction.timeout.ms") != std::string::npos);
}

TEST_CASE("properties that contradict others are refused by what the library says, without their values", "[kafka]") {
  for (const std::string property :
       {"max.poll.interval.ms: 1234", "acks: 1", "max.in.flight: 6", "receive.message.max.bytes: 12345",
        "no.such.property: 12345", "linger.ms: hunter2", "message.timeout.ms: 1", "queuing.strategy: lifo",
        "reconnect.backoff.ms: 5000", "partition.assignment.strategy: range,cooperative-sticky"}) {
    CAPTURE(property);
    const std::string found = findings("    debug: broker\n    " + property + "\n");
    CAPTURE(found);
    CHECK(found.starts_with("weir.yaml:4:"));
    const std::string value = property.substr(property.find(": ") + 2);
    CHECK((value.size() < 4 || found.find(value) == std::string::npos));
  }
}
