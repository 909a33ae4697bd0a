#pragma once

#include "app/replay/replay.h"
#include "app/scan/decision_file.h"
#include "app/scan/scan_results.h"

namespace weir {

/// What comes of a replay, as of a scan.
class ReplayResults : public ReplaySink {
 public:
  ReplayResults(ScanResults& results, DecisionFile& decisions, const RuleSet& rules, TopicTable topics,
                const std::vector<PartitionRange>& ranges)
      : results_(results), decisions_(decisions), rules_(rules), topics_(std::move(topics)), ranges_(ranges) {}

  void take(JudgedUnit& unit, uint32_t until) override {
    const PartitionRange& range = ranges_[unit.range];
    JudgedBatch& judged = unit.judged.front();
    results_.take(
        judged.batch, judged.told, until, rules_,
        [&](uint32_t index) {
          return RecordPlace{topics_[range.topic], range.partition, unit.offsets[index]};
        },
        ScanResults::Watched::kNo);
    results_.flush();
  }
  void take(size_t, std::span<const Alert> alerts) override {
    results_.take(alerts);
    results_.flush();
  }
  void take_decisions(size_t, std::span<const DecisionChange> decisions) override { decisions_.write(decisions); }

 private:
  ScanResults& results_;
  DecisionFile& decisions_;
  const RuleSet& rules_;
  TopicTable topics_;
  const std::vector<PartitionRange>& ranges_;
};

}  // namespace weir
