#include "detect/match/event_truth.h"

#include <array>
#include <charconv>

#include "base/ascii.h"
#include "detect/match/glob_match.h"

namespace weir {
namespace {

/// The field's value as text, for every kind of field that has one.
std::string_view text_of(const FieldTarget& field, const Event& event, std::string& buffer) {
  if (field.kind == FieldKind::kAddress) return buffer = event.client_ip.to_string();
  if (field.kind != FieldKind::kNumber) return event_text(event, field.text, buffer);
  if (field.number == EventNumber::kStatus && event.status == 0) return {};
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                 static_cast<uint64_t>(event_number(event, field.number)));
  return buffer.assign(digits.data(), end.ptr);
}

bool line_has_value(const DecodedRecord& record, PlaceMask places) {
  for (const auto& line : record.lines)
    if ((mask_of(line.place) & places) != 0 && !record.value_of(line).empty()) return true;
  return false;
}

bool exists(const FieldTarget& field, const Event& event, const DecodedRecord& record, EventScratch& scratch) {
  switch (field.kind) {
    case FieldKind::kLines:
      if (field.text != EventText::kNone) return !event_text(event, field.text, scratch.first).empty();
      return line_has_value(record, field.anywhere);
    case FieldKind::kText:
      return !event_text(event, field.text, scratch.first).empty();
    case FieldKind::kNumber:
      return field.number != EventNumber::kStatus || event.status != 0;
    case FieldKind::kAddress:
      return true;
    case FieldKind::kEvasion:
      return record.evasions != 0;
    case FieldKind::kSteps:
    case FieldKind::kAbsent:
      return false;
  }
  return false;
}

bool compare(const EventAtom& atom, double value) {
  switch (atom.comparison) {
    case Comparison::kMatch:
      return value == atom.number;
    case Comparison::kNotEqual:
      return value != atom.number;
    case Comparison::kGreater:
      return value > atom.number;
    case Comparison::kGreaterEqual:
      return value >= atom.number;
    case Comparison::kLess:
      return value < atom.number;
    case Comparison::kLessEqual:
      return value <= atom.number;
  }
  return false;
}

bool in_network(const EventAtom& atom, const Event& event, EventScratch& scratch) {
  if (atom.field.kind == FieldKind::kAddress) return atom.network.contains(event.client_ip);
  const auto address = IpAddress::parse_with_port(text_of(atom.field, event, scratch.first));
  return address && atom.network.contains(*address);
}

bool refers(const EventAtom& atom, const Event& event, EventScratch& scratch) {
  const std::string_view value = text_of(atom.field, event, scratch.first);
  const std::string_view other = text_of(atom.other, event, scratch.second);
  if (value.empty() || other.empty()) return false;  // missing fields are equal to nothing
  // Built per call without wildcards in it: the other field's text is literal.
  const auto equal_at = [&](size_t at) {
    if (at + other.size() > value.size()) return false;
    for (size_t i = 0; i < other.size(); ++i) {
      const auto fold = [&](char c) { return atom.letter_case == LetterCase::kIgnored ? to_lower(c) : c; };
      if (fold(value[at + i]) != fold(other[i])) return false;
    }
    return true;
  };
  if (other.size() > value.size()) return false;
  if (!atom.open_front) return (atom.open_back || value.size() == other.size()) && equal_at(0);
  if (!atom.open_back) return equal_at(value.size() - other.size());
  for (size_t at = 0; at + other.size() <= value.size(); ++at)
    if (equal_at(at)) return true;
  return false;
}

bool any_line(const EventAtom& atom, const DecodedRecord& record, EventScratch& scratch) {
  for (const auto& line : record.lines)
    if ((mask_of(line.place) & atom.field.anywhere) != 0 &&
        atom.regex->find(record.line_text(line), scratch.pcre).outcome != Pcre::Outcome::kNoMatch)
      return true;
  return false;
}

bool any_step(const EventAtom& atom, const DecodedRecord& record) {
  for (const auto& line : record.lines)
    if ((line.steps & atom.bits) != 0) return true;
  return false;
}

}  // namespace

bool holds(const EventAtom& atom, const Event& event, const DecodedRecord& record, EventScratch& scratch) {
  using Operation = EventAtom::Operation;
  switch (atom.operation) {
    case Operation::kExists:
      return exists(atom.field, event, record, scratch);
    case Operation::kCompare:
      return exists(atom.field, event, record, scratch) && compare(atom, event_number(event, atom.field.number));
    case Operation::kGlob: {
      const std::string_view text = text_of(atom.field, event, scratch.first);
      return !text.empty() && glob_match(atom.pattern, text, atom.letter_case);
    }
    case Operation::kRegex: {
      const std::string_view text = text_of(atom.field, event, scratch.first);
      return !text.empty() && atom.regex->find(text, scratch.pcre).outcome != Pcre::Outcome::kNoMatch;
    }
    case Operation::kCidr:
      return in_network(atom, event, scratch);
    case Operation::kFieldRef:
      return refers(atom, event, scratch);
    case Operation::kEvasion:
      return (record.evasions & atom.bits) != 0;
    case Operation::kStep:
      return any_step(atom, record);
    case Operation::kLineRegex:
      return any_line(atom, record, scratch);
  }
  return false;
}

}  // namespace weir
