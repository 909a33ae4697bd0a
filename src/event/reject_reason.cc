#include "event/reject_reason.h"

#include <array>

namespace weir {

std::string_view to_string(RejectReason reason) {
  static constexpr std::array<std::string_view, static_cast<size_t>(RejectReason::kCount)> kNames{
      "none",          "empty",      "too_large",     "invalid_json", "too_deep",   "not_an_object", "duplicate_key",
      "missing_field", "wrong_type", "bad_timestamp", "bad_address",  "bad_number", "bad_unwrap"};
  const auto index = static_cast<size_t>(reason);
  return index < kNames.size() ? kNames[index] : "unknown";
}

}  // namespace weir
