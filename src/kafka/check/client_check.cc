#include "kafka/check/client_check.h"

#include <charconv>
#include <optional>

#include "kafka/client_config.h"

namespace weir {
namespace {

constexpr std::string_view kCheck = "weir-check";

/// The finding stands where the property was written that it is about.
Diagnostic finding(const KafkaConfig& kafka, const std::string& property, std::string message, std::string hint) {
  Diagnostic diagnostic;
  if (const auto place = kafka.client_property_places.find(property); place != kafka.client_property_places.end()) {
    diagnostic.file = place->second.source;
    diagnostic.line = place->second.line;
    diagnostic.column = place->second.column;
  }
  diagnostic.message = std::move(message);
  diagnostic.hint = std::move(hint);
  return diagnostic;
}

std::optional<int64_t> number_of(const std::vector<ClientProperty>& properties, std::string_view name) {
  std::optional<int64_t> found;
  for (const ClientProperty& property : properties) {
    if (property.name != name) continue;
    const std::string& text = property.value.reveal();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    found = error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  }
  return found;
}

/// The library's own words for this rule do not say that lowering one property is enough to break it.
std::optional<Diagnostic> check_timeouts(const KafkaConfig& kafka, const std::vector<ClientProperty>& producer) {
  const auto message = number_of(producer, "message.timeout.ms");
  const auto transaction = number_of(producer, "transaction.timeout.ms");
  if (!message || !transaction || *message <= *transaction) return std::nullopt;
  const bool lowered = kafka.client_properties.contains("transaction.timeout.ms");
  return finding(kafka, lowered ? "transaction.timeout.ms" : "message.timeout.ms",
                 "transaction.timeout.ms must not be below message.timeout.ms, which weir sets to 30000",
                 lowered ? "set message.timeout.ms to the same value, or to a lower one"
                         : "set transaction.timeout.ms to the same value, or message.timeout.ms to 30000 at most");
}

/// Without what needs a network or files: brokers, and certificates, which may be elsewhere when a configuration is only checked.
std::vector<ClientProperty> offline(std::vector<ClientProperty> properties) {
  std::erase_if(properties, [](const ClientProperty& property) {
    return property.name == "bootstrap.servers" || property.name == "debug" ||
           (property.name.starts_with("ssl.") &&
            (property.name.ends_with(".location") || property.name == "ssl.key.password"));
  });
  return properties;
}

/// The error of a client of this kind, if it cannot be made.
Status try_client(rd_kafka_type_t type, const Config& config, const KafkaConfig& kafka) {
  const ClientOptions options{kafka, memory_per_lane(config.memory, 1), {}};
  const bool transactional = config.delivery == Delivery::kExactlyOnce;
  const auto properties =
      type == RD_KAFKA_CONSUMER
          ? consumer_properties(options, kCheck, {std::string(kCheck), kafka.instance_id, /*finds_ends=*/true})
          : producer_properties(options, kCheck, transactional ? kCheck : std::string_view());
  ClientContext context;
  context.client_id = type == RD_KAFKA_CONSUMER ? "consumer" : "producer";
  const auto client = make_client(type, offline(properties), context);
  return client ? Status() : Status(tl::unexpected(client.error()));
}

/// The property without which the client can be made. The library's text names others too, or none.
std::string culprit(rd_kafka_type_t type, const Config& config) {
  for (const auto& [name, value] : config.kafka.client_properties) {
    KafkaConfig without = config.kafka;
    without.client_properties.erase(name);
    if (try_client(type, config, without)) return name;
  }
  return config.kafka.client_properties.begin()->first;
}

/// The library repeats some values, and any of them may be a secret.
std::string without_values(std::string text, const KafkaConfig& kafka) {
  constexpr size_t kTellingBytes = 4;
  for (const auto& [name, value] : kafka.client_properties) {
    const std::string& secret = value.reveal();
    if (secret.size() < kTellingBytes) continue;
    for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 1))
      text.replace(at, secret.size(), "…");
  }
  return text;
}

}  // namespace

Diagnostics check_client_properties(const Config& config) {
  const KafkaConfig& kafka = config.kafka;
  Diagnostics found;
  if (kafka.client_properties.empty()) return found;
  if (config.delivery == Delivery::kExactlyOnce) {
    const auto producer = producer_properties({kafka, memory_per_lane(config.memory, 1), {}}, kCheck, kCheck);
    if (auto timeouts = check_timeouts(kafka, producer)) found.push_back(std::move(*timeouts));
  }
  for (const auto type : {RD_KAFKA_CONSUMER, RD_KAFKA_PRODUCER}) {
    if (!found.empty()) break;
    const Status status = try_client(type, config, kafka);
    if (status) continue;
    found.push_back(finding(kafka, culprit(type, config),
                            "kafka.client_properties: " + without_values(status.error().detail, kafka),
                            "docs/kafka.md lists what weir sets itself"));
  }
  return found;
}

}  // namespace weir
