#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_encoder.h"
#include "alert/alert_enricher.h"
#include "base/result.h"
#include "base/topic_table.h"
#include "config/config.h"
#include "kafka/groups/partition_owner.h"
#include "kafka/single_producer.h"
#include "lane/clients/client_desk.h"
#include "lane/log_sink.h"
#include "lane/record_samples.h"
#include "pipeline/analyzer.h"
#include "pipeline/lane_counters.h"
#include "pipeline/rule_slot.h"
#include "score/orders/client_order.h"
#include "score/score_options.h"

namespace weir {

struct EngineOptions {
  KafkaConfig kafka;
  TopicTable topics;  ///< of the requests; without any: those of kafka.topics.requests, of one source
  std::vector<Stage> stages{Stage::kDetect, Stage::kScore};
  Delivery delivery = Delivery::kExactlyOnce;
  LanesConfig lanes;
  BatchConfig batch;
  MemoryConfig memory;
  QuarantineConfig quarantine;
  AnalyzerOptions analyzer;
  ScoreOptions score;
  Milliseconds snapshot_round{30'000};  ///< in which the whole state is written to the state topic once
  bool checks_topic_settings = true;    ///< false: the broker cannot tell them (EmbeddedBroker)
  std::shared_ptr<const AlertEncoder> alert_encoder;
  std::shared_ptr<const AlertEnricher> alert_enricher;  ///< null: nothing is known of addresses
  Milliseconds broker_timeout{30'000};                  ///< for a broker to answer; 0: as long as it takes
  Milliseconds startup_timeout{30'000};                 ///< for topics to be seen and created when one has answered
  std::function<void(const std::string& reason, Milliseconds waited)> waiting;  ///< while no broker answers

  /// `analyzer`: how records are judged; the same for every way of judging them, so whoever starts the engine makes it.
  static EngineOptions from(const Config& config, AnalyzerOptions analyzer,
                            std::shared_ptr<const AlertEncoder> alert_encoder);
};

/// The lanes of this process and their threads. start() and join() belong to one thread; the rest may be called from any.
class Engine {
 public:
  /// Connects, checks or creates the topics, and starts the lanes. Blocks up to broker_timeout and startup_timeout. One error says what
  /// is wrong and what to fix. `rules` must outlive the engine; `stop_requested`, if given, ends the waiting early.
  static Result<std::unique_ptr<Engine>> start(const EngineOptions& options, const RuleSlot& rules, LogSink log,
                                               const std::atomic<bool>* stop_requested = nullptr);
  /// Stops and joins.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Every lane finishes its batch, commits and leaves its group. Does not block.
  void request_stop();
  /// Waits for the lanes to end: after request_stop() at most some 10 s. An error when a lane failed.
  Status join();

  /// Every lane has joined its group and polled, and none has a problem.
  [[nodiscard]] bool ready() const;
  /// Why it is not ready, for a person; empty when it is.
  [[nodiscard]] std::string unhealthy_reason() const;
  /// Ok unless a lane has ended by itself: then the process should end, and be started again.
  [[nodiscard]] Status failure() const;
  /// Since the slowest lane last showed that it is alive. Waiting for Kafka counts as alive; a hanging call does not.
  [[nodiscard]] Milliseconds oldest_heartbeat() const;

  /// What a score lane of this process says of a client. `lane` is empty if none of them has its partition. Blocks for `patience` at most;
  /// an error: the lanes were too busy to answer.
  struct ClientSighting {
    std::string lane;
    ClientAnswer answer;
  };
  [[nodiscard]] Result<ClientSighting> ask_about(const ClientQuestion& question, Milliseconds patience) const;
  /// Puts an order into the stream of its client's partition, whichever process has that: from this place on it is in force. Blocks
  /// until the brokers have it, for `patience` at most.
  [[nodiscard]] Result<ProducedRecord> publish(const ClientOrder& order, Milliseconds patience) const;
  /// Which process of the group has a partition of the observations; asks the brokers and blocks for `patience` at most.
  [[nodiscard]] Result<std::optional<PartitionOwner>> owner_of(int32_t partition, Milliseconds patience) const;
  [[nodiscard]] int32_t observations_partitions() const;

  /// One entry per lane, in a fixed order; valid as long as the engine.
  [[nodiscard]] const std::vector<LaneCounters>& counters() const;
  /// Of the records that the lanes could not read.
  [[nodiscard]] RecordSamples& samples() const;

 private:
  struct Impl;
  Engine();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
