#include "app/top/metric_samples.h"

#include <algorithm>
#include <charconv>

namespace weir {
namespace {

/// The value of a label in what stands between the braces; values may hold escaped quotes.
std::string label_value(std::string_view labels, std::string_view wanted) {
  while (!labels.empty()) {
    const size_t equals = labels.find("=\"");
    if (equals == std::string_view::npos) return {};
    const std::string_view name = labels.substr(0, equals);
    size_t end = equals + 2;
    while (end < labels.size() && labels[end] != '"')
      end += labels[end] == '\\' ? 2 : 1;
    end = std::min(end, labels.size());
    if (name == wanted) return std::string(labels.substr(equals + 2, end - equals - 2));
    labels.remove_prefix(std::min(end + 1, labels.size()));
    if (labels.starts_with(',')) labels.remove_prefix(1);
  }
  return {};
}

}  // namespace

MetricSamples MetricSamples::parse(std::string_view text) {
  MetricSamples samples;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const size_t blank = line.rfind(' ');
    if (line.empty() || line.front() == '#' || blank == std::string_view::npos) continue;
    Sample sample;
    const std::string_view number = line.substr(blank + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), sample.value).ec != std::errc{}) continue;
    const std::string_view series = line.substr(0, blank);
    const size_t brace = series.find('{');
    sample.name = series.substr(0, brace);
    if (brace != std::string_view::npos && series.ends_with('}'))
      sample.labels = series.substr(brace + 1, series.size() - brace - 2);
    samples.samples_.push_back(std::move(sample));
  }
  return samples;
}

double MetricSamples::sum(std::string_view name) const {
  double sum = 0;
  for (const Sample& sample : samples_)
    if (sample.name == name) sum += sample.value;
  return sum;
}

std::map<std::string, double> MetricSamples::by_label(std::string_view name, std::string_view label) const {
  std::map<std::string, double> found;
  for (const Sample& sample : samples_)
    if (sample.name == name) found[label_value(sample.labels, label)] += sample.value;
  return found;
}

}  // namespace weir
