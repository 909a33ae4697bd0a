#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The samples of one scrape, by name and labels as they are written.
class MetricSamples {
 public:
  /// Reads Prometheus' text format; lines that are none are left out.
  static MetricSamples parse(std::string_view text);

  /// The sum over all samples of the name; 0 when there is none.
  [[nodiscard]] double sum(std::string_view name) const;
  /// The samples of the name by one of their labels' values, summed over the others.
  [[nodiscard]] std::map<std::string, double> by_label(std::string_view name, std::string_view label) const;

 private:
  struct Sample {
    std::string name;
    std::string labels;
    double value = 0;
  };
  std::vector<Sample> samples_;
};

}  // namespace weir
