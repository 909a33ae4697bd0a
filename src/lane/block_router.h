#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "lane/output.h"
#include "score/correlation/correlation_event.h"
#include "score/observation.h"
#include "score/source_times.h"

namespace weir {

/// The partition of the observations topic that owns a client: the same in every process with the same hash key.
int32_t partition_of(uint64_t client_hash, int32_t partitions);

/// Packs the observations of a batch into blocks, one or a few per target partition, and produces them in order.
class BlockRouter {
 public:
  /// A block that would be larger is divided. Well below the broker's default limit of 1 MB for a message.
  static constexpr size_t kBlockBytesMax = 512 << 10;

  BlockRouter(std::string topic, int32_t partitions, size_t block_bytes_max = kBlockBytesMax);

  /// What the blocks for a partition say of their sources; nothing: nothing.
  using SourcesOf = std::function<std::span<const SourceReport>(int32_t partition)>;
  void say_sources(SourcesOf sources_of) { sources_of_ = std::move(sources_of); }
  /// A block that says nothing else.
  Status tell(int32_t partition, std::span<const SourceReport> sources, std::span<const OutputHeader> headers,
              OutputTransaction& output, Patience& patience);

  /// `headers` go with every block. Stops at the first error of the output.
  Status route(std::span<const Observation> observations, std::span<const OutputHeader> headers,
               OutputTransaction& output, Patience& patience) {
    return route(observations, {}, headers, output, patience);
  }
  /// With events for correlations, which go to the partition of their group, behind the observations.
  Status route(std::span<const Observation> observations, std::span<const CorrelationEvent> events,
               std::span<const OutputHeader> headers, OutputTransaction& output, Patience& patience);

 private:
  Status produce_blocks(std::span<const Observation> observations, std::span<const uint32_t> indices, int32_t partition,
                        std::span<const OutputHeader> headers, OutputTransaction& output, Patience& patience);

  Status produce_events(std::span<const CorrelationEvent> events, std::span<const OutputHeader> headers,
                        OutputTransaction& output, Patience& patience);

  std::string topic_;
  size_t block_bytes_max_;
  std::vector<std::vector<uint32_t>> by_partition_;  // indices of observations, in their order
  std::string block_;
  SourcesOf sources_of_;
};

}  // namespace weir
