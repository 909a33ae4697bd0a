#include "metrics/families.h"

#include <cstdint>
#include <limits>

#include "base/assert.h"

namespace weir {

FamilyBuilder::FamilyBuilder(std::string_view name, std::string_view help, prometheus::MetricType type) {
  family_.name = name;
  family_.help = help;
  family_.type = type;
}

FamilyBuilder& FamilyBuilder::sample(double value, std::initializer_list<LabelView> labels) {
  prometheus::ClientMetric& metric = family_.metric.emplace_back();
  for (const auto& [name, text] : labels)
    metric.label.push_back({std::string(name), std::string(text)});
  (family_.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return *this;
}

FamilyBuilder& FamilyBuilder::buckets(const std::vector<double>& upper_bounds, const std::vector<uint64_t>& counts,
                                      double sum) {
  WEIR_ASSERT(counts.size() == upper_bounds.size() + 1, "one bucket more than bounds");
  prometheus::ClientMetric& metric = family_.metric.emplace_back();
  uint64_t cumulative = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const double bound = i < upper_bounds.size() ? upper_bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulative, bound});
  }
  // Taken from the buckets rather than counted apart: a lane that writes during the scrape cannot make the two differ.
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = sum;
  return *this;
}

}  // namespace weir
