#pragma once

#include <cstdint>
#include <string>

#include "kafka/topic_admin.h"
#include "lane/log_sink.h"

namespace weir {

/// The two topics that a restore of client state needs.
struct StateTopics {
  std::string observations;
  int32_t observations_partitions = 0;
  std::string state;
  int32_t state_partitions = 0;
  Milliseconds snapshot_round{30'000};
};

/// Refuses settings with which client state could not be restored, and warns of doubtful ones; each message says what to do.
/// A broker that does not tell its settings is only a warning.
Status check_state_topics(TopicAdmin& admin, const StateTopics& topics, const LogSink& log, Milliseconds timeout);

/// Refuses a topic of decisions that is not compacted. A broker that does not tell its settings is only a warning.
Status check_decisions_topic(TopicAdmin& admin, const std::string& topic, const LogSink& log, Milliseconds timeout);

/// The largest message that a topic takes (max.message.bytes), or the broker's default where it does not tell.
int64_t message_bytes_max(TopicAdmin& admin, const std::string& topic, Milliseconds timeout);

/// Refuses topics that take no messages as large as `needed`, naming the topic and the setting.
Status check_message_bytes(const std::string& topic, int64_t allowed, int64_t needed);

/// Fails when a topic cannot take what must be written to it. Returns the largest message of the alerts topic.
Result<size_t> check_limits(TopicAdmin& admin, const KafkaTopics& topics, bool has_state, const LogSink& log,
                            Milliseconds timeout);

}  // namespace weir
