#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "detect/rule_set.h"
#include "event/event.h"
#include "rules/rule.h"

namespace weir {

/// The outcome of one example of one rule.
struct ExampleResult {
  std::string rule_id;
  std::string rule_title;
  std::string file;
  int line = 0;
  bool positive = true;
  bool passed = true;
  std::string message;  ///< why it failed
};

/// The outcome of `weir rules test`.
struct RuleTestReport {
  std::vector<ExampleResult> examples;
  Diagnostics
      findings;  ///< one error for each failed example and each rule of ours without examples; warnings: see test_rules
  [[nodiscard]] size_t failed() const;
  [[nodiscard]] bool ok() const { return !has_errors(findings); }
};

/// Runs every example of every rule through parser, decoder and matcher, each at its rule's own security level.
/// Errors: a positive example its rule does not hit; a negative one it hits, or that all rules together call malicious;
/// a rule of ours without examples. Warnings: fewer than three of each kind; a positive example whose score stays below
/// the threshold, unless the rule has no weight or says that it only supports others. An error value: the rules do not compile.
Result<RuleTestReport> test_rules(const std::vector<Rule>& rules, const RuleSetOptions& options);

/// The report in the form CI systems read (JUnit XML): one test case an example.
std::string to_junit_xml(const RuleTestReport& report);

/// What `weir rules lint` says beyond what loading and compiling say: rules of ours without description, references, tags,
/// a false-positive note, with fewer than 3 + 3 examples, or drafts that nobody finished.
void lint_rules(const std::vector<Rule>& rules, Diagnostics& diagnostics);

}  // namespace weir
