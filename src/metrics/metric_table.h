#pragma once

#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

#include "metrics/process_facts.h"
#include "metrics/process_metrics.h"
#include "pipeline/lane_counters.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// Where the values of a scrape come from. Lanes of one stage without Kafka counters stand in none of the last two.
struct MetricSources {
  std::vector<const DetectCounters*> detect;
  std::vector<const ScoreCounters*> score;
  std::vector<const KafkaCounters*> kafka;
  std::vector<LaneCounters> kafka_lanes;     ///< the same with their stages and topics
  const RuntimeCounters* runtime = nullptr;  ///< null: not counted here
  const RuleSlot* rules = nullptr;           ///< null: there are none
  std::vector<std::string> source_names;     ///< by number; none: nothing is told by source
  BuildInfo build;
  ProcessQuestions questions;
};

/// Every metric that weir exports, with its values now.
std::vector<prometheus::MetricFamily> collect_metrics(const MetricSources& sources);

}  // namespace weir
