#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"

namespace weir {

/// How far the event time of one source has come, from its latest records: the median over its last clients, each counted once, so that
/// a minority with wrong clocks moves it nowhere. One thread.
class SourceEstimate {
 public:
  static constexpr size_t kClients = 32;
  static constexpr size_t kClientsTelling = 8;  ///< with fewer, one record is not measured by the others
  /// A client counts no longer when so many records have come since, unless fewer than kClientsTelling would be left.
  static constexpr uint64_t kCounts = 64;
  /// Nor when the broker has taken its record so long before the source's latest.
  static constexpr Milliseconds kAppendedMax{600'000};
  /// A record so far ahead of its source, while those around it are not, has a wrong clock; and so far behind.
  static constexpr Milliseconds kAheadMax{600'000};
  static constexpr Milliseconds kBehindMax{86'400'000};

  struct Record {
    uint64_t client_hash = 0;
    int64_t time_ms = 0;
    std::optional<int64_t> age_ms;  ///< when it was written to the source, less its time; nothing: not known
  };
  /// A record behind the one that is judged.
  struct Next {
    uint64_t client_hash = 0;
    int64_t time_ms = 0;
  };

  /// Whether records behind one, of enough clients, say what time it is.
  [[nodiscard]] static bool tells(std::span<const Next> following);

  void take(const Record& record);
  void clear() { *this = {}; }
  /// Nothing before the first record.
  [[nodiscard]] std::optional<int64_t> time_ms();

  /// The source's time if the record's clock must be wrong. `following`: the records after it in the same source, as far as they are
  /// known; the first kClients are looked at, one of each client.
  [[nodiscard]] std::optional<int64_t> corrected(const Record& record, std::span<const Next> following) const;
  [[nodiscard]] bool is_wrong(const Record& record, std::span<const Next> following) const {
    return corrected(record, following).has_value();
  }

 private:
  /// What records are measured by is computed anew after so many, and with each new client until there are enough.
  static constexpr size_t kMeasuredBy = 16;

  struct Slot {
    Record record;
    uint64_t number = 0;  // of the record, in the order of coming
  };

  [[nodiscard]] size_t find(uint64_t client_hash) const;
  Slot& slot_of(uint64_t client_hash);
  void make_newest(size_t slot);
  void measure();
  [[nodiscard]] bool tells() const { return size_ >= kClientsTelling; }
  [[nodiscard]] bool is_right(const Record& record, std::span<const int64_t> following, bool ahead) const;
  [[nodiscard]] std::optional<int64_t> age_ms() const;
  [[nodiscard]] uint64_t least_number() const;

  static constexpr uint8_t kNone = 0xff;
  static_assert(kClients < kNone);

  std::array<Slot, kClients> slots_{};
  std::array<char, kClients> hash_bytes_{};  // one of each slot's client_hash: what is searched for a client
  // The slots in the order of their records.
  std::array<uint8_t, kClients> older_{}, newer_{};
  uint8_t newest_ = kNone, oldest_ = kNone;
  size_t size_ = 0;
  uint64_t taken_ = 0;
  uint64_t measured_ = 0;   // taken_ when measure_ms_ was computed
  int64_t measure_ms_ = 0;  // the source's time then
};

}  // namespace weir
