#include "app/scan/line_judge.h"

#include <chrono>

#include "config/source_topics.h"

namespace weir {

LineJudge::LineJudge(const Config& config, const RuleSlot& rules, DetectCounters& counters)
    : rules_(rules), counters_(counters), scorer_(config.score, topic_table(config)) {}

Status LineJudge::judge(std::span<const std::string_view> lines, SourceEstimate& clock, std::vector<Alert>& alerts) {
  alerts.clear();
  records_.clear();
  for (const auto line : lines)
    records_.push_back({line, EventTime::max(), {0, 0, offset_++}});
  if (auto analyzed = analyzer_->analyze(records_, analyzed_); !analyzed) return analyzed;
  correct_clocks(clock);
  const auto scoring_started = std::chrono::steady_clock::now();
  scorer_.observe(analyzed_.observations, analyzed_.correlation_events, alerts);
  decisions_ = scorer_.take_decisions();
  const std::chrono::nanoseconds scoring = std::chrono::steady_clock::now() - scoring_started;
  score_ns_ += static_cast<uint64_t>(scoring.count());
  return {};
}

/// A request far ahead of those around it, or far behind, is scored with their time. Where the file ends nothing is around it yet.
void LineJudge::correct_clocks(SourceEstimate& clock) {
  times_.clear();
  corrected_.clear();
  for (const Observation& observation : analyzed_.observations) {
    if (!observation.has(ObservationFlag::kAddressCount))
      times_.push_back({observation.client_hash, observation.time.time_since_epoch().count()});
  }
  size_t seen = 0;
  for (Observation& observation : analyzed_.observations) {
    if (observation.has(ObservationFlag::kAddressCount)) {
      corrected_.follow(observation);
      continue;
    }
    const SourceEstimate::Record record{observation.client_hash, times_[seen].time_ms, std::nullopt};
    const auto following = std::span<const SourceEstimate::Next>(times_).subspan(++seen);
    if (const auto right = clock.corrected(record, following); !right) {
      clock.take(record);
    } else if (SourceEstimate::tells(following)) {
      corrected_.correct(observation, EventTime(Milliseconds(*right)));
      ++wrong_clocks_;
    }
  }
  corrected_.apply(analyzed_.correlation_events);
}

}  // namespace weir
