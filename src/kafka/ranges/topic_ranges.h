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
#include "kafka/ranges/decided_end.h"
#include "lane/patience.h"

namespace weir {

/// A part of one partition: the offsets from `begin` on and before `end`, and a lead before it.
struct PartitionRange {
  uint16_t topic = 0;  ///< of the table it was looked up with
  int32_t partition = 0;
  int64_t lead = 0;  ///< where the lead begins; `begin` without one
  int64_t begin = 0;
  int64_t end = 0;

  [[nodiscard]] int64_t offsets() const { return end - lead; }
};

/// Looks at topics without reading them: which there are, which offsets they hold, and which belong to a time. One thread; calls
/// block, 30 s at most unless they say otherwise.
class TopicRanges {
 public:
  using Bounds = PartitionBounds;

  static Result<std::unique_ptr<TopicRanges>> connect(const ClientOptions& options);
  ~TopicRanges();

  /// Partitions of each topic that the table claims, by the topic's number; topics that match a pattern join the table. 0: there is no
  /// such topic.
  Result<std::vector<int32_t>> partitions(TopicTable& topics);
  /// Partitions of one topic; 0: there is none.
  Result<int32_t> partitions_of(const std::string& topic);
  /// Of what is committed, up to the first transaction that is not decided.
  Result<Bounds> bounds(const std::string& topic, int32_t partition);
  /// Of all, decided or not.
  Result<Bounds> bounds_of_all(const std::string& topic, int32_t partition);
  /// Where the partition ends now, once all transactions before that are decided (60 s at most).
  Result<int64_t> decided_end(const std::string& topic, int32_t partition, Patience& patience);
  /// For each partition the offset of its first record that was written at this time or later; what `bounds` calls high where there is
  /// none.
  Result<std::vector<int64_t>> at_time(const std::string& topic, std::span<const int32_t> partitions, EventTime time);

 private:
  struct Impl;
  TopicRanges();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
