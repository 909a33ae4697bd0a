#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/binary_format.h"
#include "base/ip_address.h"
#include "base/record_coordinates.h"

namespace weir {

/// A record's place and an address in saved chunks (docs/state-chunk.md). A failed read shows in in.ok(); topics are numbers as
/// saved.

inline void write_coordinates(BinaryWriter& out, const RecordCoordinates& at) {
  out.varint(topic_and_index(at));
  out.zigzag(at.partition);
  out.zigzag(at.offset);
}

inline RecordCoordinates read_coordinates(BinaryReader& in) {
  RecordCoordinates at;
  set_topic_and_index(in.number<uint64_t>(), at);
  at.partition = in.signed_number<int32_t>();
  at.offset = in.signed_number<int64_t>();
  return at;
}

inline void write_address(BinaryWriter& out, const IpAddress& address) {
  out.bytes(address.bytes().data(), address.bytes().size());
}

inline IpAddress read_address(BinaryReader& in) {
  std::array<uint8_t, 16> bytes{};
  const auto taken = in.take(bytes.size());
  std::copy(taken.begin(), taken.end(), bytes.begin());
  return IpAddress::from_bytes(bytes);
}

}  // namespace weir
