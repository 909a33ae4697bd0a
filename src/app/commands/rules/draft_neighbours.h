#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/match/matcher.h"
#include "pipeline/record_judge.h"
#include "rules/rule.h"
#include "workbench/draft/clue_choice.h"
#include "workbench/draft/draft_request.h"

namespace weir {

/// Ordinary requests beside those that a rule is drafted from: counts which clues they hold, and keeps the nearest as examples.
class DraftNeighbours {
 public:
  /// `clues` are the rules of compile_clues(); `given` the requests the draft is made from, which are no neighbours. Both must outlive it.
  DraftNeighbours(Matcher& clues, const std::vector<DraftRequest>& given) : clues_(clues), given_(given) {}

  /// A request that no rule finds malicious.
  void add(const JudgedRecord& record, const std::string& place);
  /// Generated traffic, and the negative examples of the rules in force: what resembles attacks and is none. Without what `rules` find
  /// malicious.
  Status add_shipped(const std::shared_ptr<const RuleSet>& rules, const std::vector<Rule>& sources);

  [[nodiscard]] const NeighbourCounts& counts() const { return counts_; }
  /// How many of those added were requests that the draft is made from.
  [[nodiscard]] uint64_t same_as_given() const { return same_; }
  /// At most `count`, the nearest first, of those that do not hold all of `clues`; shipped ones only where there are fewer than three others.
  [[nodiscard]] std::vector<DraftRequest> nearest(ClueMask clues, size_t count) const;

 private:
  struct Near {
    int nearness = 0;
    ClueMask held = 0;
    DraftRequest request;
    bool is_shipped = false;
  };
  [[nodiscard]] int nearness(const DraftRequest& request, ClueMask held) const;
  void keep(Near near);

  Matcher& clues_;
  const std::vector<DraftRequest>& given_;
  NeighbourCounts counts_;
  std::vector<Near> nearest_;  // the nearest first
  bool adds_shipped_ = false;
  uint64_t same_ = 0;
  Detection detection_;
};

/// Which clues the record holds, by the rules of compile_clues().
ClueMask clues_in(Matcher& clues, const Event& event, const DecodedRecord& decoded, Detection& detection);

}  // namespace weir
