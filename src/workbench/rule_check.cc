#include "workbench/rule_check.h"

#include <algorithm>
#include <array>
#include <variant>

#include "base/ascii.h"
#include "pipeline/record_judge.h"
#include "workbench/flat_profile.h"

namespace weir {
namespace {

constexpr size_t kExamplesWanted = 3;

Diagnostic finding(Diagnostic::Severity severity, const Rule& rule, int line, std::string message) {
  return {severity, rule.file, line, 0, std::move(message), {}};
}

/// Judges examples the way the detect stage judges records.
class ExampleRunner {
 public:
  static Result<ExampleRunner> create(std::shared_ptr<const RuleSet> rules) {
    auto judge = RecordJudge::create(flat_profile(), Judgement(std::move(rules)));
    if (!judge) return tl::unexpected<Error>(judge.error());
    return ExampleRunner(std::move(*judge));
  }

  /// Empty when the record was judged, else why not.
  std::string run(const RuleExample& example, SecurityLevel level) {
    arena_.clear();
    if (const ParseOutcome outcome = judge_.parse(example.record_json, record_); !outcome.ok())
      return "the record is rejected: " + std::string(to_string(outcome.reason)) + " " + outcome.detail;
    judge_.decode(record_);
    judge_.identify(EventTime::max(), arena_, record_);
    judge_.prepare(record_);
    record_.policy.matching.level = level;
    judge_.match({&record_, 1});
    judge_.judge(record_);
    return detection().scan_failed ? "the matching library failed" : "";
  }

  [[nodiscard]] const Detection& detection() const { return record_.detection; }
  [[nodiscard]] bool hit(const std::string& id) const {
    return std::any_of(detection().hits.begin(), detection().hits.end(),
                       [&](const Hit& h) { return judge_.rules().rules()[h.rule].id == id; });
  }
  [[nodiscard]] std::string hit_titles() const {
    std::string titles;
    for (const auto& hit : detection().hits)
      titles += (titles.empty() ? "" : ", ") + judge_.rules().rules()[hit.rule].title;
    return titles;
  }

 private:
  explicit ExampleRunner(RecordJudge judge) : judge_(std::move(judge)) {}

  RecordJudge judge_;
  JudgedRecord record_;
  Arena arena_;
};

/// Runs one example and appends its result and findings.
void run_example(ExampleRunner& runner, const Rule& rule, const RuleExample& example, bool positive,
                 RuleTestReport& report) {
  ExampleResult result{
      rule.id, rule.title, rule.file, example.line, positive, true, runner.run(example, rule.security_level)};
  const Detection& detection = runner.detection();
  if (result.message.empty() && positive && !runner.hit(rule.id)) result.message = "the positive example is not hit";
  if (result.message.empty() && !positive && runner.hit(rule.id)) result.message = "the negative example is hit";
  if (result.message.empty() && !positive && detection.malicious && rule.ours)
    result.message = "the negative example is called malicious, because of: " + runner.hit_titles();
  if (result.message.empty() && positive && !detection.malicious && rule.ours && rule.weight > 0 && !rule.supporting)
    report.findings.push_back(
        finding(Diagnostic::Severity::kWarning, rule, example.line,
                "the positive example scores only " + std::to_string(detection.score) + ", below the threshold"));
  result.passed = result.message.empty();
  if (!result.passed)
    report.findings.push_back(
        finding(Diagnostic::Severity::kError, rule, example.line, rule.title + ": " + result.message));
  report.examples.push_back(std::move(result));
}

void check_example_counts(const Rule& rule, Diagnostics& diagnostics) {
  if (!rule.ours) return;
  const size_t positive = rule.positive_examples.size();
  const size_t negative = rule.negative_examples.size();
  if (positive == 0 || negative == 0)
    diagnostics.push_back(
        finding(Diagnostic::Severity::kError, rule, rule.line,
                "the rule '" + rule.title + "' has no " + (positive == 0 ? "positive" : "negative") + " examples"));
  else if (positive < kExamplesWanted || negative < kExamplesWanted)
    diagnostics.push_back(
        finding(Diagnostic::Severity::kWarning, rule, rule.line,
                "the rule '" + rule.title + "' has fewer than three positive and three negative examples"));
}

/// A look at word characters that goes by bytes: every one beyond ASCII counts as none. \b does not.
void check_word_boundaries(const Rule& rule, Diagnostics& diagnostics) {
  static constexpr std::array<std::string_view, 4> kBytewise = {"(?<!\\w)", "(?<=\\W)", "(?!\\w)", "(?=\\W)"};
  const auto check = [&](const DetectionItem& item, std::string_view pattern) {
    for (const std::string_view look : kBytewise) {
      if (pattern.find(look) == std::string_view::npos) continue;
      diagnostics.push_back(finding(Diagnostic::Severity::kError, rule, item.line,
                                    "'" + std::string(look) + "' takes letters beyond ASCII for none: write \\b"));
    }
  };
  for (const auto& selection : rule.selections)
    for (const auto& map : selection.alternatives)
      for (const auto& item : map.items)
        for (const auto& value : item.values)
          if (const auto* regex = std::get_if<RegexValue>(&value)) check(item, regex->pattern);
}

/// What decides alone is what users have to trust: its description says why it may, in a sentence with the word "alone".
void check_reason(const Rule& rule, Diagnostics& diagnostics) {
  if (rule.weight < RuleSetOptions{}.threshold || rule.description.empty()) return;
  std::string text = rule.description;
  std::transform(text.begin(), text.end(), text.begin(), to_lower);
  if (text.find("alone") != std::string::npos) return;
  diagnostics.push_back(finding(
      Diagnostic::Severity::kWarning, rule, rule.line,
      "the rule '" + rule.title + "' decides alone, and its description does not say why (\"Alone enough: …\")"));
}

/// What `weir rules new` left for a person to say.
void check_todo(const Rule& rule, Diagnostics& diagnostics) {
  std::vector<std::string> texts{rule.title, rule.description};
  texts.insert(texts.end(), rule.false_positives.begin(), rule.false_positives.end());
  if (std::none_of(texts.begin(), texts.end(), [](const auto& text) { return text.starts_with("TODO"); })) return;
  diagnostics.push_back(finding(Diagnostic::Severity::kWarning, rule, rule.line,
                                "the rule '" + rule.title + "' is a draft: it says TODO"));
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c);
    }
  }
  return out;
}

}  // namespace

size_t RuleTestReport::failed() const {
  return static_cast<size_t>(
      std::count_if(examples.begin(), examples.end(), [](const ExampleResult& result) { return !result.passed; }));
}

Result<RuleTestReport> test_rules(const std::vector<Rule>& rules, const RuleSetOptions& options) {
  RuleSetOptions all_levels = options;
  all_levels.other_levels =
      mask_of(SecurityLevel::kPermissive) | mask_of(SecurityLevel::kStandard) | mask_of(SecurityLevel::kStrict);
  RuleTestReport report;
  Diagnostics compile_findings;
  auto set = RuleSet::compile(rules, all_levels, compile_findings);
  if (!set) return tl::unexpected<Error>(set.error());
  auto runner = ExampleRunner::create(*set);
  if (!runner) return tl::unexpected<Error>(runner.error());
  for (const auto& rule : rules) {
    check_example_counts(rule, report.findings);
    for (const auto& example : rule.positive_examples)
      run_example(*runner, rule, example, true, report);
    for (const auto& example : rule.negative_examples)
      run_example(*runner, rule, example, false, report);
  }
  return report;
}

std::string to_junit_xml(const RuleTestReport& report) {
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"weir rules\" tests=\"" +
      std::to_string(report.examples.size()) + "\" failures=\"" + std::to_string(report.failed()) +
      "\" errors=\"0\">\n";
  for (const auto& result : report.examples) {
    xml += "    <testcase classname=\"" + xml_text(result.rule_title) + "\" name=\"" +
           (result.positive ? "positive" : "negative") + " example at line " + std::to_string(result.line) +
           "\" file=\"" + xml_text(result.file) + "\" line=\"" + std::to_string(result.line) + "\"";
    if (result.passed)
      xml += "/>\n";
    else
      xml += ">\n      <failure message=\"" + xml_text(result.message) + "\">rule " + xml_text(result.rule_id) +
             "</failure>\n    </testcase>\n";
  }
  return xml + "  </testsuite>\n</testsuites>\n";
}

void lint_rules(const std::vector<Rule>& rules, Diagnostics& diagnostics) {
  const auto warn = [&](const Rule& rule, const std::string& what) {
    diagnostics.push_back(
        finding(Diagnostic::Severity::kWarning, rule, rule.line, "the rule '" + rule.title + "' has no " + what));
  };
  for (const auto& rule : rules) {
    check_example_counts(rule, diagnostics);
    if (!rule.ours) continue;
    check_word_boundaries(rule, diagnostics);
    check_reason(rule, diagnostics);
    check_todo(rule, diagnostics);
    if (rule.description.empty()) warn(rule, "description");
    if (rule.references.empty()) warn(rule, "references");
    if (rule.tags.empty()) warn(rule, "tags");
    if (rule.false_positives.empty()) warn(rule, "note on false positives");
    if (rule.level == Level::kCritical && rule.specificity <= kUsualSpecificity)
      diagnostics.push_back(
          finding(Diagnostic::Severity::kWarning, rule, rule.line,
                  "the rule '" + rule.title + "' is critical but names no exact attack (specificity)"));
    if (rule.category == Category::kOther && rule.file.find("/other/") == std::string::npos)
      diagnostics.push_back(
          finding(Diagnostic::Severity::kWarning, rule, rule.line, "the rule '" + rule.title + "' counts as 'other'"));
  }
}

}  // namespace weir
