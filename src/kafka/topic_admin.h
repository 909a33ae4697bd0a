#pragma once

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

/// The topics of a configuration: the requests topics, observations, alerts, dead letters and the compacted state topic.
std::vector<TopicSpec> topic_specs(const KafkaTopics& topics);

/// Looks at topics and creates them. Used at start-up; every call blocks, at most for its timeout.
class TopicAdmin {
 public:
  static Result<std::unique_ptr<TopicAdmin>> create(const ClientOptions& options);

  /// Waits for a broker to answer. The error names the last reason that was heard and what to fix.
  Status wait_for_broker(Milliseconds timeout, Patience* patience = nullptr);
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
  Status create_topics(std::span<const TopicSpec* const> specs, int32_t replication_factor, Milliseconds timeout);

  ClientContext context_;
  std::string bootstrap_servers_;
  ClientHandle client_;
};

}  // namespace weir
