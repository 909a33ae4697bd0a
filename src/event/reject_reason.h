#pragma once

#include <cstdint>
#include <string_view>

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

std::string_view to_string(RejectReason reason);

}  // namespace weir
