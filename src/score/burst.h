#pragma once

#include <cstdint>
#include <vector>

#include "alert/alert.h"
#include "score/client_table.h"
#include "score/observation.h"
#include "score/score_options.h"

namespace weir {

/// A count over a sliding window (docs/scoring.md, "Bursts"): two periods of the window's length, aligned to the epoch, the
/// one before weighted by how much of it the window still covers.
struct SlidingCount {
  uint32_t period = 0, current = 0, previous = 0;

  /// False if the period is older than both: nothing is counted.
  bool add(uint32_t in_period, uint32_t amount);
  /// The count times the window's length, at `elapsed_ms` of the current period.
  [[nodiscard]] uint64_t weighted(int64_t elapsed_ms, int64_t window_ms) const {
    return uint64_t{current} * static_cast<uint64_t>(window_ms) +
           uint64_t{previous} * static_cast<uint64_t>(window_ms - elapsed_ms);
  }
  bool operator==(const SlidingCount&) const = default;
};

/// How many distinct values the current and the previous period had: bits of a sketch of 64. Never more than there were.
struct DistinctCount {
  uint32_t period = 0;
  uint64_t current = 0, previous = 0;

  bool add(uint32_t in_period, uint64_t value_hash);
  [[nodiscard]] uint32_t count() const;
  bool operator==(const DistinctCount&) const = default;
};

/// What is known of a client beyond its requests; only clients with failures, errors, hits or too many requests have it.
struct BurstActivity {
  SlidingCount failures, hits, slow_failures;
  DistinctCount paths, accounts, slow_accounts;
  uint32_t episode = kNoEpisode;  ///< the open one
  bool operator==(const BurstActivity&) const = default;
};

/// The bursts of one partition's clients (AB3). A client's part stands behind its window in the client table: kWords words,
/// all zero for a new client. Decides by the client's records alone. Not thread-safe.
class Bursts {
 public:
  static constexpr uint32_t kWords = 4;  // the count of requests; the number of its activity + 1

  explicit Bursts(const BurstOptions& options) : options_(options) {}

  /// Counts a record of the client that owns `words`, and says which bursts it is part of.
  BurstVerdict take(uint32_t* words, const Observation& record);

  /// The client's open episode; kNoEpisode if none.
  [[nodiscard]] uint32_t episode(const uint32_t* words) const {
    return words[3] == 0 ? kNoEpisode : activities_[words[3] - 1].episode;
  }
  void set_episode(uint32_t* words, uint32_t number) { activity(words).episode = number; }

  /// Frees what the client has.
  void release(uint32_t* words);
  void clear();

  // --- for saving
  [[nodiscard]] const BurstOptions& options() const { return options_; }
  [[nodiscard]] static SlidingCount requests(const uint32_t* words) { return {words[0], words[1], words[2]}; }
  static void set_requests(uint32_t* words, const SlidingCount& count);
  /// Null if the client has none.
  [[nodiscard]] const BurstActivity* find(const uint32_t* words) const {
    return words[3] == 0 ? nullptr : &activities_[words[3] - 1];
  }
  /// The client's activity; made if it has none.
  BurstActivity& activity(uint32_t* words);

  [[nodiscard]] size_t bytes() const { return activities_.capacity() * sizeof(BurstActivity); }

 private:
  struct Moment {
    uint32_t period = 0;
    int64_t elapsed_ms = 0;
  };
  static Moment moment_of(int64_t time_ms, int64_t window_ms);

  bool is_rate_exceeded(uint32_t* words, const Moment& now, BurstVerdict& verdict) const;
  void judge_count(BurstReason reason, const SlidingCount& count, uint32_t least, const Moment& now,
                   BurstVerdict& verdict) const;
  [[nodiscard]] int64_t retry_after_ms(const SlidingCount& requests, int64_t elapsed_ms) const;
  void take_failure(BurstActivity& client, const Observation& record, const Moment& now, BurstVerdict& verdict) const;
  [[nodiscard]] bool is_auth_failure(uint16_t status) const;

  BurstOptions options_;
  std::vector<BurstActivity> activities_;
  std::vector<uint32_t> free_;
};

}  // namespace weir
