#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "alert/alert.h"
#include "score/client_table.h"

namespace weir {

/// How many episodes may open per minute of the partition's event time, divided among the chunks; and the episodes that take
/// in the records of clients beyond it, one for each chunk and kind (AL2, docs/scoring.md).
class AlertBudget {
 public:
  static constexpr size_t kKinds = static_cast<size_t>(AlertKind::kCount);

  struct Chunk {
    int64_t minute = 0;                        ///< of the partition's event time in which an episode opened last
    uint32_t opened = 0;                       ///< episodes in it
    std::array<uint32_t, kKinds> summaries{};  ///< open ones, number + 1; 0: none
    bool operator==(const Chunk&) const = default;
  };

  AlertBudget(uint32_t per_minute, uint32_t chunk_count)
      : chunk_limit_(std::max<uint32_t>(1, per_minute / chunk_count + (per_minute % chunk_count != 0))),
        chunks_(chunk_count) {}

  /// Takes one episode from the chunk's budget; false if nothing is left.
  bool take(uint32_t chunk, int64_t clock_ms) {
    constexpr int64_t kMinuteMs = 60'000;
    Chunk& budget = chunks_[chunk];
    const int64_t minute = clock_ms / kMinuteMs;
    if (minute != budget.minute) budget = {minute, 0, budget.summaries};
    if (budget.opened >= chunk_limit_) return false;
    ++budget.opened;
    return true;
  }

  [[nodiscard]] uint32_t summary(uint32_t chunk, AlertKind kind) const {
    return chunks_[chunk].summaries[static_cast<size_t>(kind)] - 1;  // 0 becomes kNoEpisode
  }
  void set_summary(uint32_t chunk, AlertKind kind, uint32_t number) {
    chunks_[chunk].summaries[static_cast<size_t>(kind)] = number + 1;
  }

  [[nodiscard]] const Chunk& chunk(uint32_t number) const { return chunks_[number]; }
  void restore(uint32_t chunk, int64_t minute, uint32_t opened) { chunks_[chunk] = {minute, opened, {}}; }
  void clear() { chunks_.assign(chunks_.size(), {}); }

 private:
  static_assert(kNoEpisode == 0xffffffff);
  uint32_t chunk_limit_;
  std::vector<Chunk> chunks_;
};

}  // namespace weir
