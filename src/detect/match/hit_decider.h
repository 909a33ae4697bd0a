#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "detect/match/always_rules.h"
#include "detect/match/record_scan.h"
#include "detect/match/rule_evaluator.h"
#include "detect/program/compiled_rules.h"

namespace weir {

/// The last step of matching: which rules hold for a record, where, and what they come to. Of one thread.
class HitDecider {
 public:
  /// `rules` must outlive this. `located_above`: see MatcherOptions::locate_in_parameters_above.
  HitDecider(const CompiledRules& rules, size_t located_above);

  /// Adds to the task's `out`: hits, excluded ones, score, categories and the verdict. `known` and `confirmed` are all the hits
  /// of the record's lines. Allocates only while the buffers grow.
  void decide(const MatchTask& task, std::span<const RecordHit> known, std::span<const RecordHit> confirmed);

  /// How often an expression gave up, and so counted as matching or left a begin unknown.
  [[nodiscard]] uint64_t given_up() const { return evaluator_.given_up() + always_rules_.given_up(); }

 private:
  /// All hits of the record's lines.
  struct LineHits {
    std::span<const RecordHit> known, confirmed;
  };

  void begin_record();
  void accept(const DecodedRecord& record, std::span<const RecordHit> hits);
  void touch(uint32_t rule);
  void touch_always_rules(const MatchTask& task);
  void decide_by_lines(const MatchTask& task, uint32_t rule, const LineHits& hits);
  [[nodiscard]] bool may_see(const MatchPolicy& policy, uint32_t rule, uint32_t line) const;
  Hit hit_of(const MatchTask& task, uint32_t rule, const AtomHits& hits);
  void add_up(Detection& out) const;

  const CompiledRules* rules_;
  size_t located_above_;
  RuleEvaluator evaluator_;
  AlwaysRules always_rules_;
  AtomHits atoms_;                        ///< of the record
  AtomHits visible_;                      ///< of the lines that one rule may see
  std::vector<uint32_t> touched_;         ///< rules to evaluate for the record
  std::vector<uint32_t> touched_epochs_;  ///< by rule
  uint32_t epoch_ = 0;                    ///< of the record
};

}  // namespace weir
