#include "app/trial/trial_sinks.h"

#include "base/assert.h"

namespace weir {

void ReplayTrial::take(JudgedUnit& unit, uint32_t until) {
  const PartitionRange& range = ranges_[unit.range];
  const std::string& topic = topics_[range.topic];
  const auto &current = unit.judged[0].batch.verdicts, &candidate = unit.judged[1].batch.verdicts;
  WEIR_ASSERT(current.size() == candidate.size(), "both rule sets judge the same requests");
  for (size_t& next = unit.judged[0].told.verdict; next < current.size() && current[next].index < until; ++next)
    trial_.take(current[next], candidate[next], {topic, range.partition, unit.offsets[current[next].index]});
}

void ReplayTrial::take(size_t judgement, std::span<const Alert> alerts) {
  for (const Alert& alert : alerts)
    trial_.take(static_cast<TrialSide>(judgement), alert);
}

Status FileTrial::use(const AnalyzerOptions& options) {
  for (LineJudge& judge : judges_)
    judge.use(options);
  return {};
}

Status FileTrial::take(FeedFile& file, const std::vector<std::string_view>& lines) {
  const SourceEstimate before = file.clock;
  for (size_t side = 0; side < kTrialSides; ++side) {
    file.clock = before;
    if (Status judged = judges_[side].judge(lines, file.clock, alerts_); !judged) return judged;
    for (const Alert& alert : alerts_)
      trial_.take(static_cast<TrialSide>(side), alert);
  }
  const auto &current = judges_[0].batch().verdicts, &candidate = judges_[1].batch().verdicts;
  WEIR_ASSERT(current.size() == candidate.size(), "both rule sets judge the same requests");
  for (size_t i = 0; i < current.size(); ++i)
    trial_.take(current[i], candidate[i], {file.name, std::nullopt, file.reader.first_line() + current[i].index});
  return {};
}

}  // namespace weir
