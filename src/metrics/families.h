#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/names.h"

// Small builders of what prometheus-cpp serialises. They allocate: they run on a scrape, never on the data path.
namespace weir {

using LabelView = std::pair<std::string_view, std::string_view>;

/// A family under construction. Families are written even without samples at zero, so that a rate over them exists from
/// the first scrape.
class FamilyBuilder {
 public:
  static FamilyBuilder counter(const metric::Name& name) { return {name, prometheus::MetricType::Counter}; }
  static FamilyBuilder gauge(const metric::Name& name) { return {name, prometheus::MetricType::Gauge}; }
  static FamilyBuilder histogram(const metric::Name& name) { return {name, prometheus::MetricType::Histogram}; }

  /// Adds one sample of a counter or gauge.
  FamilyBuilder& sample(double value, std::initializer_list<LabelView> labels = {});

  /// Adds one histogram. `counts` are per bucket, one more than the bounds; they are added up here.
  FamilyBuilder& buckets(const std::vector<double>& upper_bounds, const std::vector<uint64_t>& counts, double sum,
                         std::initializer_list<LabelView> labels = {});

  [[nodiscard]] prometheus::MetricFamily take() { return std::move(family_); }

 private:
  FamilyBuilder(const metric::Name& name, prometheus::MetricType type);

  prometheus::MetricFamily family_;
};

}  // namespace weir
