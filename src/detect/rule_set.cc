#include "detect/rule_set.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "detect/compile/required_bytes.h"
#include "detect/compile/rule_compiler.h"
#include "detect/match/condition_truth.h"
#include "detect/rule_set_impl.h"

namespace weir {
namespace {

constexpr size_t kRulesMax = 20'000;
constexpr size_t kCorrelationsMax = 1'000;
constexpr size_t kPatternsMax = 100'000;

SecurityLevels levels_of(const RuleSetOptions& options) {
  return static_cast<SecurityLevels>(options.other_levels | mask_of(options.security_level));
}

constexpr std::array kLevels = {SecurityLevel::kPermissive, SecurityLevel::kStandard, SecurityLevel::kStrict};

/// The rules that run at one of the levels: a rule names the lowest one.
std::vector<Rule> rules_at(const std::vector<Rule>& rules, SecurityLevels levels) {
  std::vector<Rule> running;
  for (const auto& rule : rules)
    if ((levels >> static_cast<unsigned>(rule.security_level)) != 0) running.push_back(rule);
  return running;
}

void append(std::string& text, std::string_view part) {
  text.append(std::to_string(part.size())).append(":").append(part);
}
void append(std::string& text, uint64_t number) {
  text.append(std::to_string(number)).append(",");
}

void append(std::string& text, const Value& value) {
  append(text, value.index());
  if (const auto* string = std::get_if<StringValue>(&value)) {
    for (const auto& part : string->parts) {
      append(text, static_cast<uint64_t>(part.kind));
      append(text, part.text);
    }
  } else if (const auto* regex = std::get_if<RegexValue>(&value)) {
    append(text, regex->pattern);
    append(text, regex->ignore_case ? 1 : 0);
  } else if (const auto* number = std::get_if<NumberValue>(&value)) {
    append(text, number->text);
  } else if (const auto* cidr = std::get_if<CidrValue>(&value)) {
    append(text, cidr->network);
  } else if (const auto* reference = std::get_if<FieldRefValue>(&value)) {
    append(text, reference->field);
    append(text, (reference->open_front ? 2U : 0U) + (reference->open_back ? 1U : 0U));
  } else if (const auto* present = std::get_if<ExistsValue>(&value)) {
    append(text, present->exists ? 1 : 0);
  }
}

void append(std::string& text, const ConditionNode& node) {
  append(text, static_cast<uint64_t>(node.kind));
  append(text, node.selection);
  append(text, node.count);
  append(text, node.children.size());
  for (const auto& child : node.children)
    append(text, child);
}

void append(std::string& text, const Rule& rule) {
  append(text, rule.id);
  append(text, rule.title);
  append(text, static_cast<uint64_t>(rule.level));
  append(text, static_cast<uint64_t>(rule.category));
  append(text, static_cast<uint64_t>(rule.weight));
  append(text, static_cast<uint64_t>(rule.security_level));
  append(text, static_cast<uint64_t>(rule.confirmation));
  for (const auto& tag : rule.tags)
    append(text, tag);
  for (const auto& selection : rule.selections) {
    append(text, selection.alternatives.size());
    for (const auto& map : selection.alternatives) {
      append(text, map.items.size());
      for (const auto& item : map.items) {
        append(text, item.field);
        append(text, static_cast<uint64_t>(item.comparison) * 2 + (item.cased ? 1U : 0U));
        append(text, item.values.size());
        for (const auto& value : item.values)
          append(text, value);
      }
    }
  }
  append(text, rule.conditions.size());
  for (const auto& condition : rule.conditions)
    append(text, condition);
}

void append(std::string& text, const Correlation& correlation) {
  append(text, correlation.id);
  append(text, correlation.title);
  append(text, static_cast<uint64_t>(correlation.level));
  append(text, static_cast<uint64_t>(correlation.type));
  append(text, static_cast<uint64_t>(correlation.timespan_ms));
  append(text, std::to_string(correlation.percentile));
  append(text, correlation.generate ? 1 : 0);
  for (const auto* list : {&correlation.tags, &correlation.group_by, &correlation.fields}) {
    append(text, list->size());
    for (const auto& one : *list)
      append(text, one);
  }
  for (const auto& source : correlation.sources)
    append(text, source.id);
  for (const auto& [alias, by_rule] : correlation.aliases)
    for (const auto& [rule, field] : by_rule)
      append(text, alias + "/" + rule + "/" + field);
  for (const auto& bound : correlation.bounds)
    append(text, std::string(to_string(bound.op)) + std::to_string(bound.number));
}

std::string fingerprint_of(const std::vector<Rule>& rules, const std::vector<Correlation>& correlations,
                           const RuleSetOptions& options) {
  std::string text;
  append(text, static_cast<uint64_t>(options.threshold));
  append(text, static_cast<uint64_t>(options.security_level));
  append(text, static_cast<uint64_t>(options.other_levels));
  for (const auto& rule : rules)
    append(text, rule);
  for (const auto& correlation : correlations)
    append(text, correlation);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  std::array<char, 33> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return hex.data();
}

RuleInfo info_of(const Rule& rule) {
  return {rule.id, rule.title, rule.level, rule.category, rule.weight, rule.security_level, rule.tags};
}

void add_error(Diagnostics& diagnostics, const PatternOrigin& origin, const std::string& message) {
  diagnostics.push_back({Diagnostic::Severity::kError, origin.file, origin.line, 0, message, {}});
}

/// The library may accept a pattern only as an approximation when it compiles them all; those need a confirming expression.
bool confirm_prefilters(RuleProgram& program, const std::vector<PatternOrigin>& origins, Diagnostics& diagnostics) {
  for (size_t i = 0; i < program.patterns.size(); ++i) {
    if (!program.patterns[i].prefilter || program.spans[i]) continue;
    auto compiled = Pcre::compile(program.patterns[i].regex, program.patterns[i].caseless);
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

bool build_group(RuleSet::Impl& impl, ScanGroup& group, const std::vector<PatternOrigin>& origins,
                 Diagnostics& diagnostics) {
  if (group.patterns.empty()) return true;
  std::vector<Pattern> patterns;
  for (const uint32_t index : group.patterns) {
    patterns.push_back(impl.program.patterns[index]);
    patterns.back().once = group.by_line && patterns.back().min_width <= kOnceWidthMax;
  }
  PatternError error;
  auto database = compile_database_cached(patterns, impl.options.cache_directory, error);
  if (!database) {
    add_error(diagnostics,
              error.pattern < group.patterns.size() ? origins[group.patterns[error.pattern]] : PatternOrigin{},
              error.message);
    return false;
  }
  group.database = std::move(*database);
  for (size_t id = 0; id < patterns.size(); ++id)
    impl.program.patterns[group.patterns[id]].prefilter |= patterns[id].prefilter;
  return true;
}

/// Per pattern the lowest level of the rules that ask for it.
std::vector<SecurityLevel> pattern_levels(const RuleSet::Impl& impl) {
  std::vector<SecurityLevel> levels(impl.program.patterns.size(), SecurityLevel::kStrict);
  for (const auto& atom : impl.program.atoms)
    for (uint32_t i = 0; i < atom.rule_count; ++i)
      levels[atom.pattern] =
          std::min(levels[atom.pattern], impl.rule_levels[impl.program.atom_rules[atom.first_rule + i]]);
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

/// The group of these patterns; levels that scan for the same share it.
bool find_or_build_group(RuleSet::Impl& impl, ScanGroup group, uint32_t& index,
                         const std::vector<PatternOrigin>& origins, Diagnostics& diagnostics) {
  index = RuleSet::Impl::kNoGroup;
  if (group.patterns.empty()) return true;
  for (index = 0; index < impl.groups.size(); ++index)
    if (impl.groups[index].patterns == group.patterns) return true;
  if (!build_group(impl, group, origins, diagnostics)) return false;
  impl.groups.push_back(std::move(group));
  return true;
}

bool build_databases(RuleSet::Impl& impl, const std::vector<PatternOrigin>& origins, Diagnostics& diagnostics) {
  const std::vector<Pattern>& patterns = impl.program.patterns;
  if (patterns.size() > kPatternsMax) {
    add_error(diagnostics, {}, "more than 100000 different patterns");
    return false;
  }
  std::vector<PlaceMask> places(patterns.size());
  for (const auto& atom : impl.program.atoms)
    places[atom.pattern] |= atom.places;
  std::vector<Gate> gates;
  const AtomsWithoutEvasion without_evasion(impl.program);
  const std::vector<bool> needs_evasion = evasion_patterns(impl.program, without_evasion);
  impl.evasions = without_evasion.asked();
  for (size_t i = 0; i < patterns.size(); ++i)
    gates.push_back(needs_evasion[i] ? Gate::kEvasion : gate_for(required_bytes(patterns[i].regex), places[i]));
  const std::vector<SecurityLevel> levels = pattern_levels(impl);
  for (const SecurityLevel level : kLevels) {
    if ((impl.levels & mask_of(level)) == 0) continue;
    for (size_t gate = 0; gate < kGates; ++gate) {
      ScanGroup group;
      group.by_line = static_cast<Gate>(gate) == kGateByLine;
      for (uint32_t i = 0; i < patterns.size(); ++i)
        if (gates[i] == static_cast<Gate>(gate) && levels[i] <= level) group.patterns.push_back(i);
      uint32_t& index = impl.group_of[static_cast<size_t>(level)][gate];
      if (!find_or_build_group(impl, std::move(group), index, origins, diagnostics)) return false;
    }
  }
  return confirm_prefilters(impl.program, origins, diagnostics);
}

PlaceMask raw_places_of(const RuleProgram& program) {
  PlaceMask places = 0;
  for (const auto& atom : program.atoms)
    places |= atom.places;
  for (const auto& atom : program.event_atoms)
    if (atom.operation == EventAtom::Operation::kLineRegex) places |= atom.field.anywhere;
  PlaceMask raw = 0;
  for (auto place = static_cast<unsigned>(Place::kRawUri); place < static_cast<unsigned>(Place::kCount); ++place)
    raw |= PlaceMask{1} << place;
  return places & raw;
}

}  // namespace

RuleSet::RuleSet() : impl_(std::make_unique<Impl>()) {}
RuleSet::~RuleSet() = default;

Result<std::shared_ptr<const RuleSet>> RuleSet::compile(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                                        Diagnostics& diagnostics) {
  return compile(rules, {}, options, diagnostics);
}

Result<std::shared_ptr<const RuleSet>> RuleSet::compile(const std::vector<Rule>& rules,
                                                        const std::vector<Correlation>& correlations,
                                                        const RuleSetOptions& options, Diagnostics& diagnostics) {
  const size_t already = diagnostics.size();
  const auto refused = [&]() {
    for (size_t i = already; i < diagnostics.size(); ++i)
      if (diagnostics[i].severity == Diagnostic::Severity::kError)
        return fail(ErrorCode::kInvalidArgument, "rules", "the rule set is refused: " + diagnostics[i].to_string());
    return fail(ErrorCode::kInvalidArgument, "rules", "the rule set is refused");
  };
  if (rules.size() > kRulesMax) return fail(ErrorCode::kLimit, "rules", "more than 20000 rules");
  if (correlations.size() > kCorrelationsMax) return fail(ErrorCode::kLimit, "rules", "more than 1000 correlations");
  std::shared_ptr<RuleSet> set(new RuleSet());
  Impl& impl = *set->impl_;
  impl.options = options;
  impl.levels = levels_of(options);
  const std::vector<Rule> running = rules_at(rules, impl.levels);
  for (const auto& rule : running)
    impl.rule_levels.push_back(rule.security_level);
  std::vector<PatternOrigin> origins;
  impl.program = compile_rules(running, origins, diagnostics);
  for (size_t i = already; i < diagnostics.size(); ++i)
    if (diagnostics[i].severity == Diagnostic::Severity::kError) return refused();
  if (!build_databases(impl, origins, diagnostics)) return refused();
  for (const auto& rule : running)
    impl.rules.push_back(info_of(rule));
  impl.fingerprint = fingerprint_of(running, correlations, options);
  impl.correlations = correlations;
  impl.raw_places = raw_places_of(impl.program);
  return set;
}

const std::vector<RuleInfo>& RuleSet::rules() const {
  return impl_->rules;
}
const std::vector<Correlation>& RuleSet::correlations() const {
  return impl_->correlations;
}
PlaceMask RuleSet::raw_places() const {
  return impl_->raw_places;
}
const RuleSetOptions& RuleSet::options() const {
  return impl_->options;
}
const std::string& RuleSet::fingerprint() const {
  return impl_->fingerprint;
}

}  // namespace weir
