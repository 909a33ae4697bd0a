#pragma once

#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <tuple>
#include <vector>

#include "alert/alert.h"
#include "alert/value_counts.h"
#include "base/prefetch.h"
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
  CountedRecords failures, errors, attacks;
  uint64_t paths = 0, accounts = 0, rules = 0;  ///< distinct ones: bits of a sketch of 64
  ValueCounts values;                           ///< of the failures, errors and attacks
  bool operator==(const BurstPane&) const = default;
};

/// What an incident's identifiers are made of besides its client and reason: the stretch of time in which it was told first,
/// and which of the client's it was there.
struct BurstIncident {
  int64_t stretch_ms = 0;
  uint32_t number = 0;
  auto operator<=>(const BurstIncident&) const = default;
};

/// A period's burst of which the client's alerts tell or told, and the incident it belongs to.
struct KnownBurst {
  BurstReason reason = BurstReason::kRequestRate;
  uint32_t episode = kNoEpisode;  ///< none: closed
  int64_t begin_ms = 0;           ///< of its period
  BurstIncident incident;
  bool operator==(const KnownBurst&) const = default;
};
/// In place of an episode while a state is read: that of the incident comes later.
inline constexpr uint32_t kEpisodeToCome = kNoEpisode - 1;

/// What is known of a client beyond its requests; only clients with failures, errors, hits or too many requests have it.
struct BurstActivity {
  std::vector<BurstPane> panes, slow_panes;  ///< ascending; slow ones are quarters of the window of spraying
  std::vector<KnownBurst> bursts;            ///< by begin, then reason
  uint32_t chunk = 0;                        ///< of the client
  bool operator==(const BurstActivity&) const = default;
};

/// That a burst exists, told with each record that adds to its windows or its period. All of it but `added` only grows with the
/// records, so the greatest of each says the same whatever their order.
struct BurstFinding {
  BurstReason reason = BurstReason::kRequestRate;
  int64_t begin_ms = 0, end_ms = 0;  ///< of the period
  uint32_t least = 0;                ///< what makes a burst
  uint64_t peak = 0;  ///< the most that a window of the period with this record holds; 0 if none of these makes a burst
  uint64_t requests = 0;        ///< the most records that a window like that holds
  uint64_t total = 0;           ///< records within the period
  uint64_t added = 0;           ///< of these, by this record
  Milliseconds retry_after{0};  ///< request_rate: the longest that a window ending in the period would have taken
  LatestRecord latest;          ///< of the period; kNoRecord for request_rate
};
using BurstFindings = absl::InlinedVector<BurstFinding, 2>;

/// The bursts of one partition's clients (AB3). A client's part stands behind its window in the client table: words() words,
/// all zero for a new client. What is found depends on which records came, not on their order, as long as a client's come
/// less than the lateness behind its newest. Not thread-safe.
///
/// Bursts of one reason that follow each other are an incident. Its stretch of time is a place in a fixed grid, so that it has
/// the same identifiers whichever of its periods was found first.
class Bursts {
 public:
  static constexpr int64_t kPanes = 4;  ///< in a window
  /// Panes kept of a client, at most, so that no configuration makes a client dear: a longer lateness reaches no further.
  static constexpr uint32_t kPlacesMax = 1024;

  /// Periods in a stretch, at most.
  static constexpr int64_t kStretchPeriods = 60;

  /// `remembered`: how long at least a client is known after its last record.
  Bursts(const BurstOptions& options, Milliseconds lateness, Milliseconds remembered);

  /// Of a client in the table: a pane's number, a ring of counts of requests, the number of its activity + 1 and a flag.
  [[nodiscard]] uint32_t words() const { return places_ + 2; }
  /// Panes that are kept of a client.
  [[nodiscard]] uint32_t places() const { return places_; }

  /// Starts loading what the client has besides its words, which are read; and then what that points to.
  void prefetch(const uint32_t* words) const {
    if (number_of(words) != 0) prefetch_to_write(&activities_[number_of(words) - 1]);
  }
  void prefetch_panes(const uint32_t* words) const;

  /// What a chunk's clients may have of lists of values, in bytes; values beyond it are not listed.
  static constexpr size_t kValueBytesMax = 128 << 10;

  /// Counts a record of the client of `chunk` that owns `words`, and appends the bursts it adds to. False if it came too late for one
  /// of the counts: it is older than all panes kept for that.
  bool take(uint32_t* words, uint32_t chunk, const Observation& record, BurstFindings& found);

  /// The values of the records in the finding's period; none of request_rate, of which no values are kept.
  [[nodiscard]] ValueCounts values_of(const uint32_t* words, const BurstFinding& finding) const;

  /// Null if the client has no such burst, or one so old that it was forgotten.
  [[nodiscard]] const KnownBurst* known(const uint32_t* words, BurstReason reason, int64_t begin_ms) const {
    return find_burst(find(words), reason, begin_ms);
  }
  /// The incident that a burst found anew belongs to. `episode` is none if it begins one.
  struct Place {
    BurstIncident incident;
    uint32_t episode = kNoEpisode;
  };
  /// `first_and_last` gives the begin of an open episode's first period and the end of its last.
  template <typename FirstAndLast>
  [[nodiscard]] Place place_of(const uint32_t* words, const BurstFinding& finding, Milliseconds quiet,
                               const FirstAndLast& first_and_last) const {
    Place place{{stretch_of(finding), 0}, kNoEpisode};
    const BurstActivity* client = find(words);
    if (client == nullptr) return place;
    for (const KnownBurst& burst : client->bursts) {
      if (burst.reason != finding.reason) continue;
      if (burst.incident.stretch_ms == place.incident.stretch_ms) {
        if (burst.episode != kNoEpisode) return {burst.incident, burst.episode};
        place.incident.number = std::max(place.incident.number, burst.incident.number + 1);
      }
    }
    for (const KnownBurst& burst : client->bursts) {
      if (burst.reason != finding.reason || burst.episode == kNoEpisode) continue;
      const auto [first_ms, last_ms] = first_and_last(burst.episode);
      if (continues(finding, first_ms, last_ms, quiet)) return {burst.incident, burst.episode};
    }
    return place;
  }
  /// Adds a burst and forgets those that no record can add to, but the last of each incident that may still count.
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
  /// Of a client that has none. Bursts of open incidents wait for resume().
  void set_activity(uint32_t* words, uint32_t chunk, BurstActivity activity);
  /// Gives the bursts that wait for this incident its episode. False if there are none.
  bool resume(uint32_t* words, BurstReason reason, const BurstIncident& incident, uint32_t episode);
  /// Whether bursts still wait.
  [[nodiscard]] bool is_waiting(const uint32_t* words) const;

  /// About.
  [[nodiscard]] size_t bytes() const {
    return activities_.capacity() * sizeof(BurstActivity) + panes_ * (sizeof(BurstPane) + sizeof(BurstPane) / 2) +
           all_value_bytes_;
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
    Near<uint64_t> kinds{};    // sketches of what must be distinct besides
    uint32_t kinds_least = 0;  // so many
  };
  /// Whether the windows that end with this one hold what makes a burst; how much, or 0.
  static uint64_t held_by(const Measure& measure, size_t window_end);
  static uint64_t requests_in(const Measure& measure, size_t window_end);

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
    bool attacked = false;
  };
  [[nodiscard]] Conduct conduct_of(const Observation& record) const;
  bool take_activity(BurstActivity& client, int64_t pane, const Observation& record, const Conduct& conduct,
                     BurstFindings& found);
  bool take_account(BurstActivity& client, const Observation& record, BurstFindings& found);
  BurstPane* pane_of(const BurstActivity& client, std::vector<BurstPane>& panes, int64_t number, int64_t places);
  void count_values(const BurstActivity& client, BurstPane& pane, ValueGroup group, const Observation& record);
  /// The lists of a chunk's clients changed from so many bytes to so many.
  void count_value_bytes(uint32_t chunk, size_t before, size_t after);
  static ValueGroup group_of(BurstReason reason);
  static Near<const BurstPane*> near_of(const std::vector<BurstPane>& panes, int64_t number);
  void judge(const Measure& measure, const BurstActivity* client, BurstFindings& found) const;
  static const KnownBurst* find_burst(const BurstActivity* client, BurstReason reason, int64_t begin_ms);
  [[nodiscard]] Milliseconds retry_after(const Near<uint64_t>& requests, size_t window_end) const;
  /// Each of these has panes of its own, with a newest of its own.
  enum class CountedIn : uint8_t { kRequests, kPanes, kSlowPanes };
  static CountedIn counted_in(BurstReason reason);
  [[nodiscard]] bool is_auth_failure(uint16_t status) const;
  [[nodiscard]] bool is_shared(const IpAddress& address) const;
  /// The begin of the stretch of time in which the finding's period lies.
  [[nodiscard]] int64_t stretch_of(const BurstFinding& finding) const;
  [[nodiscard]] int64_t stretch_length(int64_t period_ms) const;
  /// Whether an incident of an earlier stretch goes on with this burst. Only one that is so old that all of its beginning is
  /// known: otherwise it would depend on the order of records.
  [[nodiscard]] bool continues(const BurstFinding& finding, int64_t first_ms, int64_t last_ms,
                               Milliseconds quiet) const {
    const int64_t period_ms = finding.end_ms - finding.begin_ms;
    return first_ms + period_ms + lateness_ms_ <= stretch_of(finding) && finding.begin_ms - last_ms < quiet.count();
  }

  BurstOptions options_;
  int64_t lateness_ms_, remembered_ms_;
  int64_t pane_ms_, slow_pane_ms_;
  uint32_t places_;
  int64_t slow_places_;
  std::vector<BurstActivity> activities_;
  std::vector<uint32_t> free_;
  size_t panes_ = 0;                 // of all activities
  std::vector<size_t> value_bytes_;  // by chunk
  size_t all_value_bytes_ = 0;
};

}  // namespace weir
