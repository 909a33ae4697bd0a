#include "policy/types/uuid_type.h"

#include "base/hex.h"

namespace weir {

Fault check_uuid(std::string_view value) {
  if (value.size() != 36) return "no UUID";
  for (size_t i = 0; i < value.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? value[i] != '-' : hex_value(value[i]) < 0) return "no UUID";
  }
  return {};
}

}  // namespace weir
