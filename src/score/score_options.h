#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "rules/category.h"

namespace weir {

/// Thresholds and points of AB1; the defaults are the requirement's.
struct AbuseOptions {
  uint32_t window_requests = 10;  ///< 2 to kWindowRequestsMax
  static constexpr uint32_t kWindowRequestsMax = 16;
  uint32_t addresses_min = 5;
  int addresses_points = 30;
  uint32_t user_agents_min = 3;
  int user_agents_points = 20;
  int bot_points = 10;
  int regular_timing_points = 25;
  uint32_t regular_timing_intervals_min = 5;   ///< fewer intervals are never "regular"
  double regular_timing_variation_max = 0.10;  ///< coefficient of variation of the inter-arrival times
  Milliseconds regular_timing_mean_min{50};    ///< a burst within an instant is not "regular"
  int suspicious_score = 50;                   ///< included
};

/// Flood control (AL2): which of a client's records of one kind become alerts.
struct EpisodeOptions {
  std::vector<uint64_t> update_counts{10, 100, 1'000, 10'000, 100'000, 1'000'000};
  Milliseconds update_interval{60'000};  ///< also an update when this much event time passed since the last alert
  /// Episodes that may open per minute of a partition's event time; the records of further clients are counted together.
  uint32_t opened_per_minute_max = 6'000;
  Milliseconds idle_close{300'000};  ///< event time without a further record that closes the episode
};

/// Bursts (AB3). The window is the same for all but spraying.
struct BurstOptions {
  bool enabled = true;
  Milliseconds window{60'000};
  uint32_t requests_max = 100;  ///< of an address within the window; more are a burst
  Level requests_severity = Level::kLow;
  std::vector<Cidr> shared_networks;  ///< addresses that stand for many clients: their requests are no burst
  std::vector<uint64_t> auth_failure_statuses{401};
  uint32_t auth_failures = 10;  ///< this and the following: from so many on
  uint32_t accounts = 10;       ///< distinct, with failures, of one address
  Milliseconds spraying_window{3'600'000};
  uint32_t enumeration_paths = 20;  ///< distinct, answered with a client error
  uint32_t scanning_requests = 20;  ///< malicious ones, and
  uint32_t scanning_rules = 5;      ///< distinct rules that they hit
};

struct DecisionPolicy;

/// In which order the observations of a partition are scored (docs/adr/0059-event-order.md).
enum class ScoreOrder : uint8_t {
  kArrival,    ///< as they stand in the partition
  kEventTime,  ///< by time and coordinates: they wait until the clock has passed them
};
template <>
inline constexpr auto kNamesOf<ScoreOrder> = std::to_array<std::string_view>({"arrival", "event_time"});

struct ScoreOptions {
  AbuseOptions abuse;
  BurstOptions bursts;
  EpisodeOptions episodes;
  uint32_t clients_max = 1'000'000;  ///< per partition; beyond it the least telling client is evicted and counted
  uint32_t chunk_clients = 4096;     ///< clients in a chunk of the saved state, at most and about; tests make it small
  Milliseconds client_idle{3'600'000};  ///< event time after which a client is forgotten
  Milliseconds lateness{60'000};        ///< how far behind the partition's event time a record may come without its
                                        ///< client being forgotten or its episode closed before it, and behind its
                                        ///< client's newest to be counted for bursts (docs/scoring.md)
  bool watermarks = true;               ///< the clock follows the slowest source of the observations (docs/adr/0029)
  ScoreOrder order = ScoreOrder::kArrival;
  Milliseconds disorder{10'000};           ///< of kEventTime: so far behind the clock observations are scored in order
  uint64_t waiting_bytes_max = 256 << 20;  ///< of kEventTime: what waits in a partition, about
  uint64_t correlation_bytes_max = 64 << 20;  ///< per partition, about; beyond it groups of correlations are evicted
  std::shared_ptr<const DecisionPolicy> decisions;  ///< null: nothing is decided
};

}  // namespace weir
