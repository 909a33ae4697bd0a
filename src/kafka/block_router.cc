#include "kafka/block_router.h"

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

Status BlockRouter::route(std::span<const Observation> observations, std::span<const OutputHeader> headers, OutputTransaction& output,
                          Patience& patience) {
  const auto partitions = static_cast<int32_t>(by_partition_.size());
  for (auto& indices : by_partition_) indices.clear();
  for (uint32_t i = 0; i < observations.size(); ++i) {
    by_partition_[static_cast<size_t>(partition_of(observations[i].client_hash, partitions))].push_back(i);
  }
  for (int32_t partition = 0; partition < partitions; ++partition) {
    const auto& indices = by_partition_[static_cast<size_t>(partition)];
    if (indices.empty()) continue;
    if (Status status = produce_block(observations, indices, partition, headers, output, patience); !status) return status;
  }
  return {};
}

Status BlockRouter::produce_block(std::span<const Observation> observations, std::span<const uint32_t> indices, int32_t partition,
                                  std::span<const OutputHeader> headers, OutputTransaction& output, Patience& patience) {
  block_.clear();
  encode_block(observations, indices, block_);
  if (block_.size() > block_bytes_max_ && indices.size() > 1) {  // rare: many attacks, each with its evidence, in one batch
    const size_t half = indices.size() / 2;
    Status status = produce_block(observations, indices.first(half), partition, headers, output, patience);
    if (status) status = produce_block(observations, indices.subspan(half), partition, headers, output, patience);
    return status;
  }
  return output.produce({topic_, partition, {}, block_, headers}, patience);
}

}  // namespace weir
