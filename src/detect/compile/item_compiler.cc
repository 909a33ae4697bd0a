#include "detect/compile/item_compiler.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "detect/compile/pattern_text.h"
#include "detect/compile/regex_rewrite.h"

namespace weir {
namespace {

using Step = ConditionStep;

/// The bit of this name; 0 when there is none.
template <NamedBits Flag>
uint32_t bit_called(std::string_view name) {
  const auto& names = kBitNamesOf<Flag>;
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? 0U : 1U << static_cast<unsigned>(found - names.begin());
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
  return text.size() == 3 && std::all_of(text.begin(), text.end(), is_ascii_digit);
}

LetterCase case_of(const DetectionItem& item) {
  return item.cased ? LetterCase::kMatters : LetterCase::kIgnored;
}
LetterCase case_of(const RegexValue& value) {
  return value.ignore_case ? LetterCase::kIgnored : LetterCase::kMatters;
}

/// A URL with scheme and host stands on no line; it is put together when needed.
FieldTarget whole_url(FieldTarget field) {
  field.kind = FieldKind::kText;
  field.text = EventText::kUrl;
  return field;
}

}  // namespace

void ItemCompiler::report(Diagnostic::Severity severity, int line, std::string message, std::string hint) {
  diagnostics_.push_back({severity, rule_.file, line, 0, std::move(message), std::move(hint)});
}

StepIndex ItemCompiler::error(int line, std::string message, std::string hint) {
  report(Diagnostic::Severity::kError, line, std::move(message), std::move(hint));
  return program_.constant(false);
}

StepIndex ItemCompiler::compile(const DetectionItem& item) {
  const auto target = find_field(item.field);
  if (!target || target->kind == FieldKind::kAbsent) warn_absent(item, target.has_value());
  std::vector<StepIndex> values;
  for (const auto& value : item.values)
    values.push_back(compile_value(item, target.value_or(FieldTarget{}), value));
  const StepIndex any = program_.combine(Step::Kind::kOr, std::move(values));
  // "Not equal" to a list means equal to none of it.
  return item.comparison == Comparison::kNotEqual ? program_.combine(Step::Kind::kNot, {any}) : any;
}

void ItemCompiler::warn_absent(const DetectionItem& item, bool known) {
  if (item.field.starts_with("weir.")) {
    error(item.line, "unknown field '" + item.field + "'", "docs/rules.md lists the fields");
    return;
  }
  report(Diagnostic::Severity::kWarning, item.line,
         known ? "request logs have no field '" + item.field + "': it counts as missing"
               : "unknown field '" + item.field + "': it counts as missing");
}

StepIndex ItemCompiler::compile_value(const DetectionItem& item, const FieldTarget& field, const Value& value) {
  if (const auto* present = std::get_if<ExistsValue>(&value)) return exists(field, present->exists);
  if (std::holds_alternative<NullValue>(value)) return exists(field, false);
  if (field.kind == FieldKind::kAbsent) return program_.constant(false);
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
    return program_.event(std::move(atom));
  }
  return field_reference(item, std::move(atom), std::get<FieldRefValue>(value));
}

StepIndex ItemCompiler::field_reference(const DetectionItem& item, EventAtom atom, const FieldRefValue& reference) {
  const auto other = find_field(reference.field);
  const auto comparable = [](const FieldTarget& field) {
    return field.kind == FieldKind::kAddress || field.kind == FieldKind::kNumber || field.text != EventText::kNone;
  };
  if (!other || other->kind == FieldKind::kAbsent) {
    report(Diagnostic::Severity::kWarning, item.line,
           "request logs have no field '" + reference.field + "': it counts as missing");
    return program_.constant(false);
  }
  if (!comparable(*other) || !comparable(atom.field))
    return error(item.line, "'fieldref' compares fields with one value, which one of these is not");
  atom.operation = EventAtom::Operation::kFieldRef;
  atom.other = *other;
  atom.open_front = reference.open_front;
  atom.open_back = reference.open_back;
  return program_.event(std::move(atom));
}

StepIndex ItemCompiler::exists(const FieldTarget& field, bool wanted) {
  if (field.kind == FieldKind::kAbsent) return program_.constant(!wanted);
  EventAtom atom;
  atom.operation = EventAtom::Operation::kExists;
  atom.field = field;
  const StepIndex present = program_.event(std::move(atom));
  return wanted ? present : program_.combine(Step::Kind::kNot, {present});
}

StepIndex ItemCompiler::flag(const DetectionItem& item, const FieldTarget& field, const Value& value) {
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
  return program_.event(std::move(atom));
}

StepIndex ItemCompiler::numeric(const DetectionItem& item, const FieldTarget& field, const NumberValue& value) {
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
  return program_.event(std::move(atom));
}

StepIndex ItemCompiler::string(const DetectionItem& item, const FieldTarget& field, const PatternString& pattern) {
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
  return program_.combine(Step::Kind::kOr, std::move(found));
}

/// Keywords are looked for in the entire event, of which method and status stand on no line.
void ItemCompiler::add_keyword_facts(const DetectionItem& item, const PatternString& pattern,
                                     std::vector<StepIndex>& found) {
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
  found.push_back(program_.event(std::move(atom)));
}

StepIndex ItemCompiler::glob(const DetectionItem& item, const FieldTarget& field, const PatternString& pattern) {
  EventAtom atom;
  atom.operation = EventAtom::Operation::kGlob;
  atom.field = field;
  atom.letter_case = case_of(item);
  atom.pattern = pattern;
  return program_.event(std::move(atom));
}

StepIndex ItemCompiler::regular(const DetectionItem& item, const FieldTarget& field, const RegexValue& value) {
  const bool raw = (field.anywhere & ~kUserTextPlaces) != 0;
  auto rewritten =
      rewrite_for_lines(value.pattern, raw || field.kind != FieldKind::kLines ? LineText::kRaw : LineText::kDecoded);
  if (!rewritten) return error(item.line, rewritten.error().detail);
  if (field.kind == FieldKind::kLines)
    return scan(item, {std::move(*rewritten), case_of(value)}, field.anywhere, field);
  return precise(item, field, {std::move(*rewritten), case_of(value)}, EventAtom::Operation::kRegex);
}

StepIndex ItemCompiler::precise(const DetectionItem& item, const FieldTarget& field, const Pattern& pattern,
                                EventAtom::Operation operation) {
  auto compiled = Pcre::compile(with_utf8_boundaries(pattern.regex), pattern.letter_case);
  if (!compiled) return error(item.line, compiled.error().detail);
  EventAtom atom;
  atom.operation = operation;
  atom.field = field;
  atom.regex = std::make_shared<const Pcre>(std::move(*compiled));
  return program_.event(std::move(atom));
}

/// A pattern for the database, shared with every rule that asks for the same one.
StepIndex ItemCompiler::scan(const DetectionItem& item, Pattern pattern, PlaceMask places, const FieldTarget& field) {
  std::optional<uint32_t> known = program_.find_pattern(pattern);
  if (!known) {
    if (const Status status = facts_.inspect(pattern); !status) return error(item.line, status.error().detail);
    if (pattern.min_width == 0 && confirmation_ != Confirmation::kNone)
      return error(item.line, "an expression that matches an empty text cannot be confirmed");
    if (pattern.min_width == 0) {
      report(Diagnostic::Severity::kWarning, item.line,
             "the expression matches an empty text, so it cannot be part of the scan and is slow");
      return precise(item, field, pattern, EventAtom::Operation::kLineRegex);
    }
    const auto added = program_.add_pattern(std::move(pattern), {rule_.file, item.line});
    if (!added) return error(item.line, added.error().detail);
    known = *added;
  }
  return program_.atom(*known, places, confirmation_);
}

}  // namespace weir
