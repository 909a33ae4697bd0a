#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/client_config.h"
#include "kafka/handles.h"
#include "lane/patience.h"

namespace weir {

/// A topic that weir writes to or reads, as it is created when it is missing.
struct TopicSpec {
  std::string name;
  bool create = true;  ///< false: the user's own topic, it must exist
  int32_t partitions = 1;
  std::map<std::string, std::string> settings;  ///< topic-level configuration
};

enum class DecisionsTopic : uint8_t { kUnused, kUsed };

/// The topics of a configuration: the requests topics, observations, alerts, dead letters, the compacted state topic, and that of
/// decisions where there are rules for them.
std::vector<TopicSpec> topic_specs(const KafkaTopics& topics, DecisionsTopic decisions);

/// What a topic's name answers to this user.
enum class TopicSight : uint8_t {
  kThere,
  kMissing,
  kHidden,  ///< whether it exists or not: the right to see it is missing
};

/// Whether topics are made, or only the right to make them is tried.
enum class CreationTrial : uint8_t { kReal, kValidatedOnly };

/// Looks at topics and creates them. Used at start-up; every call blocks, at most for its timeout.
class TopicAdmin {
 public:
  static Result<std::unique_ptr<TopicAdmin>> create(const ClientOptions& options);

  /// Told several times a second while nobody answers: why, and for how long by now.
  using Waiting = std::function<void(const std::string& reason, Milliseconds waited)>;
  /// Waits for a broker to answer, without end for a timeout of 0. The error names the last reason that was heard and what to fix.
  Status wait_for_broker(Milliseconds timeout, Patience* patience = nullptr, const Waiting& waiting = {});
  /// Asks for each topic by its name, which shows a missing right that a list of all topics hides. Creates none.
  Result<std::map<std::string, TopicSight>> look(std::span<const std::string> topics, Milliseconds timeout);
  /// Creates topics, or has the broker say whether it would.
  Status create_topics(std::span<const TopicSpec* const> specs, int32_t replication_factor, Milliseconds timeout,
                       CreationTrial trial);
  /// Partitions of each topic that exists, by name.
  Result<std::map<std::string, int32_t>> partitions(std::span<const std::string> topics, Milliseconds timeout);
  /// Creates what is missing, if the configuration allows it, and waits until it can be used. One error names every topic
  /// that is missing. Returns the partitions of each.
  Result<std::map<std::string, int32_t>> ensure(std::span<const TopicSpec> specs, TopicCreation creation,
                                                int32_t replication_factor, Milliseconds timeout);
  /// Topic-level settings in effect, by name. An error when the broker does not tell (a missing right, for example).
  Result<std::map<std::string, std::string>> settings(const std::string& topic, Milliseconds timeout);

 private:
  std::string partition_without_leader(std::span<const TopicSpec> specs, const std::map<std::string, int32_t>& counts);
  explicit TopicAdmin(const ClientOptions& options);
  Status refuse_missing(std::span<const TopicSpec> specs, std::span<const std::string> absent, TopicCreation creation,
                        Milliseconds timeout);

  ClientOptions options_;
  ClientContext context_;
  ClientContext asker_context_;
  ClientHandle client_;
  ClientHandle asker_;  // a consumer, which creates no topic by asking for it; made when it is needed
};

}  // namespace weir
