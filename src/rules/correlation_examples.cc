#include "rules/correlation_examples.h"

#include <charconv>

#include "rules/weir_section.h"

namespace weir {
namespace {

constexpr uint32_t kTimesMax = 10'000;
constexpr uint32_t kRecordsMax = 20'000;

void read_times(const YAML::Node& value, int line, CorrelationExampleStep& step, Reporter& report) {
  const std::string text = value.IsScalar() ? value.Scalar() : std::string();
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), step.times);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || step.times == 0 || step.times > kTimesMax)
    report.error(line, "'times' must be a whole number from 1 to 10000");
}

void read_every(const YAML::Node& value, int line, CorrelationExampleStep& step, Reporter& report) {
  const auto every = value.IsScalar() ? parse_timespan(value.Scalar()) : std::nullopt;
  if (every)
    step.every_ms = *every;
  else
    report.error(line, "'every' must be a timespan, as in 1s");
}

void read_step(const YAML::Node& node, int line, CorrelationExample& example, Reporter& report) {
  if (!node.IsMap()) return report.error(line, "a step of an example is a map of record, times and every");
  CorrelationExampleStep step;
  for (const auto& [key_node, value] : entries_of(node)) {
    const std::string& key = key_node.Scalar();
    const int key_line = line_of(key_node, line);
    if (key == "record") {
      if (auto record = read_example(value, key_line, report)) step.record_json = std::move(record->record_json);
    } else if (key == "times") {
      read_times(value, key_line, step, report);
    } else if (key == "every") {
      read_every(value, key_line, step, report);
    } else {
      report.error(key_line, "a step has no key '" + key + "'", "record, times, every");
    }
  }
  if (!node["record"].IsDefined()) report.error(line, "the step has no record");
  example.steps.push_back(std::move(step));
}

void read_list(const YAML::Node& list, int line, std::vector<CorrelationExample>& out, Reporter& report) {
  if (!list.IsSequence()) return report.error(line, "examples must be a list");
  for (const auto& node : list) {
    CorrelationExample example;
    example.line = line_of(node, line);
    if (!node.IsSequence()) {
      report.error(example.line, "an example is a list of steps", "- [{record: {status: 401}, times: 10, every: 1s}]");
      continue;
    }
    for (const auto& step : node)
      read_step(step, line_of(step, example.line), example, report);
    uint32_t records = 0;
    for (const auto& step : example.steps)
      records += step.times;
    if (records > kRecordsMax) report.error(example.line, "the example has more than 20000 records");
    out.push_back(std::move(example));
  }
}

}  // namespace

void read_correlation_examples(const YAML::Node& section, int line, Correlation& correlation, Reporter& report) {
  if (!section.IsMap()) return report.error(line, "'weir' must be a map", "examples");
  for (const auto& [key_node, value] : entries_of(section)) {
    const int key_line = line_of(key_node, line);
    if (key_node.Scalar() != "examples" || !value.IsMap()) {
      report.error(key_line, "the weir section of a correlation holds a map of examples");
      continue;
    }
    for (const auto& [kind, list] : entries_of(value)) {
      const int list_line = line_of(kind, key_line);
      if (kind.Scalar() == "positive")
        read_list(list, list_line, correlation.positive_examples, report);
      else if (kind.Scalar() == "negative")
        read_list(list, list_line, correlation.negative_examples, report);
      else
        report.error(list_line, "unknown key '" + kind.Scalar() + "' in examples", "positive, negative");
    }
  }
}

}  // namespace weir
