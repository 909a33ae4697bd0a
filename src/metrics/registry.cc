#include "metrics/registry.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "metrics/metric_table.h"

namespace weir {
namespace {

template <typename Lane>
void add_once(std::vector<const Lane*>& lanes, const Lane& lane) {
  WEIR_ASSERT(std::find(lanes.begin(), lanes.end(), &lane) == lanes.end(), "a lane added twice would count twice");
  lanes.push_back(&lane);
}

}  // namespace

struct MetricsRegistry::Collector : prometheus::Collectable {
  std::vector<prometheus::MetricFamily> Collect() const override { return collect_metrics(sources); }

  MetricSources sources;
};

MetricsRegistry::MetricsRegistry(BuildInfo build) : collector_(std::make_unique<Collector>()) {
  collector_->sources.build = std::move(build);
}
MetricsRegistry::~MetricsRegistry() = default;

void MetricsRegistry::add(const LaneCounters& lane) {
  WEIR_ASSERT((lane.detect == nullptr) != (lane.score == nullptr), "a lane is of one stage");
  MetricSources& sources = collector_->sources;
  if (lane.detect != nullptr) add_once(sources.detect, *lane.detect);
  if (lane.score != nullptr) add_once(sources.score, *lane.score);
  if (lane.kafka == nullptr) return;
  sources.kafka.push_back(lane.kafka);
  sources.kafka_lanes.push_back(lane);
}

void MetricsRegistry::set_runtime(const RuntimeCounters& runtime) {
  collector_->sources.runtime = &runtime;
}

void MetricsRegistry::set_rules(const RuleSlot& rules) {
  collector_->sources.rules = &rules;
}

void MetricsRegistry::set_questions(ProcessQuestions questions) {
  collector_->sources.questions = std::move(questions);
}

void MetricsRegistry::set_sources(std::vector<std::string> names) {
  collector_->sources.source_names = std::move(names);
}

std::string MetricsRegistry::render() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, collector_->Collect());
  return out.str();
}

}  // namespace weir
