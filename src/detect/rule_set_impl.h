#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "detect/compile/pattern_database.h"
#include "detect/match/event_atom.h"
#include "detect/match/line_gates.h"
#include "detect/rule_set.h"

namespace weir {

/// A pattern together with the places in which it counts; several atoms may share a pattern.
struct Atom {
  uint32_t pattern = 0;
  PlaceMask places = 0;
  Confirmation confirmation = Confirmation::kNone;
  uint32_t first_rule = 0;  ///< into RuleProgram::atom_rules
  uint32_t rule_count = 0;
  uint32_t first_alternative = 0;  ///< into RuleProgram::atom_alternatives
  uint32_t alternative_count = 0;
};

/// A condition as a graph in one array; selections used twice are shared.
struct ConditionStep {
  enum class Kind : uint8_t { kAtom, kEvent, kAnd, kOr, kNot, kAtLeast, kTrue, kFalse };
  Kind kind = Kind::kFalse;
  uint32_t index = 0;        ///< of the atom or event atom; for kAtLeast how many
  uint32_t first_child = 0;  ///< into RuleProgram::children
  uint32_t child_count = 0;
  bool only_atoms = false;  ///< kOr: each child is an atom, as with a list of values
};

/// Where an atom stands in an alternative of atoms only.
struct AtomAlternative {
  uint32_t step = 0;   ///< of kind kOr
  uint32_t child = 0;  ///< into RuleProgram::children
};

/// Everything a set of rules compiles to but the database.
struct RuleProgram {
  std::vector<Pattern> patterns;
  std::vector<Atom> atoms;
  std::vector<uint32_t> pattern_first_atom;  ///< per pattern, into pattern_atoms; one more at the end
  std::vector<uint32_t> pattern_atoms;
  std::vector<uint32_t> atom_rules;
  std::vector<AtomAlternative> atom_alternatives;
  std::vector<EventAtom> event_atoms;
  std::vector<ConditionStep> steps;
  std::vector<uint32_t> children;
  std::vector<uint32_t> rule_root;     ///< per rule, into steps
  std::vector<uint32_t> always_rules;  ///< rules whose condition can hold without a pattern hit
  /// Per pattern: finds the span of a match and confirms a prefilter; null where the width is fixed and nothing is to confirm.
  std::vector<std::unique_ptr<const Pcre>> spans;
};

constexpr size_t kSecurityLevels = 3;

/// The patterns of a security level behind one gate: scanned for together, in the lines that pass it.
struct ScanGroup {
  HsDatabase database;             ///< null when it has no pattern
  bool by_line = false;            ///< each line is a scan of its own, and short patterns are reported once
  std::vector<uint32_t> patterns;  ///< the library's id → index into RuleProgram::patterns
};

struct RuleSet::Impl {
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
};

}  // namespace weir
