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

constexpr size_t kSecurityLevels = 3;

/// The patterns of a security level behind one gate: scanned for together, in the lines that pass it.
struct ScanGroup {
  HsDatabase database;             ///< null when it has no pattern
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
  std::vector<SecurityLevel> rule_levels;  ///< per rule
  std::vector<ScanGroup> groups;
  SecurityLevels levels = 0;  ///< compiled for
  /// By level and gate, into groups; kNoGroup when nothing is to be scanned for. Levels with the same patterns share a group.
  std::array<std::array<uint32_t, kGates>, kSecurityLevels> group_of{};
  static constexpr uint32_t kNoGroup = 0xffffffff;
  PlaceMask raw_places = 0;
  Evasions evasions = 0;  ///< of which a record must show one for the patterns behind Gate::kEvasion to count

  /// The level itself if the rules were compiled for it, else the set's own.
  [[nodiscard]] SecurityLevel known_level(SecurityLevel level) const {
    return (levels & mask_of(level)) != 0 ? level : options.security_level;
  }
  /// Null when nothing is to be scanned for.
  [[nodiscard]] const ScanGroup* group_at(SecurityLevel level, Gate gate) const {
    const uint32_t index = group_of[static_cast<size_t>(level)][static_cast<size_t>(gate)];
    return index == kNoGroup ? nullptr : &groups[index];
  }
};

}  // namespace weir
