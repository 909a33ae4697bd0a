#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/counter.h"
#include "base/topic_table.h"
#include "pipeline/counters.h"

namespace weir {

/// How far a lane is behind on each partition it has. One thread writes, any thread reads; an entry is one word, so a
/// reader never sees the lag of one partition under the name of another. Partitions beyond the table's size have no entry.
class LagTable {
 public:
  static constexpr size_t kEntriesMax = 256;
  static constexpr uint64_t kRecordsMax = (uint64_t{1} << 35) - 1;  ///< larger lags read as this

  struct Entry {
    uint16_t topic = 0;  ///< index into LaneCounters::topics
    int32_t partition = 0;
    uint64_t records = 0;
  };

  /// Replaces entry `slot`; the lane calls it about once a second. Slots from kEntriesMax on are ignored.
  void set(size_t slot, const Entry& entry) {
    if (slot >= kEntriesMax) return;
    WEIR_ASSERT(entry.topic < 256 && entry.partition >= 0 && entry.partition < (1 << 20),
                "the fields of the packed word");
    const uint64_t records = entry.records < kRecordsMax ? entry.records : kRecordsMax;
    words_[slot].store(kUsed | uint64_t{entry.topic} << 55 | static_cast<uint64_t>(entry.partition) << 35 | records,
                       std::memory_order_relaxed);
  }
  /// Empties every slot from `first` on.
  void clear_from(size_t first) {
    for (size_t slot = first; slot < kEntriesMax; ++slot)
      words_[slot].store(0, std::memory_order_relaxed);
  }
  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> found;
    for (const auto& item : words_) {
      const uint64_t word = item.load(std::memory_order_relaxed);
      if ((word & kUsed) == 0) continue;
      found.push_back(
          {static_cast<uint16_t>(word >> 55 & 0xff), static_cast<int32_t>(word >> 35 & 0xfffff), word & kRecordsMax});
    }
    return found;
  }

 private:
  static constexpr uint64_t kUsed = uint64_t{1} << 63;  // then 8 bits of topic, 20 of partition, 35 of lag
  std::array<std::atomic<uint64_t>, kEntriesMax> words_{};
};

inline constexpr std::array<double, 14> kLatencySecondsBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                              1,     2.5,  5,     10,   30,  60,   300};

/// What one lane counts about Kafka. Written by the lane alone, read by the scrape.
struct KafkaCounters {
  Counter consumed_records, consumed_bytes;
  Counter produced_messages, produced_bytes;
  Counter dead_letters;            ///< produced to the dead-letter topic
  Counter dead_letters_truncated;  ///< of these, without their payload because the broker refused its size
  Counter quarantined;             ///< of these, because the process had crashed at them
  Counter delivery_errors;         ///< output messages that the broker or the library gave up
  Counter queue_full_waits;        ///< times the lane waited because its output queue was full
  Counter commits, commit_failures;
  Counter committed_at;       ///< of the latest commit that succeeded, seconds since 1970; 0: none yet
  SignedGauge clock_skew_ms;  ///< the broker's clock less this machine's, at least so much; by its last answer
  Counter output_retries;     ///< transactions given up and done again
  Counter transactions_committed, transactions_aborted;  ///< of Kafka; 0 with at_least_once
  Counter producer_renewals;                             ///< transactional producers given up and made anew
  Counter consumer_renewals;    ///< consumers given up and made anew, because the group did not answer them
  Counter stalls;               ///< times there was work and the lane got on with nothing
  Counter unguarded;            ///< 1: works without the crash journal it should have
  Counter wrong_clocks;         ///< records scored with their source's time
  Counter holds;                ///< times a partition of the input had to wait for slower ones
  Counter sources_stuck;        ///< now: hold the clock no longer though they were not read to their end
  Counter sources_stuck_total;  ///< times one became so
  Counter rebalances;           ///< assignments received
  Counter assigned_partitions;  ///< now
  Counter stale_records;        ///< records below the next expected offset, dropped
  Counter offset_gaps;          ///< offsets passed over: compaction, transaction markers, or lost to retention
  Counter offset_resets;        ///< the committed offset was out of range: retention or a topic made anew
  Counter records_lost;         ///< records that retention had removed before they were read
  Counter client_errors;        ///< errors reported by the client library
  LagTable lag;
  /// Append time of the source record (the oldest of its batch) to the broker's answer that the alert is stored.
  Histogram<kLatencySecondsBounds.size()> alert_latency_seconds{kLatencySecondsBounds};
};

/// The counters of one lane, for the metrics. The pointers live as long as the engine; those of the other stage are null.
struct LaneCounters {
  std::string lane;   ///< "detect-0", "score-1"
  TopicTable topics;  ///< input topics by LagTable::Entry::topic
  const DetectCounters* detect = nullptr;
  const ScoreCounters* score = nullptr;
  const KafkaCounters* kafka = nullptr;
};

}  // namespace weir
