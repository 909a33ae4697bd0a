#pragma once

#include <cstdint>
#include <string_view>

#include "base/enum_names.h"

namespace weir {

/// Why a record cannot become an event. The names are label values of weir_parse_errors_total and stand in the headers
/// of dead letters, so they are stable.
enum class RejectReason : uint8_t {
  kNone,
  kEmpty,        ///< no bytes, or a Kafka tombstone
  kTooLarge,     ///< more than record_bytes_max
  kInvalidJson,  ///< not one complete JSON value
  kTooDeep,      ///< nested deeper than depth_max
  kNotAnObject,
  kDuplicateKey,  ///< a field weir reads stands there twice: which one counted would be a guess
  kMissingField,  ///< ts, ip, method or path
  kWrongType,
  kBadTimestamp,
  kBadAddress,
  kBadNumber,  ///< a status or a size out of range
  kBadUnwrap,  ///< the envelope's payload is missing or no string
  kCount,
};
template <>
inline constexpr auto kNamesOf<RejectReason> = std::to_array<std::string_view>(
    {"none", "empty", "too_large", "invalid_json", "too_deep", "not_an_object", "duplicate_key", "missing_field",
     "wrong_type", "bad_timestamp", "bad_address", "bad_number", "bad_unwrap"});

}  // namespace weir
