#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "decode/decoded_record.h"
#include "detect/program/rule_info.h"
#include "detect/program/rule_set_options.h"
#include "rules/correlation.h"
#include "rules/rule.h"

namespace weir {

struct CompiledRules;

/// Compiled rules: patterns, conditions and facts about each rule. Immutable; shared by all lanes behind an atomic pointer.
class RuleSet {
 public:
  /// Compiles off the data path (may take seconds). A rule that cannot be compiled refuses the whole set: a rule set never
  /// shrinks silently. The diagnostics name file and line of each such rule.
  static Result<std::shared_ptr<const RuleSet>> compile(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                                        Diagnostics& diagnostics);

  /// With correlations over the rules' hits, which the set carries for the stages behind; check_correlations() has passed them.
  static Result<std::shared_ptr<const RuleSet>> compile(const std::vector<Rule>& rules,
                                                        const std::vector<Correlation>& correlations,
                                                        const RuleSetOptions& options, Diagnostics& diagnostics);

  /// The rules of the strictest level compiled for.
  [[nodiscard]] const std::vector<RuleInfo>& rules() const;
  [[nodiscard]] const std::vector<Correlation>& correlations() const;
  [[nodiscard]] PlaceMask raw_places() const;  ///< for DecodeOptions::raw_places
  [[nodiscard]] const RuleSetOptions& options() const;
  [[nodiscard]] const std::string& fingerprint() const;  ///< hex digest of the rules and the options
  ~RuleSet();

  /// For those who match with it.
  [[nodiscard]] const CompiledRules& compiled() const { return *compiled_; }

 private:
  explicit RuleSet(std::unique_ptr<const CompiledRules> compiled);
  std::unique_ptr<const CompiledRules> compiled_;
};

/// Proves at start-up that the matching library on this machine finds what it must (some builds miss matches). An error
/// names the case that failed.
Status run_matcher_canaries();

/// The matching library's version at run time, for weir_build_info.
std::string matching_library_version();

}  // namespace weir
