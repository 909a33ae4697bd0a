#include "lane/block_router.h"

#include "base/assert.h"
#include "pipeline/observation_block.h"

namespace weir {

int32_t partition_of(uint64_t client_hash, int32_t partitions) {
  return static_cast<int32_t>(client_hash % static_cast<uint64_t>(partitions));
}

BlockRouter::BlockRouter(std::string topic, int32_t partitions, size_t block_bytes_max)
    : topic_(std::move(topic)), block_bytes_max_(block_bytes_max) {
  WEIR_ASSERT(partitions > 0, "the observations topic has partitions");
  by_partition_.resize(static_cast<size_t>(partitions));
}

Status BlockRouter::route(std::span<const Observation> observations, std::span<const CorrelationEvent> events,
                          std::span<const OutputHeader> headers, OutputTransaction& output, Patience& patience) {
  const auto partitions = static_cast<int32_t>(by_partition_.size());
  for (auto& indices : by_partition_)
    indices.clear();
  for (uint32_t i = 0; i < observations.size(); ++i) {
    by_partition_[static_cast<size_t>(partition_of(observations[i].client_hash, partitions))].push_back(i);
  }
  for (int32_t partition = 0; partition < partitions; ++partition) {
    const auto& indices = by_partition_[static_cast<size_t>(partition)];
    if (Status status = produce_blocks(observations, indices, partition, headers, output, patience); !status)
      return status;
  }
  return events.empty() ? Status() : produce_events(events, headers, output, patience);
}

Status BlockRouter::produce_events(std::span<const CorrelationEvent> events, std::span<const OutputHeader> headers,
                                   OutputTransaction& output, Patience& patience) {
  const auto partitions = static_cast<int32_t>(by_partition_.size());
  for (auto& indices : by_partition_)
    indices.clear();
  for (uint32_t i = 0; i < events.size(); ++i)
    by_partition_[static_cast<size_t>(partition_of(events[i].group_hash, partitions))].push_back(i);
  for (int32_t partition = 0; partition < partitions; ++partition) {
    for (std::span<const uint32_t> rest = by_partition_[static_cast<size_t>(partition)]; !rest.empty();) {
      block_.clear();
      const size_t taken = encode_event_block_part(events, rest, block_bytes_max_, block_);
      WEIR_ASSERT(taken > 0 && taken <= rest.size(), "a block holds at least one event");
      if (Status status = output.produce({topic_, partition, {}, block_, headers}, patience); !status) return status;
      rest = rest.subspan(taken);
    }
  }
  return {};
}

Status BlockRouter::tell(int32_t partition, std::span<const SourceReport> sources,
                         std::span<const OutputHeader> headers, OutputTransaction& output, Patience& patience) {
  if (sources.empty()) return {};
  block_.clear();
  encode_block_part({}, {}, sources, block_bytes_max_, block_);
  return output.produce({topic_, partition, {}, block_, headers}, patience);
}

/// One block, or more where many attacks with their evidence stand in one batch.
Status BlockRouter::produce_blocks(std::span<const Observation> observations, std::span<const uint32_t> indices,
                                   int32_t partition, std::span<const OutputHeader> headers, OutputTransaction& output,
                                   Patience& patience) {
  // The first block says it: all of them are in one transaction, in this order.
  std::span<const SourceReport> sources;
  if (sources_of_ && !indices.empty()) sources = sources_of_(partition);
  while (!indices.empty()) {
    block_.clear();
    const size_t taken = encode_block_part(observations, indices, sources, block_bytes_max_, block_);
    sources = {};
    WEIR_ASSERT(taken > 0 && taken <= indices.size(), "a block holds at least one observation");
    if (Status status = output.produce({topic_, partition, {}, block_, headers}, patience); !status) return status;
    indices = indices.subspan(taken);
  }
  return {};
}

}  // namespace weir
