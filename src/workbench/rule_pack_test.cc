#include "base/catch.h"
#include "rules/loader.h"
#include "workbench/rule_check.h"

using namespace weir;

TEST_CASE("every example of the rule pack behaves as it says") {
  Diagnostics diagnostics;
  const auto rules = load_rules({WEIR_SOURCE_DIR "/rules"}, diagnostics);
  for (const auto& finding : diagnostics)
    if (finding.severity == Diagnostic::Severity::kError) FAIL_CHECK(finding.to_string());
  REQUIRE(!rules.empty());
  const auto report = test_rules(rules, {});
  if (!report) FAIL(report.error().to_string());
  for (const auto& finding : report->findings)
    if (finding.severity == Diagnostic::Severity::kError) FAIL_CHECK(finding.to_string());
  CHECK(report->examples.size() >= rules.size() * 2);
}
