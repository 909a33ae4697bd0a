#pragma once

#include <absl/container/inlined_vector.h>

#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include "alert/alert.h"
#include "score/client_table.h"
#include "score/observation.h"
#include "score/score_options.h"

namespace weir {

/// A record as the latest of several.
struct LatestRecord {
  int64_t time_ms = 0;
  RecordCoordinates at = kNoRecord;
  IpAddress address;

  /// Keeps the later of both: by event time, then by place. So it does not matter in which order records come.
  void take(const LatestRecord& other) {
    if (at == kNoRecord || std::tie(other.time_ms, other.at) > std::tie(time_ms, at)) *this = other;
  }
  bool operator==(const LatestRecord&) const = default;
};

/// How many there were of something, and the latest record that was or had it.
struct CountedRecords {
  uint32_t count = 0;
  LatestRecord latest;

  void add(uint32_t amount, const LatestRecord& record);
  bool operator==(const CountedRecords&) const = default;
};

/// What a client did within one pane besides requests. A pane is a quarter of a window (docs/scoring.md, "Bursts").
struct BurstPane {
  int64_t number = 0;  ///< panes since 1970
  CountedRecords failures, errors, hits;
  uint64_t paths = 0, accounts = 0;  ///< distinct ones: bits of a sketch of 64
  bool operator==(const BurstPane&) const = default;
};

/// A burst of which the client's alerts tell or told.
struct KnownBurst {
  BurstReason reason = BurstReason::kRequestRate;
  int64_t begin_ms = 0;           ///< of its period
  uint32_t episode = kNoEpisode;  ///< none: closed
  bool operator==(const KnownBurst&) const = default;
};

/// What is known of a client beyond its requests; only clients with failures, errors, hits or too many requests have it.
struct BurstActivity {
  std::vector<BurstPane> panes, slow_panes;  ///< ascending; slow ones are quarters of the window of spraying
  std::vector<KnownBurst> bursts;            ///< by begin, then reason
  bool operator==(const BurstActivity&) const = default;
};

/// That a burst exists, told with each record that adds to its windows or its period. All of it but `added` only grows with the
/// records, so the greatest of each says the same whatever their order.
struct BurstFinding {
  BurstReason reason = BurstReason::kRequestRate;
  int64_t begin_ms = 0, end_ms = 0;  ///< of the period
  uint32_t least = 0;                ///< what makes a burst
  uint64_t peak = 0;  ///< the most that a window of the period with this record holds; 0 if none of these makes a burst
  uint64_t total = 0;           ///< records (scanning: hits) within the period
  uint64_t added = 0;           ///< of these, by this record
  Milliseconds retry_after{0};  ///< request_rate: the longest that a window ending in the period would have taken
  LatestRecord latest;          ///< of the period; kNoRecord for request_rate
};
using BurstFindings = absl::InlinedVector<BurstFinding, 2>;

/// The bursts of one partition's clients (AB3). A client's part stands behind its window in the client table: words() words,
/// all zero for a new client. What is found depends on which records came, not on their order, as long as a client's come
/// less than the lateness behind its newest. Not thread-safe.
class Bursts {
 public:
  static constexpr int64_t kPanes = 4;  ///< in a window
  /// Panes kept of a client, at most, so that no configuration makes a client dear: a longer lateness reaches no further.
  static constexpr uint32_t kPlacesMax = 1024;

  Bursts(const BurstOptions& options, Milliseconds lateness);

  /// Of a client in the table: a pane's number, a ring of counts of requests, the number of its activity + 1 and a flag.
  [[nodiscard]] uint32_t words() const { return places_ + 2; }
  /// Panes that are kept of a client.
  [[nodiscard]] uint32_t places() const { return places_; }

  /// Starts loading what the client has besides its words, which are read; and then what that points to.
  void prefetch(const uint32_t* words) const {
    if (number_of(words) != 0) __builtin_prefetch(&activities_[number_of(words) - 1], 1);
  }
  void prefetch_panes(const uint32_t* words) const;

  /// Counts a record of the client that owns `words`, and appends the bursts it adds to. False if it came too late for one
  /// of the counts: it is older than all panes kept for that.
  bool take(uint32_t* words, const Observation& record, BurstFindings& found);

  /// Null if the client has no such burst, or one so old that it was forgotten.
  [[nodiscard]] const KnownBurst* known(const uint32_t* words, BurstReason reason, int64_t begin_ms) const {
    return find_burst(find(words), reason, begin_ms);
  }
  /// Adds a burst and forgets closed ones that no record can add to.
  void add(uint32_t* words, const KnownBurst& burst);
  /// The episode is over. Records that come for its period later are late.
  void close(uint32_t* words, uint32_t episode);
  [[nodiscard]] bool has_open(const uint32_t* words) const;

  /// Frees what the client has.
  void release(uint32_t* words);
  void clear();

  // --- for saving
  [[nodiscard]] const BurstOptions& options() const { return options_; }
  /// The newest pane's number, of 32 bits, and the counts of requests from the oldest pane kept to it.
  static uint32_t newest_pane(const uint32_t* words) { return words[0]; }
  [[nodiscard]] uint32_t requests(const uint32_t* words, uint32_t panes_before_newest) const {
    return words[1 + (words[0] - panes_before_newest) % places_];
  }
  void set_requests(uint32_t* words, uint32_t newest_pane, uint32_t panes_before_newest, uint32_t count) const {
    words[0] = newest_pane;
    words[1 + (newest_pane - panes_before_newest) % places_] = count;
  }
  /// Null if the client has none.
  [[nodiscard]] const BurstActivity* find(const uint32_t* words) const {
    return number_of(words) == 0 ? nullptr : &activities_[number_of(words) - 1];
  }
  /// As add, but forgets nothing.
  void put_back(uint32_t* words, const KnownBurst& burst);
  /// Of a client that has none.
  void set_activity(uint32_t* words, BurstActivity activity);

  /// About.
  [[nodiscard]] size_t bytes() const {
    return activities_.capacity() * sizeof(BurstActivity) + panes_ * (sizeof(BurstPane) + sizeof(BurstPane) / 2);
  }

 private:
  /// The panes of which a record can change a window, and those of the periods these windows end in: from three before the
  /// record's to six behind it.
  static constexpr size_t kNear = 10;
  static constexpr int64_t kBefore = 3;
  template <typename T>
  using Near = std::array<T, kNear>;

  /// What one reason counts around a record.
  struct Measure {
    BurstReason reason;
    uint32_t least;
    bool is_distinct;  // values are sketches
    Near<uint64_t> values;
    Near<uint32_t> amounts;
    Near<const LatestRecord*> latest;  // null: none
    int64_t pane, pane_ms;             // the record's
    uint64_t added;
  };

  /// The client's activity; made if it has none.
  BurstActivity& activity(uint32_t* words);
  /// In the last word: that the client has known bursts, so that most requests need not look at its activity.
  static constexpr uint32_t kHasBursts = 1U << 31;
  [[nodiscard]] uint32_t number_of(const uint32_t* words) const { return words[places_ + 1] & ~kHasBursts; }
  bool take_request(uint32_t* words, int64_t pane, BurstFindings& found);
  /// What of a record is counted besides the request.
  struct Conduct {
    bool failed = false;         ///< an authentication
    bool names_account = false;  ///< such a one that says whose
    bool missed = false;         ///< answered with another client error
    uint32_t hits = 0;
  };
  [[nodiscard]] Conduct conduct_of(const Observation& record) const;
  bool take_activity(BurstActivity& client, int64_t pane, const Observation& record, const Conduct& conduct,
                     BurstFindings& found);
  bool take_account(BurstActivity& client, const Observation& record, BurstFindings& found);
  BurstPane* pane_of(std::vector<BurstPane>& panes, int64_t number, int64_t places);
  static Near<const BurstPane*> near_of(const std::vector<BurstPane>& panes, int64_t number);
  void judge(const Measure& measure, const BurstActivity* client, BurstFindings& found) const;
  static const KnownBurst* find_burst(const BurstActivity* client, BurstReason reason, int64_t begin_ms);
  [[nodiscard]] Milliseconds retry_after(const Near<uint64_t>& requests, size_t window_end) const;
  /// Each of these has panes of its own, with a newest of its own.
  enum class CountedIn : uint8_t { kRequests, kPanes, kSlowPanes };
  static CountedIn counted_in(BurstReason reason);
  [[nodiscard]] bool is_auth_failure(uint16_t status) const;

  BurstOptions options_;
  int64_t pane_ms_, slow_pane_ms_;
  uint32_t places_;
  int64_t slow_places_;
  std::vector<BurstActivity> activities_;
  std::vector<uint32_t> free_;
  size_t panes_ = 0;  // of all activities
};

}  // namespace weir
