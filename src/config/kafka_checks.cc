#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/topic_table.h"
#include "config/checks.h"
#include "config/topic_pattern.h"

namespace weir {
namespace {

/// A topic's name in use, as it is written, and where.
struct Use {
  std::string name;
  std::string path;
};
using Uses = std::map<std::string, Use, std::less<>>;  // by the name with '.' and '_' alike

constexpr size_t kKafkaNameBytesMax = 249;  // Kafka's, of topics and of members
/// Weir sets it for its transactions; see producer_properties.
constexpr int64_t kTransactionTimeoutMs = 30'000;
/// With less than this a lane's queues and one answer of a broker do not fit at their smallest.
constexpr uint32_t kLaneKbytesMin = 8'192;

bool is_plain_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_broker(std::string_view server) {
  const auto colon = server.rfind(':');
  const auto port_text = colon == std::string_view::npos ? std::string_view() : server.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const bool blank = server.find_first_of(" \t") != std::string_view::npos;
  return !blank && colon != 0 && !port_text.empty() && wrong == std::errc{} &&
         end == port_text.data() + port_text.size() && port != 0;
}

void check_brokers(const Config& config, ConfigReport& report) {
  std::string_view rest = config.kafka.bootstrap_servers;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    auto server = rest.substr(0, comma);
    while (server.starts_with(' '))
      server.remove_prefix(1);
    while (server.ends_with(' '))
      server.remove_suffix(1);
    if (!is_broker(server)) {
      report.error("kafka.bootstrap_servers",
                   "kafka.bootstrap_servers: '" + std::string(server) + "' is no broker's host:port",
                   "for example broker-1:9092,broker-2:9092");
    }
    more = comma != std::string_view::npos;
    rest = more ? rest.substr(comma + 1) : std::string_view();
  }
}

void check_names(const Config& config, ConfigReport& report) {
  const KafkaConfig& kafka = config.kafka;
  if (kafka.group_id.empty()) {
    report.error("kafka.group_id", "kafka.group_id is empty", "leave the line out for the default, weir");
  } else if (!is_plain_name(kafka.group_id)) {
    report.error("kafka.group_id",
                 "kafka.group_id '" + kafka.group_id + "' has characters that names in Kafka should not have",
                 "letters, digits, '.', '_' and '-': rights are granted by it");
  }
  if (!is_plain_name(kafka.instance_id) || kafka.instance_id.size() > kKafkaNameBytesMax - 16 ||
      kafka.instance_id == "." || kafka.instance_id == "..") {
    report.error("kafka.instance_id", "kafka.instance_id '" + kafka.instance_id + "' is refused by brokers",
                 "letters, digits, '.', '_' and '-', at most 233, for example the host's name");
  }
}

void check_topic(std::string_view path, const std::string& name, Uses& uses, ConfigReport& report) {
  const std::string key = std::string(path.substr(0, path.find('['))) + ": ";
  const std::string quoted = "'" + name + "'";
  if (name.empty() || name.size() > kKafkaNameBytesMax || name == "." || name == ".." || !is_plain_name(name)) {
    return report.error(path, key + quoted + " is no topic's name", "letters, digits, '.', '_' and '-', at most 249");
  }
  if (name.starts_with("__"))
    report.error(path, key + quoted + " is one of Kafka's own topics",
                 "name the topic that holds requests, or one of weir's own");
  std::string alike = name;
  std::replace(alike.begin(), alike.end(), '.', '_');
  const auto [found, is_new] = uses.emplace(alike, Use{name, std::string(path)});
  if (is_new) return;
  const Use& earlier = found->second;
  const std::string_view place = report.written_of({path, earlier.path});
  if (earlier.name == name) {
    report.error(place, key + "the topic " + quoted + " has two uses", "a topic that weir reads and writes would loop");
  } else {
    report.error(place, key + "the topics '" + earlier.name + "' and " + quoted + " differ in '.' and '_' only",
                 "brokers refuse such a pair: rename one");
  }
}

/// A pattern must not bring in what weir itself writes, which would loop, nor the broker's own topics.
void check_pattern(std::string_view path, const std::string& text, const KafkaTopics& topics, ConfigReport& report) {
  const auto pattern = TopicPattern::compile(text);
  if (!pattern) return report.error(path, "'" + text + "' is no pattern: " + pattern.error().detail, "POSIX extended");
  for (const std::string& own :
       {topics.alerts, topics.observations, topics.state, topics.dead_letter, topics.decisions, topics.verdicts}) {
    if (pattern->matches(own))
      return report.error(path, "the pattern '" + text + "' matches '" + own + "', which weir writes",
                          "make it narrower: weir would read its own output");
  }
  for (const char* own : {"__consumer_offsets", "__transaction_state"}) {
    if (pattern->matches(own))
      return report.error(path, "the pattern '" + text + "' matches the broker's own '" + own + "'",
                          "make it narrower");
  }
}

void check_topics(const Config& config, ConfigReport& report) {
  const auto& topics = config.kafka.topics;
  Uses uses;
  if (topics.requests.empty())
    report.error("kafka.topics.requests", "kafka.topics.requests names no topic", "name the topics with request logs");
  for (size_t i = 0; i < topics.requests.size(); ++i) {
    const std::string& topic = topics.requests[i];
    const std::string path = item_path("kafka.topics.requests", i);
    if (is_topic_pattern(topic)) {
      check_pattern(path, topic, topics, report);
    } else {
      check_topic(path, topic, uses, report);
    }
  }
  check_topic("kafka.topics.alerts", topics.alerts, uses, report);
  check_topic("kafka.topics.observations", topics.observations, uses, report);
  check_topic("kafka.topics.state", topics.state, uses, report);
  check_topic("kafka.topics.dead_letter", topics.dead_letter, uses, report);
  check_topic("kafka.topics.decisions", topics.decisions, uses, report);
  check_topic("kafka.topics.verdicts", topics.verdicts, uses, report);
  if (topics.replication_factor == 0)
    report.error("kafka.topics.replication_factor", "kafka.topics.replication_factor must not be 0",
                 "-1 is the broker's default");
}

constexpr std::string_view kProtocol = "kafka.security.protocol";

void check_sasl(const Config& config, ConfigReport& report) {
  const auto& security = config.kafka.security;
  const auto protocol = std::string(to_string(security.protocol));
  const bool sasl =
      security.protocol == SecurityProtocol::kSaslPlaintext || security.protocol == SecurityProtocol::kSaslSsl;
  if (!sasl) {
    const std::array<std::pair<std::string_view, bool>, 3> given{
        std::pair{"kafka.security.sasl_mechanism", !security.sasl_mechanism.empty()},
        std::pair{"kafka.security.sasl_username", !security.sasl_username.empty()},
        std::pair{"kafka.security.sasl_password", !security.sasl_password.empty()}};
    for (const auto& [path, is_given] : given) {
      if (!is_given) continue;
      report.error(
          path, std::string(path) + " is set, but kafka.security.protocol is " + protocol + ", which does without SASL",
          "set kafka.security.protocol to sasl_ssl (or sasl_plaintext), or remove the line");
    }
    return;
  }
  const auto require = [&](bool there, std::string_view path, std::string hint) {
    if (there) return;
    report.error(report.is_set(path) ? path : kProtocol,
                 std::string(path) + " is missing, which " + std::string(kProtocol) + " " + protocol + " needs",
                 std::move(hint));
  };
  require(!security.sasl_username.empty(), "kafka.security.sasl_username", "set it to the user's name");
  require(!security.sasl_password.empty(), "kafka.security.sasl_password", "set it, or sasl_password_file");
  const std::string known = "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512";
  require(!security.sasl_mechanism.empty(), "kafka.security.sasl_mechanism", known);
  static const std::set<std::string_view> kMechanisms{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", ""};
  if (!kMechanisms.contains(security.sasl_mechanism)) {
    report.error("kafka.security.sasl_mechanism",
                 "kafka.security.sasl_mechanism must be " + known + ", not '" + security.sasl_mechanism + "'",
                 "weir does without other mechanisms");
  }
  if (security.protocol == SecurityProtocol::kSaslPlaintext && security.sasl_mechanism == "PLAIN") {
    report.warning(
        kProtocol,
        "the password travels in the clear: kafka.security.protocol is sasl_plaintext and the mechanism PLAIN",
        "use sasl_ssl");
  }
}

void check_tls(const Config& config, ConfigReport& report) {
  const auto& security = config.kafka.security;
  const bool tls = security.protocol == SecurityProtocol::kSsl || security.protocol == SecurityProtocol::kSaslSsl;
  const std::array<std::pair<std::string_view, bool>, 4> given{
      std::pair{"kafka.security.ca_file", !security.ca_file.empty()},
      std::pair{"kafka.security.certificate_file", !security.certificate_file.empty()},
      std::pair{"kafka.security.key_file", !security.key_file.empty()},
      std::pair{"kafka.security.key_password", !security.key_password.empty()}};
  for (const auto& [path, is_given] : given) {
    if (tls || !is_given) continue;
    report.error(path,
                 std::string(path) + " is set, but kafka.security.protocol is " +
                     std::string(to_string(security.protocol)) + ", which does without TLS",
                 "set kafka.security.protocol to ssl or sasl_ssl, or remove the line");
  }
  if (security.certificate_file.empty() != security.key_file.empty()) {
    report.error(security.certificate_file.empty() ? "kafka.security.key_file" : "kafka.security.certificate_file",
                 "kafka.security.certificate_file and key_file come together", "set both, or neither");
  }
  if (!security.key_password.empty() && security.key_file.empty())
    report.error("kafka.security.key_password",
                 "kafka.security.key_password is set, but there is no kafka.security.key_file",
                 "set key_file and certificate_file, or remove the line");
}

// What weir's own guarantees stand on cannot be overridden.
void check_client_property_names(const Config& config, ConfigReport& report) {
  const auto& properties = config.kafka.client_properties;
  for (const std::string_view name :
       {"bootstrap.servers", "group.id", "group.instance.id", "enable.auto.commit", "enable.auto.offset.store",
        "isolation.level", "transactional.id", "enable.idempotence"}) {
    if (properties.contains(std::string(name))) {
      report.error("kafka.client_properties", "kafka.client_properties must not set '" + std::string(name) + "'",
                   "weir sets it: delivery depends on it");
    }
  }
  if (properties.contains(""))
    report.error("kafka.client_properties", "kafka.client_properties has a property without a name", "remove it");
}

/// A transaction is open from one commit to the next.
void check_commits(const Config& config, ConfigReport& report) {
  if (config.delivery != Delivery::kExactlyOnce || config.kafka.client_properties.contains("transaction.timeout.ms"))
    return;
  if (config.batch.commit_interval.count() < kTransactionTimeoutMs) return;
  report.error("batch.commit_interval_ms",
               "batch.commit_interval_ms is " + std::to_string(config.batch.commit_interval.count()) +
                   ", but brokers end a transaction after " + std::to_string(kTransactionTimeoutMs) + " ms",
               "lower it, or set delivery to at_least_once");
}

/// Only lanes that the configuration counts: what it leaves to the number of cores is another machine's affair.
void check_memory(const Config& config, ConfigReport& report) {
  uint64_t lanes = 0;
  if (config.has_stage(Stage::kDetect)) lanes += std::max<uint32_t>(config.lanes.detect, 1);
  if (config.has_stage(Stage::kScore)) lanes += config.lanes.score;
  const uint64_t share = config.memory.kafka_kbytes / std::max<uint64_t>(lanes, 1);
  if (share < kLaneKbytesMin) {
    const bool many_detect = config.lanes.detect >= config.lanes.score;
    report.error(
        report.written_of({many_detect ? "lanes.detect" : "lanes.score", "memory.kafka_kbytes"}),
        "memory.kafka_kbytes of " + std::to_string(config.memory.kafka_kbytes) + " is too little for " +
            std::to_string(lanes) + " lanes: " + std::to_string(share) + " KiB for each, and a lane needs " +
            std::to_string(kLaneKbytesMin),
        "raise memory.kafka_kbytes to " + std::to_string(lanes * kLaneKbytesMin) + ", or lower the number of lanes");
  }
  const std::array<std::pair<std::string_view, uint32_t>, 2> queues{
      std::pair{"memory.consumer_queue_kbytes", config.memory.consumer_queue_kbytes},
      std::pair{"memory.producer_queue_kbytes", config.memory.producer_queue_kbytes}};
  for (const auto& [path, kbytes] : queues) {
    if (kbytes * lanes <= config.memory.kafka_kbytes) continue;
    report.error(
        path,
        std::string(path) + " of " + std::to_string(lanes) + " lanes is " + std::to_string(kbytes * lanes) +
            " KiB, more than memory.kafka_kbytes of " + std::to_string(config.memory.kafka_kbytes),
        "lower it to " + std::to_string(config.memory.kafka_kbytes / lanes) + " at most, or raise memory.kafka_kbytes");
  }
}

}  // namespace

void check_kafka(const Config& config, ConfigReport& report) {
  check_brokers(config, report);
  check_names(config, report);
  check_topics(config, report);
  check_sasl(config, report);
  check_tls(config, report);
  check_client_property_names(config, report);
  check_commits(config, report);
  check_memory(config, report);
}

}  // namespace weir
