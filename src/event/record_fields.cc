#include "event/record_fields.h"

#include <charconv>

namespace weir {

namespace dom = simdjson::dom;

Reject RecordFields::gather(const dom::object& record) {
  present_.reset();
  seen_.reset();
  return gather_object(record, PointerTable::kRoot);
}

// Recursion is bounded by the parts of a pointer (PointerTable::kTokensMax), not by the record.
Reject RecordFields::gather_object(const dom::object& object, uint16_t node) {
  for (const auto field : object) {
    const auto* key = table_.find(node, field.key);
    if (key == nullptr) continue;
    if (seen_.test(key->id)) return {RejectReason::kDuplicateKey, key->pointer};
    if (const auto reject = take(*key, field.value)) return reject;
  }
  return {};
}

Reject RecordFields::gather_array(const dom::array& array, uint16_t node) {
  constexpr size_t kElementsMax = 64;  // pointers into arrays name one of the first few
  char digits[8];
  size_t index = 0;
  for (const auto value : array) {
    if (index == kElementsMax) break;
    const auto end = std::to_chars(digits, digits + sizeof digits, index++).ptr;
    const auto* key = table_.find(node, std::string_view(digits, static_cast<size_t>(end - digits)));
    if (key == nullptr) continue;
    if (const auto reject = take(*key, value)) return reject;
  }
  return {};
}

Reject RecordFields::take(const PointerTable::Key& key, const dom::element& value) {
  seen_.set(key.id);
  if (value.is_null()) return {};
  if (key.slot != PointerTable::kNone) {
    found_[key.slot] = value;
    present_.set(key.slot);
  }
  if (key.child == PointerTable::kNone) return {};
  if (dom::object object; value.get(object) == simdjson::SUCCESS) return gather_object(object, key.child);
  if (dom::array array; value.get(array) == simdjson::SUCCESS) return gather_array(array, key.child);
  return {};
}

}  // namespace weir
