#pragma once

#include <cstdint>
#include <string_view>

#include "alert/alert.h"
#include "base/ip_address.h"
#include "base/record_coordinates.h"
#include "base/time.h"
#include "score/correlation/definition.h"

namespace weir {

/// One record for one correlation: at least one of the rules it takes in hit, and the record has the fields it groups by.
/// Views borrow from the batch or block the event stands in.
struct CorrelationEvent {
  static constexpr size_t kGroupBytesMax = 2'048;

  const CorrelationDefinition* definition = nullptr;
  /// The partition and the chunk: SipHash of the group-by fields' names and values; the client's hash where the group is a client, so
  /// that what is known of it stands in the same place.
  uint64_t group_hash = 0;
  /// The values of the group-by fields in the order of the definition, masked, each with its length as a varint in front.
  std::string_view group;
  uint64_t sources = 0;  ///< bit i: source i of the correlation hit
  /// value_count: a keyed hash of the field's value; sum, average, percentile: the bits of the number.
  uint64_t value = 0;
  EventTime time{};
  RecordCoordinates at;
  ClientKind client_kind = ClientKind::kAddress;  ///< what weir.client stands for in this record
  IpAddress address;
};

}  // namespace weir
