#include "workbench/correlation_check.h"

#include <algorithm>

#include "pipeline/analyzer.h"
#include "pipeline/correlation_field.h"
#include "score/scorer.h"
#include "workbench/flat_profile.h"

namespace weir {
namespace {

constexpr int64_t kBeginMs = 1'767'225'600'000;  // 2026-01-01: what an example's record has for its time
constexpr std::string_view kBeginText = R"("ts":"2026-01-01T00:00:00Z")";

Diagnostic finding(Diagnostic::Severity severity, const Correlation& correlation, int line, std::string message) {
  return {severity, correlation.file, line, 0, std::move(message), {}};
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::vector<std::string> records_of(const CorrelationExample& example) {
  std::vector<std::string> records;
  int64_t time_ms = kBeginMs;
  for (const auto& step : example.steps)
    for (uint32_t i = 1; i <= step.times; ++i) {
      std::string record = step.record_json;
      replace_all(record, "{n}", std::to_string(i));
      replace_all(record, kBeginText,
                  "\"ts\":" + std::to_string(time_ms / 1000) + "." + std::to_string(1000 + time_ms % 1000).substr(1));
      records.push_back(std::move(record));
      time_ms += step.every_ms;
    }
  return records;
}

class Runner {
 public:
  explicit Runner(const RuleSlot& rules) : analyzer_({flat_profile()}, rules, counters_) {}

  /// Whether the records raise the correlation's alert; an error names the record that cannot be read.
  Result<bool> raises(const std::string& id, const std::vector<std::string>& texts) {
    std::vector<RawRecord> records;
    for (const auto& text : texts)
      records.push_back({text, EventTime::max(), {0, 0, static_cast<int64_t>(records.size())}});
    if (Status status = analyzer_.analyze(records, batch_); !status) return tl::unexpected<Error>(status.error());
    if (!batch_.rejected.empty())
      return fail(ErrorCode::kParse, "rules",
                  "record " + std::to_string(batch_.rejected[0].index + 1) + " is rejected: " +
                      std::string(to_string(batch_.rejected[0].reason)) + " " + batch_.rejected[0].detail);
    const std::vector<std::string> topics{"example"};
    Scorer scorer({}, topics);
    std::vector<Alert> alerts;
    scorer.observe(batch_.observations, batch_.correlation_events, alerts);
    scorer.finish(alerts);
    return std::any_of(alerts.begin(), alerts.end(),
                       [&](const Alert& alert) { return alert.correlation && alert.correlation->rule_id == id; });
  }

 private:
  DetectCounters counters_;
  Analyzer analyzer_;
  AnalyzedBatch batch_;
};

void run_example(Runner& runner, const Correlation& correlation, const CorrelationExample& example, bool positive,
                 RuleTestReport& report) {
  ExampleResult result{correlation.id, correlation.title, correlation.file, example.line, positive, true, {}};
  const auto raised = runner.raises(correlation.id, records_of(example));
  if (!raised)
    result.message = raised.error().detail;
  else if (*raised != positive)
    result.message = positive ? "the positive example raises no alert" : "the negative example raises an alert";
  result.passed = result.message.empty();
  if (!result.passed)
    report.findings.push_back(
        finding(Diagnostic::Severity::kError, correlation, example.line, correlation.title + ": " + result.message));
  report.examples.push_back(std::move(result));
}

}  // namespace

Status test_correlations(const RuleDocuments& documents, const RuleSetOptions& options, RuleTestReport& report) {
  const auto has_examples = [](const Correlation& correlation) {
    return !correlation.positive_examples.empty() || !correlation.negative_examples.empty();
  };
  if (std::none_of(documents.correlations.begin(), documents.correlations.end(), has_examples)) return {};
  Diagnostics findings;
  auto set = RuleSet::compile(documents.rules, documents.correlations, options, findings);
  if (!set) return tl::unexpected<Error>(set.error());
  const RuleSlot slot(*set);
  Runner runner(slot);
  for (const auto& correlation : documents.correlations) {
    for (const auto& example : correlation.positive_examples)
      run_example(runner, correlation, example, true, report);
    for (const auto& example : correlation.negative_examples)
      run_example(runner, correlation, example, false, report);
  }
  return {};
}

void lint_correlations(const std::vector<Correlation>& correlations, Diagnostics& diagnostics) {
  for (const auto& correlation : correlations) {
    const auto warn = [&](const std::string& what) {
      diagnostics.push_back(finding(Diagnostic::Severity::kWarning, correlation, correlation.line,
                                    "the correlation '" + correlation.title + "' has no " + what));
    };
    if (!correlation.ours) continue;
    if (correlation.description.empty()) warn("description");
    if (correlation.references.empty()) warn("references");
    if (correlation.tags.empty()) warn("tags");
    if (correlation.false_positives.empty()) warn("note on false positives");
    if (correlation.positive_examples.empty()) warn("positive examples");
    if (correlation.negative_examples.empty()) warn("negative examples");
  }
}

}  // namespace weir
