#pragma once

#include <cstddef>
#include <cstdint>

#include "decode/decoded_record.h"
#include "decode/steps/byte_classes.h"
#include "decode/steps/decode_percent.h"

namespace weir {

/// What decoding a value depends on besides its bytes.
struct ValueContext {
  Place place = Place::kQuery;
  PlusMeans plus = PlusMeans::kPlus;
  uint32_t rounds_max = 4;
};

/// Undoes the wrappings of one value in place, round by round until nothing changes or the rounds are used up: percent
/// and plus, Unicode look-alikes and overlong forms, HTML entities, script escapes, control characters. Comments are
/// not touched. `classes` are those of the text,
/// before and after. Adds to `steps` and `evasions`; returns the new size, which is never
/// larger. Cost: at most rounds_max × 5 passes.
size_t decode_value(char* text, size_t size, ByteClasses& classes, const ValueContext& context, DecodeSteps& steps,
                    Evasions& evasions);

}  // namespace weir
