#include "detect/compile/rule_compiler.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "detect/compile/pattern_database.h"
#include "detect/compile/pattern_text.h"
#include "detect/compile/regex_rewrite.h"
#include "detect/program/condition_truth.h"

namespace weir {
namespace {

using Step = ConditionStep;
using StepIndex = uint32_t;

/// The bit of this name; 0 when there is none.
template <NamedBits Flag>
uint16_t bit_called(std::string_view name) {
  const auto& names = kBitNamesOf<Flag>;
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? uint16_t{0} : static_cast<uint16_t>(1U << static_cast<unsigned>(found - names.begin()));
}

template <NamedBits Flag>
std::string all_names() {
  std::string text;
  for (const std::string_view name : kBitNamesOf<Flag>)
    text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

bool begins_with_scheme(const PatternString& pattern) {
  if (pattern[0].kind != StringPart::Kind::kLiteral) return false;
  const std::string& text = pattern[0].text;
  return text == "http" || text == "https" || text.starts_with("http:") || text.starts_with("https:");
}

bool reaches_over_scheme(const PatternString& pattern) {
  return std::any_of(pattern.begin(), pattern.end(),
                     [](const StringPart& part) { return part.text.find("://") != std::string::npos; });
}

bool is_method(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kMethods = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                               "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  return std::find(kMethods.begin(), kMethods.end(), text) != kMethods.end();
}

bool is_status(std::string_view text) {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

LetterCase case_of(const DetectionItem& item) {
  return item.cased ? LetterCase::kMatters : LetterCase::kIgnored;
}
LetterCase case_of(const RegexValue& value) {
  return value.ignore_case ? LetterCase::kIgnored : LetterCase::kMatters;
}

class Compiler {
 public:
  Compiler(PatternFacts& facts, std::vector<PatternOrigin>& origins, Diagnostics& diagnostics)
      : facts_(facts), origins_(origins), diagnostics_(diagnostics) {}

  void add(const Rule& rule) {
    rule_ = &rule;
    std::vector<StepIndex> selections;
    for (const auto& selection : rule.selections)
      selections.push_back(compile(selection));
    std::vector<StepIndex> conditions;
    for (const auto& condition : rule.conditions)
      conditions.push_back(compile(condition, selections));
    program_.rule_root.push_back(combine(Step::Kind::kOr, std::move(conditions)));
  }

  RuleProgram finish() {
    link_patterns();
    link_rules();
    link_alternatives();
    return std::move(program_);
  }

 private:
  void report(Diagnostic::Severity severity, int line, std::string message, std::string hint = {}) {
    diagnostics_.push_back({severity, rule_->file, line, 0, std::move(message), std::move(hint)});
  }
  StepIndex error(int line, std::string message, std::string hint = {}) {
    report(Diagnostic::Severity::kError, line, std::move(message), std::move(hint));
    return constant(false);
  }

  StepIndex push(Step step) {
    program_.steps.push_back(step);
    return static_cast<StepIndex>(program_.steps.size() - 1);
  }
  StepIndex constant(bool value) { return push({value ? Step::Kind::kTrue : Step::Kind::kFalse, 0, 0, 0}); }
  StepIndex combine(Step::Kind kind, std::vector<StepIndex> children, uint32_t count = 0) {
    if (children.empty()) return constant(false);
    if (children.size() == 1 && kind != Step::Kind::kNot) return children[0];
    const Step step{kind, count, static_cast<uint32_t>(program_.children.size()),
                    static_cast<uint32_t>(children.size())};
    program_.children.insert(program_.children.end(), children.begin(), children.end());
    return push(step);
  }

  StepIndex compile(const ConditionNode& node, const std::vector<StepIndex>& selections) {
    if (node.kind == ConditionNode::Kind::kSelection) return selections.at(node.selection);
    std::vector<StepIndex> children;
    for (const auto& child : node.children)
      children.push_back(compile(child, selections));
    switch (node.kind) {
      case ConditionNode::Kind::kAnd:
        return combine(Step::Kind::kAnd, std::move(children));
      case ConditionNode::Kind::kNot:
        return combine(Step::Kind::kNot, std::move(children));
      case ConditionNode::Kind::kAtLeast:
        return combine(Step::Kind::kAtLeast, std::move(children), node.count);
      default:
        return combine(Step::Kind::kOr, std::move(children));
    }
  }

  StepIndex compile(const Selection& selection) {
    std::vector<StepIndex> alternatives;
    for (const auto& map : selection.alternatives) {
      std::vector<StepIndex> items;
      for (const auto& item : map.items)
        items.push_back(compile(item));
      alternatives.push_back(combine(Step::Kind::kAnd, std::move(items)));
    }
    return combine(Step::Kind::kOr, std::move(alternatives));
  }

  StepIndex compile(const DetectionItem& item) {
    const auto target = find_field(item.field);
    if (!target || target->kind == FieldKind::kAbsent) warn_absent(item, target.has_value());
    std::vector<StepIndex> values;
    for (const auto& value : item.values)
      values.push_back(compile(item, target.value_or(FieldTarget{}), value));
    const StepIndex any = combine(Step::Kind::kOr, std::move(values));
    // "Not equal" to a list means equal to none of it.
    return item.comparison == Comparison::kNotEqual ? combine(Step::Kind::kNot, {any}) : any;
  }

  void warn_absent(const DetectionItem& item, bool known) {
    if (item.field.starts_with("weir.")) {
      error(item.line, "unknown field '" + item.field + "'", "docs/rules.md lists the fields");
      return;
    }
    report(Diagnostic::Severity::kWarning, item.line,
           known ? "request logs have no field '" + item.field + "': it counts as missing"
                 : "unknown field '" + item.field + "': it counts as missing");
  }

  StepIndex compile(const DetectionItem& item, const FieldTarget& field, const Value& value) {
    if (const auto* present = std::get_if<ExistsValue>(&value)) return exists(field, present->exists);
    if (std::holds_alternative<NullValue>(value)) return exists(field, false);
    if (field.kind == FieldKind::kAbsent) return constant(false);
    if (field.kind == FieldKind::kEvasion || field.kind == FieldKind::kSteps) return flag(item, field, value);
    if (const auto* text = std::get_if<StringValue>(&value)) return string(item, field, text->parts);
    if (const auto* regex = std::get_if<RegexValue>(&value)) return regular(item, field, *regex);
    if (const auto* number = std::get_if<NumberValue>(&value)) return numeric(item, field, *number);
    EventAtom atom;
    atom.field = field;
    atom.letter_case = case_of(item);
    if (const auto* cidr = std::get_if<CidrValue>(&value)) {
      if (field.kind != FieldKind::kAddress && field.text == EventText::kNone)
        return error(item.line, "'cidr' needs a field with one address");
      atom.operation = EventAtom::Operation::kCidr;
      atom.network = Cidr::parse(cidr->network).value_or(Cidr());
      return event(std::move(atom));
    }
    return field_reference(item, std::move(atom), std::get<FieldRefValue>(value));
  }

  StepIndex field_reference(const DetectionItem& item, EventAtom atom, const FieldRefValue& reference) {
    const auto other = find_field(reference.field);
    const auto comparable = [](const FieldTarget& field) {
      return field.kind == FieldKind::kAddress || field.kind == FieldKind::kNumber || field.text != EventText::kNone;
    };
    if (!other || other->kind == FieldKind::kAbsent) {
      report(Diagnostic::Severity::kWarning, item.line,
             "request logs have no field '" + reference.field + "': it counts as missing");
      return constant(false);
    }
    if (!comparable(*other) || !comparable(atom.field))
      return error(item.line, "'fieldref' compares fields with one value, which one of these is not");
    atom.operation = EventAtom::Operation::kFieldRef;
    atom.other = *other;
    atom.open_front = reference.open_front;
    atom.open_back = reference.open_back;
    return event(std::move(atom));
  }

  StepIndex exists(const FieldTarget& field, bool wanted) {
    if (field.kind == FieldKind::kAbsent) return constant(!wanted);
    EventAtom atom;
    atom.operation = EventAtom::Operation::kExists;
    atom.field = field;
    const StepIndex present = event(std::move(atom));
    return wanted ? present : combine(Step::Kind::kNot, {present});
  }

  StepIndex flag(const DetectionItem& item, const FieldTarget& field, const Value& value) {
    const auto* text = std::get_if<StringValue>(&value);
    std::string name;
    if (text != nullptr && text->parts.size() == 1) name = text->parts[0].text;
    EventAtom atom;
    atom.field = field;
    const bool evasion = field.kind == FieldKind::kEvasion;
    atom.operation = evasion ? EventAtom::Operation::kEvasion : EventAtom::Operation::kStep;
    atom.bits = evasion ? bit_called<Evasion>(name) : bit_called<DecodeStep>(name);
    if (atom.bits == 0)
      return error(item.line, "'" + item.field + "' has no value '" + name + "'",
                   evasion ? all_names<Evasion>() : all_names<DecodeStep>());
    return event(std::move(atom));
  }

  StepIndex numeric(const DetectionItem& item, const FieldTarget& field, const NumberValue& value) {
    const bool ordered = item.comparison != Comparison::kMatch && item.comparison != Comparison::kNotEqual;
    if (field.kind != FieldKind::kNumber) {
      if (ordered) return error(item.line, "'" + item.field + "' holds text, which cannot be compared with a number");
      return string(item, field, {{StringPart::Kind::kLiteral, value.text}});
    }
    EventAtom atom;
    atom.operation = EventAtom::Operation::kCompare;
    atom.field = field;
    atom.comparison = ordered ? item.comparison : Comparison::kMatch;
    atom.number = value.number;
    return event(std::move(atom));
  }

  StepIndex string(const DetectionItem& item, const FieldTarget& field, const PatternString& pattern) {
    if (pattern.empty()) return exists(field, false);
    if (pattern.size() == 1 && pattern[0].kind == StringPart::Kind::kAnyMany) return exists(field, true);
    if (field.kind != FieldKind::kLines) return glob(item, field, pattern);
    if (field.text == EventText::kUri && begins_with_scheme(pattern)) return glob(item, whole_url(field), pattern);
    const auto regex = regex_of(pattern, field);
    if (!regex) return exists(field, true);
    const PlaceMask places = is_open(pattern) ? field.anywhere : field.whole;
    std::vector<StepIndex> found = {scan(item, {*regex, case_of(item)}, places, field)};
    if (field.text == EventText::kUri && reaches_over_scheme(pattern))
      found.push_back(glob(item, whole_url(field), pattern));
    if (item.field.empty()) add_keyword_facts(item, pattern, found);
    return combine(Step::Kind::kOr, std::move(found));
  }

  /// A URL with scheme and host stands on no line; it is put together when needed.
  static FieldTarget whole_url(FieldTarget field) {
    field.kind = FieldKind::kText;
    field.text = EventText::kUrl;
    return field;
  }

  /// Keywords are looked for in the entire event, of which method and status stand on no line.
  void add_keyword_facts(const DetectionItem& item, const PatternString& pattern, std::vector<StepIndex>& found) {
    const auto literal = std::find_if(pattern.begin(), pattern.end(),
                                      [](const StringPart& part) { return part.kind == StringPart::Kind::kLiteral; });
    if (literal == pattern.end()) return;
    if (is_method(literal->text))
      found.push_back(glob(item, find_field("cs-method").value_or(FieldTarget{}), {*literal}));
    if (!is_status(literal->text)) return;
    EventAtom atom;
    atom.operation = EventAtom::Operation::kCompare;
    atom.field = find_field("sc-status").value_or(FieldTarget{});
    atom.comparison = Comparison::kMatch;
    atom.number = std::stod(literal->text);
    found.push_back(event(std::move(atom)));
  }

  StepIndex glob(const DetectionItem& item, const FieldTarget& field, const PatternString& pattern) {
    EventAtom atom;
    atom.operation = EventAtom::Operation::kGlob;
    atom.field = field;
    atom.letter_case = case_of(item);
    atom.pattern = pattern;
    return event(std::move(atom));
  }

  StepIndex regular(const DetectionItem& item, const FieldTarget& field, const RegexValue& value) {
    const bool raw = (field.anywhere & ~kUserTextPlaces) != 0;
    auto rewritten =
        rewrite_for_lines(value.pattern, raw || field.kind != FieldKind::kLines ? LineText::kRaw : LineText::kDecoded);
    if (!rewritten) return error(item.line, rewritten.error().detail);
    if (field.kind == FieldKind::kLines)
      return scan(item, {std::move(*rewritten), case_of(value)}, field.anywhere, field);
    return precise(item, field, *rewritten, case_of(value), EventAtom::Operation::kRegex);
  }

  StepIndex precise(const DetectionItem& item, const FieldTarget& field, const std::string& regex,
                    LetterCase letter_case, EventAtom::Operation operation) {
    auto compiled = Pcre::compile(with_utf8_boundaries(regex), letter_case);
    if (!compiled) return error(item.line, compiled.error().detail);
    EventAtom atom;
    atom.operation = operation;
    atom.field = field;
    atom.regex = std::make_shared<const Pcre>(std::move(*compiled));
    return event(std::move(atom));
  }

  StepIndex event(EventAtom atom) {
    program_.event_atoms.push_back(std::move(atom));
    return push({Step::Kind::kEvent, static_cast<uint32_t>(program_.event_atoms.size() - 1), 0, 0});
  }

  /// A pattern for the database, shared with every rule that asks for the same one.
  StepIndex scan(const DetectionItem& item, Pattern pattern, PlaceMask places, const FieldTarget& field) {
    const auto key = std::make_pair(pattern.regex, pattern.letter_case);
    auto known = pattern_index_.find(key);
    if (known == pattern_index_.end()) {
      if (const Status status = facts_.inspect(pattern); !status) return error(item.line, status.error().detail);
      if (pattern.min_width == 0 && rule_->confirmation != Confirmation::kNone)
        return error(item.line, "an expression that matches an empty text cannot be confirmed");
      if (pattern.min_width == 0) {
        report(Diagnostic::Severity::kWarning, item.line,
               "the expression matches an empty text, so it cannot be part of the scan and is slow");
        return precise(item, field, pattern.regex, pattern.letter_case, EventAtom::Operation::kLineRegex);
      }
      pattern.word_boundary = has_word_boundary(pattern.regex);
      if (!add_span(pattern, item.line)) return constant(false);
      known = pattern_index_.emplace(key, static_cast<uint32_t>(program_.patterns.size())).first;
      program_.patterns.push_back(std::move(pattern));
      origins_.push_back({rule_->file, item.line});
    }
    const auto atom_key = std::make_tuple(known->second, places, rule_->confirmation);
    auto atom = atom_index_.find(atom_key);
    if (atom == atom_index_.end()) {
      atom = atom_index_.emplace(atom_key, static_cast<uint32_t>(program_.atoms.size())).first;
      program_.atoms.push_back({known->second, places, rule_->confirmation, 0, 0});
    }
    return push({Step::Kind::kAtom, atom->second, 0, 0});
  }

  bool add_span(const Pattern& pattern, int line) {
    const bool fixed = pattern.min_width == pattern.max_width && !pattern.prefilter && !pattern.word_boundary;
    program_.spans.push_back(nullptr);
    if (fixed) return true;
    auto compiled = Pcre::compile(with_utf8_boundaries(pattern.regex), pattern.letter_case);
    if (!compiled) {
      program_.spans.pop_back();
      error(line, compiled.error().detail);
      return false;
    }
    program_.spans.back() = std::make_unique<const Pcre>(std::move(*compiled));
    return true;
  }

  void link_patterns() {
    std::vector<std::vector<uint32_t>> atoms_of(program_.patterns.size());
    for (uint32_t i = 0; i < program_.atoms.size(); ++i)
      atoms_of[program_.atoms[i].pattern].push_back(i);
    for (const auto& atoms : atoms_of) {
      program_.pattern_first_atom.push_back(static_cast<uint32_t>(program_.pattern_atoms.size()));
      program_.pattern_atoms.insert(program_.pattern_atoms.end(), atoms.begin(), atoms.end());
    }
    program_.pattern_first_atom.push_back(static_cast<uint32_t>(program_.pattern_atoms.size()));
  }

  void link_rules() {
    std::vector<std::vector<uint32_t>> rules_of(program_.atoms.size());
    for (uint32_t rule = 0; rule < program_.rule_root.size(); ++rule) {
      touch_atoms(program_.rule_root[rule], rule, rules_of);
      const auto unknown = [](uint32_t) { return Truth::kUnknown; };
      if (truth_of(program_, program_.rule_root[rule], Truth::kFalse, unknown) != Truth::kFalse)
        program_.always_rules.push_back(rule);
    }
    for (size_t i = 0; i < rules_of.size(); ++i) {
      program_.atoms[i].first_rule = static_cast<uint32_t>(program_.atom_rules.size());
      program_.atoms[i].rule_count = static_cast<uint32_t>(rules_of[i].size());
      program_.atom_rules.insert(program_.atom_rules.end(), rules_of[i].begin(), rules_of[i].end());
    }
  }

  /// A hit of an atom decides the lists that it stands in at once; some (of bots' names) have hundreds of values.
  void link_alternatives() {
    std::vector<std::vector<AtomAlternative>> alternatives_of(program_.atoms.size());
    for (uint32_t index = 0; index < program_.steps.size(); ++index) {
      Step& step = program_.steps[index];
      const auto first = program_.children.begin() + step.first_child;
      const auto is_atom = [&](StepIndex child) { return program_.steps[child].kind == Step::Kind::kAtom; };
      step.only_atoms = step.kind == Step::Kind::kOr && std::all_of(first, first + step.child_count, is_atom);
      if (!step.only_atoms) continue;
      for (uint32_t i = step.first_child; i < step.first_child + step.child_count; ++i)
        alternatives_of[program_.steps[program_.children[i]].index].push_back({index, i});
    }
    for (size_t i = 0; i < alternatives_of.size(); ++i) {
      program_.atoms[i].first_alternative = static_cast<uint32_t>(program_.atom_alternatives.size());
      program_.atoms[i].alternative_count = static_cast<uint32_t>(alternatives_of[i].size());
      program_.atom_alternatives.insert(program_.atom_alternatives.end(), alternatives_of[i].begin(),
                                        alternatives_of[i].end());
    }
  }

  void touch_atoms(StepIndex index, uint32_t rule, std::vector<std::vector<uint32_t>>& rules_of) {
    const Step step = program_.steps[index];
    if (step.kind == Step::Kind::kAtom) {
      auto& rules = rules_of[step.index];
      if (rules.empty() || rules.back() != rule) rules.push_back(rule);
      return;
    }
    for (uint32_t i = 0; i < step.child_count; ++i)
      touch_atoms(program_.children[step.first_child + i], rule, rules_of);
  }

  const Rule* rule_ = nullptr;
  RuleProgram program_;
  std::map<std::pair<std::string, LetterCase>, uint32_t> pattern_index_;
  std::map<std::tuple<uint32_t, PlaceMask, Confirmation>, uint32_t> atom_index_;
  PatternFacts& facts_;
  std::vector<PatternOrigin>& origins_;
  Diagnostics& diagnostics_;
};

}  // namespace

RuleProgram compile_rules(const std::vector<Rule>& rules, PatternFacts& facts, std::vector<PatternOrigin>& origins,
                          Diagnostics& diagnostics) {
  Compiler compiler(facts, origins, diagnostics);
  for (const auto& rule : rules)
    compiler.add(rule);
  return compiler.finish();
}

}  // namespace weir
