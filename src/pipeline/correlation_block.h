#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/binary_format.h"
#include "score/correlation/correlation_event.h"

namespace weir {

/// The records of an observation block that concern correlations (docs/observation-block.md): definitions, each before its
/// first use, and events.

inline constexpr uint8_t kDefinitionRecord = 2;
inline constexpr uint8_t kEventRecord = 3;
inline constexpr size_t kBlockEventsMax = 65'536;
inline constexpr size_t kBlockDefinitionsMax = 4'096;

/// Appends one block of events alone, with the definitions they need; stops before it would pass `bytes_max` (a first event is
/// taken whatever its size). Returns how many indices it took: call again with the rest.
size_t encode_event_block_part(std::span<const CorrelationEvent> events, std::span<const uint32_t> indices,
                               size_t bytes_max, std::string& out);

/// What has been read of a block's correlations. The events borrow from the bytes and from `definitions`.
struct BlockCorrelations {
  std::vector<std::unique_ptr<CorrelationDefinition>> definitions;
  std::vector<CorrelationEvent> events;
  RecordCoordinates previous_at;
  int64_t previous_ms = 0;

  void clear();
  /// One record whose first byte has been read. False if it is malformed.
  bool read_record(uint8_t kind, BinaryReader& in);

 private:
  bool read_event(BinaryReader& in);
};

}  // namespace weir
