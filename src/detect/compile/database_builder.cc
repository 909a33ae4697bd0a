#include "detect/compile/database_builder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "detect/compile/pattern_database.h"
#include "detect/compile/regex_rewrite.h"
#include "detect/compile/required_bytes.h"
#include "detect/program/condition_truth.h"

namespace weir {
namespace {

constexpr size_t kPatternsMax = 100'000;
constexpr std::array kLevels = {SecurityLevel::kPermissive, SecurityLevel::kStandard, SecurityLevel::kStrict};

void add_error(Diagnostics& diagnostics, const PatternOrigin& origin, const std::string& message) {
  diagnostics.push_back({Diagnostic::Severity::kError, origin.file, origin.line, 0, message, {}});
}

/// The library may accept a pattern only as an approximation when it compiles them all; those need a confirming expression.
bool confirm_prefilters(RuleProgram& program, const std::vector<PatternOrigin>& origins, Diagnostics& diagnostics) {
  for (size_t i = 0; i < program.patterns.size(); ++i) {
    if (!program.patterns[i].prefilter || program.spans[i]) continue;
    auto compiled = Pcre::compile(with_utf8_boundaries(program.patterns[i].regex), program.patterns[i].letter_case);
    if (!compiled) {
      add_error(diagnostics, origins[i], compiled.error().detail);
      return false;
    }
    program.spans[i] = std::make_unique<const Pcre>(std::move(*compiled));
  }
  return true;
}

/// Behind this gate short patterns match at every quote: a text of quotes made ten thousand reports in 8 KiB, each worth some
/// 50 bytes of scanning. Reported once a line they cost a third less there. Most records have one such line or none, so that
/// each line is a scan of its own costs nothing.
constexpr Gate kGateByLine = Gate::kQuote;
/// Bytes of the shortest match. Longer patterns match seldom, and to stop them makes the scan dearer.
constexpr uint32_t kOnceWidthMax = 5;

bool build_group(CompiledRules& compiled, ScanGroup& group, const std::vector<PatternOrigin>& origins,
                 Diagnostics& diagnostics) {
  std::vector<Pattern> patterns;
  for (const uint32_t index : group.patterns) {
    patterns.push_back(compiled.program.patterns[index]);
    patterns.back().regex = with_first_end(patterns.back().regex);
    patterns.back().once = group.by_line && patterns.back().min_width <= kOnceWidthMax;
  }
  PatternError error;
  auto database = compile_database_cached(patterns, compiled.options.cache_directory, error);
  if (!database) {
    add_error(diagnostics,
              error.pattern < group.patterns.size() ? origins[group.patterns[error.pattern]] : PatternOrigin{},
              error.message);
    return false;
  }
  group.database = std::move(*database);
  for (size_t id = 0; id < patterns.size(); ++id)
    compiled.program.patterns[group.patterns[id]].prefilter |= patterns[id].prefilter;
  return true;
}

/// The permissive level has few patterns: databases of their own would be a scan more for nearly every line of every record,
/// so they are put together with those of the next level. The stricter ones' patterns match honest text and stay apart.
std::array<SecurityLevel, kSecurityLevels> scan_levels(SecurityLevels in_use) {
  std::array<SecurityLevel, kSecurityLevels> levels = kLevels;
  if ((in_use & mask_of(SecurityLevel::kPermissive)) == 0) return levels;
  const auto next = std::find_if(kLevels.begin() + 1, kLevels.end(),
                                 [&](SecurityLevel level) { return (in_use & mask_of(level)) != 0; });
  if (next != kLevels.end()) levels.front() = *next;
  return levels;
}

/// Per pattern the lowest level of the rules that ask for it.
std::vector<SecurityLevel> pattern_levels(const CompiledRules& compiled) {
  std::vector<SecurityLevel> levels(compiled.program.patterns.size(), SecurityLevel::kStrict);
  for (const auto& atom : compiled.program.atoms)
    for (uint32_t i = 0; i < atom.rule_count; ++i)
      levels[atom.pattern] =
          std::min(levels[atom.pattern], compiled.rule_levels[compiled.program.atom_rules[atom.first_rule + i]]);
  return levels;
}

/// Which atoms can matter to a rule in a record that shows no evasion.
class AtomsWithoutEvasion {
 public:
  explicit AtomsWithoutEvasion(const RuleProgram& program) : program_(program), matters_(program.atoms.size()) {
    for (const uint32_t root : program.rule_root)
      visit(root);
  }
  [[nodiscard]] bool matters(uint32_t atom) const { return matters_[atom]; }
  /// All evasions that some rule asks for.
  [[nodiscard]] Evasions asked() const { return asked_; }

 private:
  void visit(uint32_t index) {
    const auto without_evasion = [&](uint32_t event) {
      const EventAtom& atom = program_.event_atoms[event];
      if (atom.operation != EventAtom::Operation::kEvasion) return Truth::kUnknown;
      asked_ = static_cast<Evasions>(asked_ | atom.bits);
      return Truth::kFalse;
    };
    // What is settled without an evasion, whatever the patterns say, asks no pattern.
    if (truth_of(program_, index, Truth::kUnknown, without_evasion) != Truth::kUnknown) return;
    const ConditionStep& step = program_.steps[index];
    if (step.kind == ConditionStep::Kind::kAtom) matters_[step.index] = true;
    for (uint32_t i = 0; i < step.child_count; ++i)
      visit(program_.children[step.first_child + i]);
  }

  const RuleProgram& program_;
  std::vector<bool> matters_;
  Evasions asked_ = 0;
};

/// Per pattern whether it counts only in a record that shows an evasion.
std::vector<bool> evasion_patterns(const RuleProgram& program, const AtomsWithoutEvasion& atoms) {
  std::vector<bool> only(program.patterns.size(), true);
  for (uint32_t i = 0; i < program.atoms.size(); ++i)
    if (atoms.matters(i)) only[program.atoms[i].pattern] = false;
  return only;
}

}  // namespace

bool build_databases(CompiledRules& compiled, const std::vector<PatternOrigin>& origins, Diagnostics& diagnostics) {
  const std::vector<Pattern>& patterns = compiled.program.patterns;
  if (patterns.size() > kPatternsMax) {
    add_error(diagnostics, {}, "more than 100000 different patterns");
    return false;
  }
  std::vector<PlaceMask> places(patterns.size());
  for (const auto& atom : compiled.program.atoms)
    places[atom.pattern] |= atom.places;
  std::vector<Gate> gates;
  const AtomsWithoutEvasion without_evasion(compiled.program);
  const std::vector<bool> needs_evasion = evasion_patterns(compiled.program, without_evasion);
  compiled.evasions = without_evasion.asked();
  for (size_t i = 0; i < patterns.size(); ++i)
    gates.push_back(needs_evasion[i] ? Gate::kEvasion : gate_for(required_bytes(patterns[i].regex), places[i]));
  compiled.pattern_levels = pattern_levels(compiled);
  compiled.scan_levels = scan_levels(compiled.levels);
  std::vector<bool> is_grouped(patterns.size());
  for (const SecurityLevel level : kLevels) {
    if ((compiled.levels & mask_of(level)) == 0 || compiled.scan_level(level) != level) continue;
    for (size_t gate = 0; gate < kGates; ++gate) {
      ScanGroup group{nullptr, level, static_cast<Gate>(gate), static_cast<Gate>(gate) == kGateByLine, {}};
      for (uint32_t i = 0; i < patterns.size(); ++i) {
        if (is_grouped[i] || gates[i] != group.gate || compiled.pattern_levels[i] > level) continue;
        group.patterns.push_back(i);
        is_grouped[i] = true;
      }
      if (group.patterns.empty()) continue;
      if (!build_group(compiled, group, origins, diagnostics)) return false;
      compiled.groups.push_back(std::move(group));
    }
  }
  return confirm_prefilters(compiled.program, origins, diagnostics);
}

}  // namespace weir
