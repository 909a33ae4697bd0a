#include "lane/record_samples.h"

#include <utility>

namespace weir {

void RecordSamples::offer(uint16_t source, std::string_view record) {
  if (source >= counts_.size() || record.size() > kRecordBytesMax || record.empty()) return;
  if (counts_[source].load(std::memory_order_relaxed) >= kPerSource) return;
  const std::lock_guard lock(mutex_);
  auto& records = records_[source];
  if (records.size() >= kPerSource) return;
  records.emplace_back(record);
  counts_[source].store(static_cast<uint32_t>(records.size()), std::memory_order_relaxed);
}

std::vector<std::string> RecordSamples::take(size_t source) {
  const std::lock_guard lock(mutex_);
  counts_[source].store(0, std::memory_order_relaxed);
  return std::exchange(records_[source], {});
}

}  // namespace weir
