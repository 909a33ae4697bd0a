// The engine behind `weir rules test` and `lint`.
#include "workbench/rule_check.h"
#include "base/catch.h"
#include "detect/test_rules.h"

using namespace weir;
using namespace weir::testing;

namespace {

std::string rule_with_examples(const std::string& positive, const std::string& negative, int number = 1,
                               int weight = 10) {
  return rule_text("  a: {weir.param|contains: attackword}\n  condition: a", number,
                   "\nweir:\n  weight: " + std::to_string(weight) + "\n  examples:\n    positive: " + positive +
                       "\n    negative: " + negative + "\n");
}

RuleTestReport tested(const std::string& yaml) {
  Diagnostics diagnostics;
  const auto rules = parse_rules(yaml, "r.yml", diagnostics);
  for (const auto& finding : diagnostics)
    INFO(finding.to_string());
  REQUIRE_FALSE(has_errors(diagnostics));
  auto report = test_rules(rules, {});
  REQUIRE(report.has_value());
  return std::move(*report);
}

bool says(const Diagnostics& findings, Diagnostic::Severity severity, const std::string& part) {
  for (const auto& finding : findings)
    if (finding.severity == severity && finding.to_string().find(part) != std::string::npos) return true;
  return false;
}
constexpr auto kError = Diagnostic::Severity::kError;
constexpr auto kWarning = Diagnostic::Severity::kWarning;

}  // namespace

TEST_CASE("examples that behave pass") {
  const auto report = tested(rule_with_examples(
      "[attackword, 'x attackword y', {body: attackword=1, content_type: application/x-www-form-urlencoded}]",
      "[a, b, c]"));
  for (const auto& finding : report.findings)
    UNSCOPED_INFO(finding.to_string());
  CHECK(report.ok());
  CHECK(report.examples.size() == 6);
  CHECK(report.failed() == 0);
  CHECK(report.findings.empty());
}

TEST_CASE("a positive example that is not hit fails, with its line") {
  const auto report = tested(rule_with_examples("[harmless]", "[a]"));
  CHECK_FALSE(report.ok());
  CHECK(report.failed() == 1);
  CHECK(says(report.findings, kError, "r.yml:11: error: rule 1: the positive example is not hit"));
}

TEST_CASE("a negative example that is hit fails") {
  const auto report = tested(rule_with_examples("[attackword]", "[attackword]"));
  CHECK(report.failed() == 1);
  CHECK(says(report.findings, kError, "the negative example is hit"));
}

TEST_CASE("a negative example that another rule finds malicious fails") {
  const std::string other = rule_text("  a: {weir.param|contains: other}\n  condition: a", 2,
                                      "\nweir: {weight: 20, examples: {positive: [other], negative: [x]}}");
  const auto report = tested(rule_with_examples("[attackword]", "[other]") + "---\n" + other);
  CHECK(says(report.findings, kError, "is called malicious, because of: rule 2"));
}

TEST_CASE("a positive example below the threshold is a warning") {
  const auto report = tested(rule_with_examples("[attackword, attackword, attackword]", "[a, b, c]", 1, 3));
  CHECK(report.ok());
  CHECK(says(report.findings, kWarning, "scores only 3"));
}

TEST_CASE("rules of ours need examples, rules of others do not") {
  CHECK(says(tested(rule_text("  a: {weir.param|contains: x}\n  condition: a", 1, "\nweir: {weight: 3}")).findings,
             kError, "has no positive examples"));
  CHECK(says(tested(rule_with_examples("[attackword]", "[a]")).findings, kWarning, "fewer than three"));
  CHECK(tested(rule_item("weir.param|contains: x")).findings.empty());
}

TEST_CASE("an example that is no valid record fails") {
  const auto report = tested(rule_with_examples("[{query: attackword, method: '', path: '', ip: nonsense}]", "[a]"));
  CHECK(says(report.findings, kError, "the record is rejected: missing_field"));
}

TEST_CASE("JUnit XML counts and escapes") {
  RuleTestReport report;
  report.examples.push_back({"id", "a <b> & \"c\"", "f.yml", 3, true, true, ""});
  report.examples.push_back({"id", "t", "f.yml", 4, false, false, "bad\x01"});
  const std::string xml = to_junit_xml(report);
  CHECK(xml.find(R"(tests="2" failures="1")") != std::string::npos);
  CHECK(xml.find("a &lt;b&gt; &amp; &quot;c&quot;") != std::string::npos);
  CHECK(xml.find("<failure message=\"bad?\">") != std::string::npos);
}

TEST_CASE("lint refuses word boundaries that go by bytes") {
  Diagnostics diagnostics;
  std::string yaml = rule_with_examples("[attackword]", "[a]");
  const size_t detection = yaml.find("detection:\n") + std::string("detection:\n").size();
  yaml.insert(detection, "  bytewise: {weir.query|re: '(?<!\\w)elt(?!\\w)'}\n  aware: {weir.query|re: '\\belt\\b'}\n");
  const auto rules = parse_rules(yaml, "r.yml", diagnostics);
  lint_rules(rules, diagnostics);
  CHECK(says(diagnostics, kError, "(?<!\\w)"));
  CHECK(says(diagnostics, kError, "(?!\\w)"));
  CHECK_FALSE(says(diagnostics, kError, "\\belt"));
}

TEST_CASE("lint names what a rule of ours lacks") {
  Diagnostics diagnostics;
  const auto rules = parse_rules(rule_with_examples("[attackword]", "[a]"), "r.yml", diagnostics);
  lint_rules(rules, diagnostics);
  CHECK(says(diagnostics, kWarning, "has no description"));
  CHECK(says(diagnostics, kWarning, "has no tags"));
  CHECK(says(diagnostics, kWarning, "has no note on false positives"));
}

TEST_CASE("lint knows a draft that nobody finished") {
  const auto is_draft = [](const std::string& line) {
    std::string yaml = rule_with_examples("[attackword]", "[a]");
    yaml.insert(yaml.find("logsource:"), line + "\n");
    Diagnostics diagnostics;
    lint_rules(parse_rules(yaml, "r.yml", diagnostics), diagnostics);
    return says(diagnostics, kWarning, "it says TODO");
  };
  CHECK(is_draft("description: 'TODO: what it finds'"));
  CHECK(is_draft("falsepositives: [none, 'TODO: which']"));
  CHECK_FALSE(is_draft("description: Finds TODO lists."));
}

TEST_CASE("lint asks a rule that decides alone why it may") {
  const auto found = [](int weight, const std::string& description) {
    std::string yaml = rule_with_examples("[attackword]", "[a]", 1, weight);
    yaml.insert(yaml.find("logsource:"), "description: " + description + "\n");
    Diagnostics diagnostics;
    lint_rules(parse_rules(yaml, "r.yml", diagnostics), diagnostics);
    return says(diagnostics, kWarning, "decides alone");
  };
  CHECK(found(10, "Finds a word."));
  CHECK_FALSE(found(10, "Finds a word. Alone enough, as nobody else writes it."));
  CHECK_FALSE(found(9, "Finds a word."));
}
