#include "metrics/families.h"

#include <limits>

#include "base/assert.h"

namespace weir {
namespace {

std::vector<prometheus::ClientMetric::Label> labels_of(std::initializer_list<LabelView> labels) {
  std::vector<prometheus::ClientMetric::Label> result;
  result.reserve(labels.size());
  for (const auto& [name, value] : labels)
    result.push_back({std::string(name), std::string(value)});
  return result;
}

}  // namespace

FamilyBuilder::FamilyBuilder(const metric::Name& name, prometheus::MetricType type) {
  family_.name = name.name;
  family_.help = name.help;
  family_.type = type;
}

FamilyBuilder& FamilyBuilder::sample(double value, std::initializer_list<LabelView> labels) {
  prometheus::ClientMetric metric;
  metric.label = labels_of(labels);
  if (family_.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family_.metric.push_back(std::move(metric));
  return *this;
}

FamilyBuilder& FamilyBuilder::buckets(const std::vector<double>& upper_bounds, const std::vector<uint64_t>& counts,
                                      double sum, std::initializer_list<LabelView> labels) {
  WEIR_ASSERT(counts.size() == upper_bounds.size() + 1, "one bucket more than bounds");
  prometheus::ClientMetric metric;
  metric.label = labels_of(labels);
  uint64_t cumulative = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const double bound = i < upper_bounds.size() ? upper_bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  // Taken from the buckets rather than counted apart: a lane that writes during the scrape cannot make the two differ.
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = sum;
  family_.metric.push_back(std::move(metric));
  return *this;
}

}  // namespace weir
