#pragma once

#include <cstdint>
#include <string_view>

#include "base/enum_names.h"

namespace weir {

/// Why a record cannot become an event. The names are label values of weir_parse_errors_total and stand in the headers
/// of dead letters, so they are stable.
enum class RejectReason : uint8_t {
  kNone,
  kEmpty,         ///< no bytes, or a Kafka tombstone
  kTooLarge,      ///< more than record_bytes_max, or more requests than requests_max
  kInvalidJson,   ///< no JSON, and no text that the profile reads
  kTooDeep,       ///< nested deeper than depth_max
  kNotAnObject,   ///< JSON, but no object and nothing that holds objects
  kMissingField,  ///< nothing that says what was requested, or of whom
  kBadUnwrap,     ///< the envelope's payload is missing or empty
  kUnknownLine,   ///< a text line of none of the profile's formats
  kCount,
};
template <>
inline constexpr auto kNamesOf<RejectReason> = std::to_array<std::string_view>({"none", "empty", "too_large",
                                                                                "invalid_json", "too_deep",
                                                                                "not_an_object", "missing_field",
                                                                                "bad_unwrap", "unknown_line"});

}  // namespace weir
