#include <algorithm>
#include <functional>

#include "config/checks.h"

// Settings that look like protection and are none: windows too short and sums too high for what they are to find.
namespace weir {
namespace {

constexpr std::string_view kWindow = "score.abuse.window_requests";

/// A signal that counts something in the window needs a window that can hold as much.
void need_room(ConfigReport& report, std::string_view path, uint64_t needed, uint64_t room, int points,
               std::string_view what) {
  if (points == 0 || needed <= room) return;
  const std::string window_is =
      std::string(kWindow) + " leaves room for " + std::to_string(room) + " " + std::string(what);
  report.error(
      report.written_of({path, kWindow}),
      std::string(path) + " is " + std::to_string(needed) + ", but " + window_is + ": the signal could never fire",
      "lower it to " + std::to_string(room) + " at most, or raise " + std::string(kWindow));
}

void check_abuse(const AbuseOptions& abuse, ConfigReport& report) {
  need_room(report, "score.abuse.addresses_min", abuse.addresses_min, abuse.window_requests, abuse.addresses_points,
            "addresses");
  need_room(report, "score.abuse.user_agents_min", abuse.user_agents_min, abuse.window_requests,
            abuse.user_agents_points, "user agents");
  need_room(report, "score.abuse.regular_timing_intervals_min", abuse.regular_timing_intervals_min,
            abuse.window_requests - 1, abuse.regular_timing_points, "intervals");
  const int all = abuse.addresses_points + abuse.user_agents_points + abuse.bot_points + abuse.regular_timing_points;
  if (abuse.suspicious_score > all) {
    report.error(report.written_of({"score.abuse.suspicious_score", "score.abuse.addresses_points",
                                    "score.abuse.user_agents_points", "score.abuse.bot_points",
                                    "score.abuse.regular_timing_points"}),
                 "score.abuse.suspicious_score is " + std::to_string(abuse.suspicious_score) +
                     ", but all signals together give " + std::to_string(all) +
                     " points: no client could ever reach it",
                 "lower it to " + std::to_string(all) + " at most, or raise the points of the signals");
  }
}

void check_bursts(const ScoreOptions& score, ConfigReport& report) {
  const BurstOptions& bursts = score.bursts;
  if (!bursts.enabled) return;
  if (score.client_idle < bursts.window) {
    report.error(report.written_of({"score.client_idle_ms", "score.bursts.window_ms"}),
                 "score.client_idle_ms is " + std::to_string(score.client_idle.count()) +
                     ", below score.bursts.window_ms of " + std::to_string(bursts.window.count()) +
                     ": a client would be forgotten while its burst is counted",
                 "raise score.client_idle_ms, or lower score.bursts.window_ms");
  }
  if (bursts.spraying_window < bursts.window) {
    report.error(report.written_of({"score.bursts.spraying_window_ms", "score.bursts.window_ms"}),
                 "score.bursts.spraying_window_ms is " + std::to_string(bursts.spraying_window.count()) +
                     ", below score.bursts.window_ms of " + std::to_string(bursts.window.count()) +
                     ": spraying is what is too slow for that window",
                 "raise it to " + std::to_string(bursts.window.count()) + " at least");
  }
}

}  // namespace

void check_score(const Config& config, ConfigReport& report) {
  check_abuse(config.score.abuse, report);
  check_bursts(config.score, report);
  if (config.score.order == ScoreOrder::kEventTime && !config.score.watermarks) {
    report.error(
        report.written_of({"score.watermarks", "score.order"}),
        "score.order: event_time needs score.watermarks: true: without them nobody knows when all have arrived that "
        "come before a record",
        "leave score.watermarks at true, or score.order at arrival");
  }
  const auto& counts = config.score.episodes.update_counts;
  if (std::adjacent_find(counts.begin(), counts.end(), std::greater_equal<>()) != counts.end())
    report.error("score.episodes.update_counts", "score.episodes.update_counts must rise",
                 "for example [10, 100, 1000]");
}

}  // namespace weir
