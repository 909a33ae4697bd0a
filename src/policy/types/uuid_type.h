#pragma once

#include "policy/types/fault.h"

namespace weir {

/// A UUID in the text form of RFC 9562 (4): 32 hexadecimal digits in groups of 8-4-4-4-12, of any version.
Fault check_uuid(std::string_view value);

}  // namespace weir
