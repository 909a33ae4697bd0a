#include "kafka/topic_checks.h"

#include <charconv>
#include <map>

#include "lane/block_router.h"
#include "lane/state/state_record.h"

namespace weir {
namespace {

constexpr int64_t kComfortableRetentionMs = 3'600'000;  // below it a longer stop loses client state
constexpr int64_t kRoundsMin = 4;                       // of snapshots that observations must outlive

/// Without evidence an alert is smaller than this; with all of it, than four times as much.
constexpr int64_t kAlertBytesMin = 4'096;
constexpr int64_t kBlockBytes = BlockRouter::kBlockBytesMax + 16'384;
constexpr int64_t kStatePartBytes = StateRecord::kPartBytesMax + 16'384;

using Settings = std::map<std::string, std::string>;

std::string setting(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

Status check_state(const StateTopics& topics, const Settings& settings) {
  const std::string policy = setting(settings, "cleanup.policy");
  if (policy == "compact") return {};
  return fail(ErrorCode::kInvalidArgument, "kafka",
              "topic " + topics.state + " has cleanup.policy " + policy +
                  ", which removes or hoards client state: set cleanup.policy=compact on it");
}

Status check_observations(const StateTopics& topics, const Settings& settings, const LogSink& log) {
  const std::string policy = setting(settings, "cleanup.policy");
  if (policy != "delete") {
    return fail(ErrorCode::kInvalidArgument, "kafka",
                "topic " + topics.observations + " has cleanup.policy " + policy +
                    ", which would remove observations that a restore reads again: set cleanup.policy=delete on it");
  }
  if (setting(settings, "message.timestamp.type") == "CreateTime") {
    log(LogLevel::kWarning,
        "kafka: topic " + topics.observations +
            " goes by the clocks of weir's machines: with one that is wrong, observations are refused "
            "or removed too early; set message.timestamp.type=LogAppendTime on it");
  }
  const std::string text = setting(settings, "retention.ms");
  int64_t retention_ms = -1;
  std::from_chars(text.data(), text.data() + text.size(), retention_ms);
  if (retention_ms < 0) return {};  // for ever
  if (retention_ms < kRoundsMin * topics.snapshot_round.count()) {
    return fail(ErrorCode::kInvalidArgument, "kafka",
                "topic " + topics.observations + " keeps observations for " + std::to_string(retention_ms) +
                    " ms only; a restore reads up to a round of snapshots (score.snapshot_round_ms, " +
                    std::to_string(topics.snapshot_round.count()) +
                    ") of them again: raise its retention.ms, a day is usual");
  }
  if (retention_ms < kComfortableRetentionMs) {
    log(LogLevel::kWarning,
        "kafka: topic " + topics.observations + " keeps observations for " + std::to_string(retention_ms / 1'000) +
            " s: after a longer stop the state of clients cannot be restored; raise its retention.ms");
  }
  return {};
}

}  // namespace

Status check_decisions_topic(TopicAdmin& admin, const std::string& topic, const LogSink& log, Milliseconds timeout) {
  const auto settings = admin.settings(topic, timeout);
  if (!settings) {
    log(LogLevel::kWarning,
        "kafka: the settings of the decisions topic are not checked (grant DESCRIBE_CONFIGS on it): " +
            settings.error().detail);
    return {};
  }
  const std::string policy = setting(*settings, "cleanup.policy");
  if (policy == "compact") return {};
  return fail(ErrorCode::kInvalidArgument, "kafka",
              "topic " + topic + " has cleanup.policy " + policy +
                  ", which removes decisions that are in force or hoards those that ended: set cleanup.policy=compact "
                  "on it");
}

Status check_state_topics(TopicAdmin& admin, const StateTopics& topics, const LogSink& log, Milliseconds timeout) {
  if (topics.state_partitions != topics.observations_partitions) {
    return fail(ErrorCode::kInvalidArgument, "kafka",
                "topic " + topics.state + " has " + std::to_string(topics.state_partitions) + " partitions but " +
                    topics.observations + " has " + std::to_string(topics.observations_partitions) +
                    "; they must be equal, and not change while there is state. weir state move takes the state "
                    "to new topics of another number (docs/upgrades.md)");
  }
  const auto state = admin.settings(topics.state, timeout);
  const auto observations = admin.settings(topics.observations, timeout);
  if (!state || !observations) {
    log(LogLevel::kWarning,
        "kafka: the settings of the state and observations topics are not checked (grant "
        "DESCRIBE_CONFIGS on them): " +
            (state ? observations.error().detail : state.error().detail));
    return {};
  }
  if (Status status = check_state(topics, *state); !status) return status;
  return check_observations(topics, *observations, log);
}

int64_t message_bytes_max(TopicAdmin& admin, const std::string& topic, Milliseconds timeout) {
  constexpr int64_t kBrokersDefault = 1'048'588;
  const auto settings = admin.settings(topic, timeout);
  if (!settings) return kBrokersDefault;
  const std::string text = setting(*settings, "max.message.bytes");
  int64_t allowed = kBrokersDefault;
  std::from_chars(text.data(), text.data() + text.size(), allowed);
  return allowed;
}

Status check_message_bytes(const std::string& topic, int64_t allowed, int64_t needed) {
  if (allowed >= needed) return {};
  return fail(ErrorCode::kInvalidArgument, "kafka",
              "topic " + topic + " takes messages of " + std::to_string(allowed) +
                  " bytes only, and weir writes such of up to " + std::to_string(needed) +
                  ": raise max.message.bytes of the topic");
}

Result<size_t> check_limits(TopicAdmin& admin, const KafkaTopics& topics, bool has_state, const LogSink& log,
                            Milliseconds timeout) {
  const auto limit = [&](const std::string& topic) { return message_bytes_max(admin, topic, timeout); };
  if (Status status = check_message_bytes(topics.observations, limit(topics.observations), kBlockBytes); !status)
    return tl::unexpected(status.error());
  if (has_state) {
    if (Status status = check_message_bytes(topics.state, limit(topics.state), kStatePartBytes); !status)
      return tl::unexpected(status.error());
  }
  const int64_t alert_bytes = limit(topics.alerts);
  if (Status status = check_message_bytes(topics.alerts, alert_bytes, kAlertBytesMin); !status)
    return tl::unexpected(status.error());
  if (alert_bytes < kAlertBytesMin * 4) {
    log(LogLevel::kWarning, "kafka: topic " + topics.alerts + " takes messages of " + std::to_string(alert_bytes) +
                                " bytes only: larger alerts are trimmed, their evidence first; raise its "
                                "max.message.bytes");
  }
  return static_cast<size_t>(alert_bytes);
}

}  // namespace weir
