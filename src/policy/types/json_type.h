#pragma once

#include "policy/policy_spec.h"
#include "policy/types/fault.h"

namespace weir {

/// The nesting that a form may allow at most.
inline constexpr uint32_t kJsonDepthMax = 128;

/// A JSON text by RFC 8259, strictly: one value, well-formed UTF-8, no leading zeros, trailing commas or comments. No nesting
/// beyond the form's depth (`{}` is 1 deep) and no more keys than it allows, those of all levels counted together. Not
/// recursive itself.
Fault check_json(std::string_view value, const ValueForm& form);

}  // namespace weir
