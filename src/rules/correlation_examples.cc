#include "rules/correlation_examples.h"

#include <charconv>

#include "rules/weir_section.h"

namespace weir {
namespace {

constexpr uint32_t kTimesMax = 10'000;
constexpr uint32_t kRecordsMax = 20'000;

void read_times(const YamlNode& value, int line, CorrelationExampleStep& step, Reporter& report) {
  const std::string text = value.is_scalar() ? value.text : std::string();
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), step.times);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || step.times == 0 || step.times > kTimesMax)
    report.error(line, "'times' must be a whole number from 1 to 10000");
}

void read_every(const YamlNode& value, int line, CorrelationExampleStep& step, Reporter& report) {
  const auto every = value.is_scalar() ? parse_timespan(value.text) : std::nullopt;
  if (every)
    step.every_ms = *every;
  else
    report.error(line, "'every' must be a timespan, as in 1s");
}

void read_step(const YamlNode& node, int line, CorrelationExample& example, Reporter& report) {
  if (!node.is_map()) return report.error(line, "a step of an example is a map of record, times and every");
  CorrelationExampleStep step;
  for (const auto& [key, at, value] : node.entries) {
    const int key_line = at.line;
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
  if (node.find("record") == nullptr) report.error(line, "the step has no record");
  example.steps.push_back(std::move(step));
}

void read_list(const YamlNode& list, int line, std::vector<CorrelationExample>& out, Reporter& report) {
  if (!list.is_list()) return report.error(line, "examples must be a list");
  for (const auto& node : list.items) {
    CorrelationExample example;
    example.line = node.position.line;
    if (!node.is_list()) {
      report.error(example.line, "an example is a list of steps", "- [{record: {status: 401}, times: 10, every: 1s}]");
      continue;
    }
    for (const auto& step : node.items)
      read_step(step, step.position.line, example, report);
    uint32_t records = 0;
    for (const auto& step : example.steps)
      records += step.times;
    if (records > kRecordsMax) report.error(example.line, "the example has more than 20000 records");
    out.push_back(std::move(example));
  }
}

}  // namespace

void read_correlation_examples(const YamlNode& section, int line, Correlation& correlation, Reporter& report) {
  if (!section.is_map()) return report.error(line, "'weir' must be a map", "examples");
  for (const auto& [key, at, value] : section.entries) {
    const int key_line = at.line;
    if (key != "examples" || !value.is_map()) {
      report.error(key_line, "the weir section of a correlation holds a map of examples");
      continue;
    }
    for (const auto& [kind, kind_at, list] : value.entries) {
      const int list_line = kind_at.line;
      if (kind == "positive")
        read_list(list, list_line, correlation.positive_examples, report);
      else if (kind == "negative")
        read_list(list, list_line, correlation.negative_examples, report);
      else
        report.error(list_line, "unknown key '" + kind + "' in examples", "positive, negative");
    }
  }
}

}  // namespace weir
