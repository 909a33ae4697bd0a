#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "detect/program/hs_handles.h"
#include "detect/program/line_gates.h"
#include "detect/program/rule_info.h"
#include "detect/program/rule_program.h"
#include "detect/program/rule_set_options.h"
#include "rules/correlation.h"

namespace weir {

/// The patterns that a scan level adds to the one below, behind one gate: scanned for together, in the lines that pass the gate
/// and are scanned at this level or a stricter one (docs/adr/0024-levels-add-patterns.md).
struct ScanGroup {
  HsDatabase database;
  SecurityLevel level = SecurityLevel::kStandard;
  Gate gate = Gate::kOpen;
  bool by_line = false;            ///< each line is a scan of its own, and short patterns are reported once
  std::vector<uint32_t> patterns;  ///< the library's id → index into RuleProgram::patterns
};

/// What a RuleSet holds: made by compile/, read by match/, and nothing but data.
struct CompiledRules {
  RuleSetOptions options;
  std::string fingerprint;
  std::vector<RuleInfo> rules;
  std::vector<Correlation> correlations;
  RuleProgram program;
  std::vector<SecurityLevel> rule_levels;     ///< per rule
  std::vector<SecurityLevel> pattern_levels;  ///< per pattern: the lowest level of the rules that ask for it
  std::vector<ScanGroup> groups;
  /// Per level in use at which its lines are scanned: its own, or a stricter one whose patterns are scanned for together with
  /// its few. What is found beyond a line's own level does not count (docs/adr/0040-scan-levels.md).
  std::array<SecurityLevel, kSecurityLevels> scan_levels{};
  SecurityLevels levels = 0;  ///< compiled for
  PlaceMask raw_places = 0;
  Evasions evasions = 0;  ///< of which a record must show one for the patterns behind Gate::kEvasion to count

  /// The level itself if the rules were compiled for it, else the set's own.
  [[nodiscard]] SecurityLevel known_level(SecurityLevel level) const {
    return (levels & mask_of(level)) != 0 ? level : options.security_level;
  }
  /// `level` must be a known one.
  [[nodiscard]] SecurityLevel scan_level(SecurityLevel level) const { return scan_levels[static_cast<size_t>(level)]; }
};

}  // namespace weir
