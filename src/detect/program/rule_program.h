#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "decode/decoded_record.h"
#include "detect/program/event_atom.h"
#include "detect/program/letter_case.h"
#include "detect/program/pcre.h"
#include "rules/rule.h"

namespace weir {

/// One expression for the matching library.
struct Pattern {
  std::string regex;  ///< cannot match '\n'
  LetterCase letter_case = LetterCase::kIgnored;
  bool prefilter = false;  ///< set by the compiler: the library only approximates it, PCRE2 confirms
  bool once = false;       ///< is reported once a scan, for a text of one line
  /// Set by the compiler: it holds \b, which the library takes bytewise; in lines beyond ASCII PCRE2 confirms.
  bool word_boundary = false;
  /// Set by the compiler: it asks for a line break, so it looks at the lines that tell them; others need not.
  bool line_breaks = false;
  uint32_t min_width = 0;  ///< bytes of a match; set by the compiler
  uint32_t max_width = 0;  ///< UINT32_MAX: unbounded
};

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

}  // namespace weir
