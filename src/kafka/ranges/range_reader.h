#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/topic_table.h"
#include "kafka/client_options.h"
#include "kafka/ranges/topic_ranges.h"
#include "lane/record_source.h"

namespace weir {

/// Reads parts of partitions without being a member of a group, each at its own pace and in whole batches: where a batch begins and
/// ends depends on the records alone. Commits nothing. One client; one thread.
class RangeReader {
 public:
  /// What is prefetched of all ranges together, at most and about; a range takes 256 KiB at least.
  static constexpr size_t kQueueBytes = 32 << 20;

  /// Connects and begins to read; does not wait for a broker. `topics` has the ranges' topics.
  static Result<std::unique_ptr<RangeReader>> open(const ClientOptions& options, const TopicTable& topics,
                                                   std::span<const PartitionRange> ranges);
  ~RangeReader();

  /// Whether the range's batch is whole: `records_max` records, or all that are left of its lead or of the range.
  enum class Filled : uint8_t { kPartly, kWhole };
  /// Adds to the range's batch what is there, waiting up to `wait` for more. A batch has records of the lead or none of it.
  Result<Filled> fill(size_t range, uint32_t records_max, Milliseconds wait);
  /// The range's batch, in the order of the offsets. Valid until release() or fill() of the range.
  [[nodiscard]] std::span<const InputRecord> batch(size_t range) const;
  /// The value of a header of a record of a batch; empty when it has none.
  [[nodiscard]] static std::string_view header(const InputRecord& record, const char* name);
  /// Whether the batch, which is not empty, is of the lead.
  [[nodiscard]] bool is_lead(size_t range) const;
  /// Ends the range's batch: its records are not needed any more.
  void release(size_t range);
  /// No record is left beyond the batch.
  [[nodiscard]] bool is_finished(size_t range) const;

  /// What keeps it from reading, for a person; empty: nothing is known.
  [[nodiscard]] std::string problem() const;

 private:
  struct Impl;
  RangeReader();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
