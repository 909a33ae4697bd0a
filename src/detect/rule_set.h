#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "decode/decoded_record.h"
#include "detect/match/detection.h"
#include "rules/correlation.h"
#include "rules/rule.h"

namespace weir {

/// A set of security levels: bit i = SecurityLevel i.
using SecurityLevels = uint8_t;
constexpr SecurityLevels mask_of(SecurityLevel level) {
  return static_cast<SecurityLevels>(1U << static_cast<unsigned>(level));
}

struct RuleSetOptions {
  int threshold = 10;  ///< request score from which a record is malicious
  SecurityLevel security_level = SecurityLevel::kStandard;
  SecurityLevels other_levels = 0;  ///< levels that policies use besides; each has pattern databases of its own
  std::string cache_directory;      ///< serialised databases; empty: no cache
};

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

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  RuleSet();
  std::unique_ptr<Impl> impl_;
};

/// Proves at start-up that the matching library on this machine finds what it must (some builds miss matches). An error
/// names the case that failed.
Status run_matcher_canaries();

/// The matching library's version at run time, for weir_build_info.
std::string matching_library_version();

}  // namespace weir
