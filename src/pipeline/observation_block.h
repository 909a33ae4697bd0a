#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pipeline/block_version.h"
#include "pipeline/correlation_block.h"
#include "score/observation.h"
#include "score/orders/client_order.h"
#include "score/source_times.h"

namespace weir {

/// A block is one Kafka message of the observations topic: many observations of one target partition in a compact,
/// versioned binary form (docs/observation-block.md). About 60–100 bytes an observation.

inline constexpr size_t kBlockSourcesMax = SourceTimes::kSourcesMax;

/// More observations than this in one block are refused when decoding.
inline constexpr size_t kBlockObservationsMax = 65'536;

/// Appends one block with the observations whose indices are given.
void encode_block(std::span<const Observation> observations, std::span<const uint32_t> indices, std::string& out);

/// As encode_block, but stops before the block would pass `bytes_max` (a first observation is taken whatever its size), or
/// kBlockObservationsMax. Returns how many indices it took: call again with the rest.
size_t encode_block_part(std::span<const Observation> observations, std::span<const uint32_t> indices, size_t bytes_max,
                         std::string& out);
/// With what the block says of its sources, of which there are some; the indices may be none.
size_t encode_block_part(std::span<const Observation> observations, std::span<const uint32_t> indices,
                         std::span<const SourceReport> sources, size_t bytes_max, std::string& out);

/// Appends a block with one order. Its texts must be within ClientOrder's limits.
void encode_order_block(const ClientOrder& order, std::string& out);

/// More orders in one block are refused when decoding.
inline constexpr size_t kBlockOrdersMax = 64;

/// A decoded block; reused. The observations borrow from the bytes given to decode_block.
struct ObservationBlock {
  std::vector<Observation> observations;
  BlockCorrelations correlations;
  std::vector<SourceReport> sources;
  std::vector<ClientOrder> orders;

  void clear();
};

/// Fails with kParse on bytes that are no whole block and with kUnsupported on a newer version. Never reads outside `bytes`.
Status decode_block(std::string_view bytes, ObservationBlock& block);

}  // namespace weir
