#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/binary_format.h"
#include "base/ip_address.h"
#include "base/record_coordinates.h"
#include "base/topic_table.h"

namespace weir {

/// A record's place, the topics that it names, and an address in saved chunks (docs/state-chunk.md). A failed read shows in in.ok();
/// in a place, topics are numbers as saved.

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

/// All topics there are, in the order of their numbers.
inline void write_topics(BinaryWriter& out, const TopicTable& topics) {
  const size_t count = topics.size();  // it may grow meanwhile
  out.varint(count);
  for (size_t topic = 0; topic < count; ++topic)
    out.text(topics[topic]);
}

/// Appends for each saved topic its present number; kNoTopic where the configuration no longer has it. False: damaged.
inline bool read_topics(BinaryReader& in, TopicTable topics, std::vector<uint16_t>& numbers) {
  constexpr size_t kSavedMax = 1024;
  const auto count = in.number<uint32_t>();
  if (count > kSavedMax) return false;
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.text();
    if (in.ok()) numbers.push_back(topics.add(name, TopicTable::Unclaimed::kRefuse).value_or(TopicTable::kNoTopic));
  }
  return in.ok();
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
