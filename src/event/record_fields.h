#pragma once

#include <simdjson.h>

#include <bitset>
#include <string_view>
#include <vector>

#include "event/profile_index.h"
#include "event/reject_reason.h"

namespace weir {

/// Why a record is refused, and which field or pointer of the profile is at fault. The view is of static or profile text.
struct Reject {
  RejectReason reason = RejectReason::kNone;
  std::string_view field{};

  explicit operator bool() const { return reason != RejectReason::kNone; }
};

/// The values of one record that a profile points to, gathered in one pass over the record's keys.
class RecordFields {
 public:
  explicit RecordFields(const PointerTable& table) : table_(table), found_(PointerTable::kPointersMax) {}

  /// Forgets the previous record and gathers. Rejects a key that weir reads and that stands there twice.
  Reject gather(const simdjson::dom::object& record);

  /// The value at the slot's pointer, or null if the record has none or a JSON null.
  [[nodiscard]] const simdjson::dom::element* at(uint16_t slot) const {
    return present_.test(slot) ? &found_[slot] : nullptr;
  }

 private:
  Reject gather_object(const simdjson::dom::object& object, uint16_t node);
  Reject gather_array(const simdjson::dom::array& array, uint16_t node);
  Reject take(const PointerTable::Key& key, const simdjson::dom::element& value);

  const PointerTable& table_;
  std::vector<simdjson::dom::element> found_;
  std::bitset<PointerTable::kPointersMax> present_;
  std::bitset<PointerTable::kKeysMax> seen_;
};

}  // namespace weir
