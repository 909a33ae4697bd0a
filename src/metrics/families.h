#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A small builder of what prometheus-cpp serialises. It allocates: it runs on a scrape, never on the data path.
namespace weir {

using LabelView = std::pair<std::string_view, std::string_view>;

/// A family under construction. Families are written even without samples at zero, so that a rate over them exists from
/// the first scrape.
class FamilyBuilder {
 public:
  FamilyBuilder(std::string_view name, std::string_view help, prometheus::MetricType type);

  /// Adds one sample of a counter or gauge.
  FamilyBuilder& sample(double value, std::initializer_list<LabelView> labels = {});

  /// Adds the histogram. `counts` are per bucket, one more than the bounds; they are added up here.
  FamilyBuilder& buckets(const std::vector<double>& upper_bounds, const std::vector<uint64_t>& counts, double sum);

  [[nodiscard]] prometheus::MetricFamily take() { return std::move(family_); }

 private:
  prometheus::MetricFamily family_;
};

}  // namespace weir
