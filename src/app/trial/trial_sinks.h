#pragma once

#include <array>
#include <vector>

#include "app/replay/replay.h"
#include "app/scan/file_feed.h"
#include "app/scan/line_judge.h"
#include "app/trial/trial.h"

namespace weir {

/// A trial over a range of topics: a replay with two judgements.
class ReplayTrial : public ReplaySink {
 public:
  /// They must outlive it.
  ReplayTrial(Trial& trial, TopicTable topics, const std::vector<PartitionRange>& ranges)
      : trial_(trial), topics_(std::move(topics)), ranges_(ranges) {}

  void take(JudgedUnit& unit, uint32_t until) override;
  void take(size_t judgement, std::span<const Alert> alerts) override;

 private:
  Trial& trial_;
  TopicTable topics_;
  const std::vector<PartitionRange>& ranges_;
};

/// A trial over files.
class FileTrial : public LineTaker {
 public:
  /// They must outlive it. `current` and `candidate` are judged by in this order.
  FileTrial(Trial& trial, const Config& config, const RuleSlot& current, const RuleSlot& candidate)
      : trial_(trial), judges_{{{config, current, counters_[0]}, {config, candidate, counters_[1]}}} {}

  Status use(const AnalyzerOptions& options) override;
  Status take(FeedFile& file, const std::vector<std::string_view>& lines) override;
  void pause() override {}
  [[nodiscard]] uint64_t lines() const override { return counters_[0].records.value(); }
  [[nodiscard]] uint64_t requests() const override { return counters_[0].requests.value(); }

  [[nodiscard]] const DetectCounters& counters(TrialSide side) const { return counters_[static_cast<size_t>(side)]; }

 private:
  Trial& trial_;
  std::array<DetectCounters, kTrialSides> counters_;
  std::array<LineJudge, kTrialSides> judges_;
  std::vector<Alert> alerts_;
};

}  // namespace weir
