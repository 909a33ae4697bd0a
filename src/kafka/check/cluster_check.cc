#include "kafka/check/cluster_check.h"

#include <array>
#include <cstdio>
#include <random>
#include <set>

#include "kafka/check/rights_probe.h"
#include "kafka/topic_admin.h"
#include "kafka/topic_checks.h"

namespace weir {
namespace {

constexpr Milliseconds kBrokerTimeout{10'000};
constexpr Milliseconds kCallTimeout{10'000};
constexpr Milliseconds kProbeTimeout{8'000};

/// A topic of the configuration: its property, and what weir does with it.
struct TopicUse {
  std::string path;
  std::string name;
  bool read = false;
  bool written = false;
};

std::vector<TopicUse> topic_uses(const Config& config) {
  const KafkaTopics& topics = config.kafka.topics;
  const bool detects = config.has_stage(Stage::kDetect), scores = config.has_stage(Stage::kScore);
  std::vector<TopicUse> uses;
  for (size_t i = 0; i < topics.requests.size(); ++i)
    if (!is_topic_pattern(topics.requests[i]))
      uses.push_back({"kafka.topics.requests[" + std::to_string(i) + "]", topics.requests[i], detects, false});
  uses.push_back({"kafka.topics.observations", topics.observations, scores, detects});
  uses.push_back({"kafka.topics.alerts", topics.alerts, false, scores});
  uses.push_back({"kafka.topics.dead_letter", topics.dead_letter, false, true});
  uses.push_back({"kafka.topics.state", topics.state, scores, scores});
  if (scores && config.score.decisions) uses.push_back({"kafka.topics.decisions", topics.decisions, false, true});
  return uses;
}

std::string random_name() {
  std::random_device random;
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", random());
  return digits.data();
}

class ClusterCheck {
 public:
  explicit ClusterCheck(const Config& config)
      : config_(config), client_{config.kafka, memory_per_lane(config.memory, 1), [](LogLevel, std::string_view) {}} {}

  Diagnostics run() {
    auto admin = TopicAdmin::create(client_);
    if (!admin) return {error_at("kafka.bootstrap_servers", admin.error())};
    if (const Status answered = (*admin)->wait_for_broker(kBrokerTimeout); !answered)
      return {error_at("kafka.bootstrap_servers", answered.error())};
    admin_ = std::move(*admin);
    check_topics();
    check_settings();
    check_topic_rights();
    check_groups();
    return std::move(found_);
  }

 private:
  Diagnostic error_at(std::string_view path, const Error& error) const {
    // A broker's error ends in what to do, behind a semicolon.
    const size_t hint = error.detail.find("; ");
    const bool has_hint = hint != std::string::npos;
    return config_.finding(Diagnostic::Severity::kError, path, error.detail.substr(0, hint),
                           has_hint ? error.detail.substr(hint + 2) : "");
  }
  void error(std::string_view path, const Error& error) { found_.push_back(error_at(path, error)); }
  void error(std::string_view path, std::string message, std::string hint) {
    found_.push_back(config_.finding(Diagnostic::Severity::kError, path, std::move(message), std::move(hint)));
  }
  /// Warnings of the checks that start-up shares come as lines of a log.
  LogSink warnings_at(std::string path) {
    return [this, path = std::move(path)](LogLevel, std::string_view text) {
      const std::string_view prefix = "kafka: ";
      if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
      found_.push_back(config_.finding(Diagnostic::Severity::kWarning, path, std::string(text)));
    };
  }

  void check_topics() {
    const auto uses = topic_uses(config_);
    std::vector<std::string> names;
    for (const TopicUse& use : uses)
      names.push_back(use.name);
    const auto seen = admin_->look(names, kCallTimeout);
    if (!seen) return error("kafka.topics", seen.error());
    for (const TopicUse& use : uses) {
      const TopicSight sight = seen->at(use.name);
      if (sight == TopicSight::kThere) there_.insert(use.name);
      if (sight == TopicSight::kHidden)
        error(use.path, "topic " + use.name + " may not be seen",
              std::string("grant ") + (use.read ? "READ" : "") + (use.read && use.written ? ", " : "") +
                  (use.written ? "WRITE" : "") + " and DESCRIBE on it");
      if (sight == TopicSight::kMissing) check_missing(use);
    }
  }

  void check_missing(const TopicUse& use) {
    if (use.path.starts_with("kafka.topics.requests"))
      return error(use.path, "there is no topic " + use.name,
                   "create it, or correct the name: weir creates its own topics only");
    if (config_.kafka.topics.create == TopicCreation::kNever)
      return error(use.path, "there is no topic " + use.name, "create it, or set kafka.topics.create to true");
    for (const TopicSpec& spec : topic_specs(config_.kafka.topics, DecisionsTopic::kUsed)) {
      if (spec.name != use.name) continue;
      const std::array<const TopicSpec*, 1> specs{&spec};
      const Status allowed = admin_->create_topics(specs, config_.kafka.topics.replication_factor, kCallTimeout,
                                                   CreationTrial::kValidatedOnly);
      if (!allowed) error(use.path, allowed.error());
    }
  }

  void check_settings() {
    const KafkaTopics& topics = config_.kafka.topics;
    if (!there_.contains(topics.observations)) return;
    const std::array<std::string, 2> names{topics.observations, topics.state};
    const auto partitions = admin_->partitions(names, kCallTimeout);
    if (!partitions) return error("kafka.topics.observations", partitions.error());
    for (const std::string& name : names)
      if (!partitions->contains(name)) there_.erase(name);  // it goes as it is looked at
    if (!there_.contains(topics.observations)) return;
    const bool has_state = there_.contains(topics.state);
    if (has_state) {
      const StateTopics state{topics.observations, partitions->at(topics.observations), topics.state,
                              partitions->at(topics.state), config_.snapshot_round};
      if (const Status right = check_state_topics(*admin_, state, warnings_at("kafka.topics.state"), kCallTimeout);
          !right)
        error(right.error().detail.starts_with("topic " + topics.observations) ? "kafka.topics.observations"
                                                                               : "kafka.topics.state",
              right.error());
    }
    if (there_.contains(topics.decisions)) {
      if (const Status right =
              check_decisions_topic(*admin_, topics.decisions, warnings_at("kafka.topics.decisions"), kCallTimeout);
          !right)
        error("kafka.topics.decisions", right.error());
    }
    if (!there_.contains(topics.alerts)) return;
    if (const auto bytes = check_limits(*admin_, topics, has_state, warnings_at("kafka.topics.alerts"), kCallTimeout);
        !bytes)
      error("kafka.topics.alerts", bytes.error());
  }

  void check_topic_rights() {
    const RightsProbe probe(client_, kProbeTimeout);
    for (const TopicUse& use : topic_uses(config_)) {
      if (!there_.contains(use.name)) continue;
      if (use.read) {
        if (const Status allowed = probe.read(use.name); !allowed) missing_right(use, "READ", allowed.error());
      }
      if (use.written) {
        if (const Status allowed = probe.write(use.name); !allowed) missing_right(use, "WRITE", allowed.error());
      }
    }
  }

  /// The hint of an error code speaks of all topics; here it is known which one lacks what.
  void missing_right(const TopicUse& use, const std::string& right, const Error& why) {
    const std::string detail = why.detail.substr(0, why.detail.find("; "));
    error(use.path, detail, "grant " + right + " on topic " + use.name);
  }

  void check_groups() {
    const RightsProbe probe(client_, kProbeTimeout);
    for (const Stage stage : config_.stages) {
      const std::string group = config_.kafka.group_id + "-" + std::string(to_string(stage));
      if (const Status allowed = probe.commit(group); !allowed)
        error("kafka.group_id", allowed.error().detail.substr(0, allowed.error().detail.find("; ")),
              "grant READ on group " + group);
    }
    if (config_.delivery != Delivery::kExactlyOnce) return;
    if (const Status allowed = probe.transact(config_.kafka.group_id + "-check-" + random_name()); !allowed)
      error("kafka.group_id", allowed.error());
  }

  const Config& config_;
  ClientOptions client_;
  std::unique_ptr<TopicAdmin> admin_;
  std::set<std::string> there_;  // topics that exist and may be seen
  Diagnostics found_;
};

}  // namespace

Diagnostics check_cluster(const Config& config) {
  return ClusterCheck(config).run();
}

}  // namespace weir
