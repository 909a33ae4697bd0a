#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/topic_table.h"

namespace weir {

/// A few records of each source that could not be read, so that somebody can say what they look like. They stay in memory: no log
/// and no answer shows them. Any thread; a lane that has a record to give waits at most for one that takes them.
class RecordSamples {
 public:
  static constexpr size_t kPerSource = 20;
  static constexpr size_t kRecordBytesMax = 8'192;  ///< larger records are none

  /// Once there are enough, costs one load.
  void offer(uint16_t source, std::string_view record);

  /// What there is of a source; it begins to gather anew.
  [[nodiscard]] std::vector<std::string> take(size_t source);

 private:
  std::array<std::atomic<uint32_t>, TopicTable::kSourcesMax> counts_{};
  std::mutex mutex_;
  std::array<std::vector<std::string>, TopicTable::kSourcesMax> records_;  // guarded by mutex_
};

}  // namespace weir
