#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/binary_format.h"
#include "base/record_coordinates.h"
#include "base/topic_table.h"
#include "score/correlation/correlation_event.h"
#include "score/observation.h"

namespace weir {

/// An observation, or an event for correlations, that waits for its turn. All that it borrows is packed beside it.
struct WaitingRecord {
  /// What a record leads to, in the order in which it is scored.
  enum class Kind : uint8_t { kObservation, kAddressCount, kCorrelationEvent, kCount };

  int64_t time_ms = 0;
  RecordCoordinates at;
  Kind kind = Kind::kObservation;
  std::string packed;

  /// What it takes in memory, about.
  [[nodiscard]] size_t bytes() const { return sizeof(WaitingRecord) + kAllocation + packed.size(); }

 private:
  static constexpr size_t kAllocation = 16;
};

/// `append_ms`: the broker's time of the record; 0: not known.
WaitingRecord waiting_record(const Observation& record, int64_t append_ms);
WaitingRecord waiting_record(const CorrelationEvent& event, int64_t append_ms);

/// Borrow from the record, of which they are. False if `packed` is damaged, which only a saved one can be.
bool unpack(const WaitingRecord& record, Observation& observation, int64_t& append_ms);
/// `definition`: the hash of what is to be set as the event's.
bool unpack(const WaitingRecord& record, CorrelationEvent& event, uint64_t& definition, int64_t& append_ms);

void write_waiting(const WaitingRecord& record, BinaryWriter& out);
/// `topics`: for each topic as saved its number here. False if the bytes are no such record.
bool read_waiting(BinaryReader& in, std::span<const uint16_t> topics, WaitingRecord& record);

/// By time, then by where the record stands. Topics go by their names: the numbers are a process's own.
class WaitingOrder {
 public:
  explicit WaitingOrder(TopicTable topics) : topics_(std::move(topics)) {}
  [[nodiscard]] bool operator()(const WaitingRecord& a, const WaitingRecord& b) const;

 private:
  TopicTable topics_;
};

}  // namespace weir
