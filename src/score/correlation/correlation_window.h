#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <optional>
#include <span>

#include "base/prefetch.h"
#include "score/correlation/definition.h"

namespace weir {

/// What a group has of a timespan. Two kinds (docs/correlation.md):
///  - sliding: the timespan that ends with the newest record. Holds no more than the condition needs: the newest n times for a
///    count of n, each value's newest time, 256 parts of the timespan for sums and for counts above kExactMax.
///  - tumbling: from the group's first record on, judged when the timespan is over.
/// Bounded; a pure function of the definition and the records taken in.
class CorrelationWindow {
 public:
  static constexpr uint64_t kExactMax = 1'024;  ///< greater counts go by parts of the timespan
  static constexpr int64_t kParts = 256;

  struct Record {
    int64_t time_ms = 0;
    uint64_t sources = 0;
    uint64_t value = 0;
  };

  struct Sample {
    int64_t time_ms = 0;
    uint64_t value = 0;
    bool operator==(const Sample&) const = default;
  };

  /// Takes a record into a sliding window. `newest_ms` is the greatest time of the group's records, this one included; the
  /// record is not older than the timespan. Gives the value when the condition holds with it.
  std::optional<double> slide(const CorrelationDefinition& definition, const Record& record, int64_t newest_ms);

  /// Takes a record into a tumbling window.
  void tumble(const CorrelationDefinition& definition, const Record& record);
  /// What a tumbling window comes to.
  [[nodiscard]] double total(const CorrelationDefinition& definition) const;

  void clear();

  void prefetch() const { prefetch_to_write(samples_.data()); }

  // What a saved state consists of.
  [[nodiscard]] const Sample* begin() const { return samples_.data() + first_; }
  [[nodiscard]] const Sample* end() const { return samples_.data() + samples_.size(); }
  [[nodiscard]] size_t size() const { return samples_.size() - first_; }
  [[nodiscard]] uint64_t records() const { return records_; }
  [[nodiscard]] double sum() const { return sum_; }
  static CorrelationWindow restored(std::span<const Sample> samples, uint64_t records, double sum);

  /// About what it takes in memory beyond its own size: room for half as many samples again as there are.
  [[nodiscard]] uint64_t heap_bytes() const { return size() > kInline ? size() * sizeof(Sample) * 3 / 2 : 0; }

 private:
  static constexpr size_t kInline = 4;  // most groups never have more
  using Samples = absl::InlinedVector<Sample, kInline>;

  std::optional<double> slide_times(const CorrelationDefinition& definition, int64_t time_ms, int64_t oldest_ms);
  std::optional<double> slide_parts(const CorrelationDefinition& definition, int64_t time_ms, double amount,
                                    int64_t oldest_ms);
  std::optional<double> slide_values(const CorrelationDefinition& definition, const Record& record, int64_t oldest_ms);
  std::optional<double> slide_order(const CorrelationDefinition& definition, const Record& record);
  void note_value(uint64_t value, int64_t time_ms, uint64_t limit, int64_t oldest_ms);
  void insert_by_time(const Sample& sample);
  void drop_until(int64_t oldest_ms);
  void make_room();

  Samples samples_;
  uint32_t first_ = 0;  // samples before it are gone; they are removed many at a time
  uint64_t records_ = 0;
  double sum_ = 0;
};

}  // namespace weir
