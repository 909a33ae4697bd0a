#include "detect/match/always_rules.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "detect/program/condition_truth.h"

namespace weir {
namespace {

/// Does the answer follow from what a combination is recognised by? Of a content type that is only whether there is one.
bool is_known(const EventAtom& atom, bool has_content_type) {
  switch (atom.operation) {
    case EventAtom::Operation::kEvasion:
      return true;
    case EventAtom::Operation::kExists:
      if (atom.field.kind == FieldKind::kEvasion) return true;
      [[fallthrough]];
    case EventAtom::Operation::kCompare:
    case EventAtom::Operation::kGlob:
    case EventAtom::Operation::kRegex:
      if (atom.field.kind == FieldKind::kNumber) return atom.field.number == EventNumber::kStatus;
      if (atom.field.kind != FieldKind::kText) return false;
      return atom.field.text == EventText::kMethod || (atom.field.text == EventText::kContentType && !has_content_type);
    case EventAtom::Operation::kCidr:
    case EventAtom::Operation::kFieldRef:
    case EventAtom::Operation::kStep:
    case EventAtom::Operation::kLineRegex:
      return false;
  }
  return false;
}

}  // namespace

/// By all of the facts: POST and PUT with the same status would else take a slot from each other with every record.
size_t AlwaysRules::slot_of(const Facts& facts) {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;  // odd: the golden ratio's digits
  uint64_t word = 0;
  std::memcpy(&word, facts.method.data(), sizeof word);
  word ^= uint64_t{facts.status} << 48 ^ uint64_t { facts.evasions } << 32 ^ facts.method_size ^
          uint64_t { facts.has_content_type } << 8;
  return (word * kSpread) >> (64 - std::bit_width(kSlots - 1));
}

std::span<const uint32_t> AlwaysRules::candidates(const Event& event, const DecodedRecord& record) {
  if (event.method.size() > kMethodBytesMax) return program_->always_rules;
  Facts facts;
  std::copy(event.method.begin(), event.method.end(), facts.method.begin());
  facts.method_size = static_cast<uint8_t>(event.method.size());
  facts.evasions = record.evasions;
  facts.status = event.status;
  facts.has_content_type = !event.content_type.empty();
  Slot& slot = slots_[slot_of(facts)];
  if (slot.used && slot.facts == facts) return slot.rules;
  slot.rules.clear();
  const auto event_truth = [&](uint32_t index) {
    const EventAtom& atom = program_->event_atoms[index];
    if (!is_known(atom, facts.has_content_type)) return Truth::kUnknown;
    return holds(atom, event, record, scratch_) ? Truth::kTrue : Truth::kFalse;
  };
  for (const uint32_t rule : program_->always_rules)
    if (truth_of(*program_, program_->rule_root[rule], Truth::kFalse, event_truth) != Truth::kFalse)
      slot.rules.push_back(rule);
  slot.facts = facts;
  slot.used = true;
  return slot.rules;
}

}  // namespace weir
