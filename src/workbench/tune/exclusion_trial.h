#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/record_judge.h"
#include "rules/rule.h"

namespace weir {

/// So many of what may be many, masked, for a person to look at; all are counted.
struct Samples {
  static constexpr size_t kMax = 3;
  uint64_t count = 0;
  std::vector<std::string> first;

  void add(const std::string& text) {
    ++count;
    if (first.size() < kMax) first.push_back(text);
  }
};

/// What exclusions would do to requests.
struct ExclusionEffect {
  /// A positive example of a rule that would no longer be found.
  struct Example {
    std::string rule, title, file;
    int line = 0;
    uint32_t exclusion = 0;  ///< whose route, client and place it matches; 0 of a filter
  };

  /// What one exclusion takes away in requests that are no false alarms.
  struct Hidden {
    uint64_t hits = 0;
    Samples requests;
  };

  Samples alarms_left;         ///< false alarms that are malicious all the same
  Samples attacks_lost;        ///< malicious requests, no false alarms, that would not be any more
  std::vector<Hidden> hidden;  ///< per exclusion; one of a filter
  uint64_t examples = 0;       ///< positive ones of the rules concerned that are found now
  std::vector<Example> examples_lost;

  [[nodiscard]] uint64_t hidden_hits() const;
  /// It ends every false alarm and loses no attack.
  [[nodiscard]] bool is_fine() const { return alarms_left.count == 0 && attacks_lost.count == 0; }
};

/// Several proposals beside what is in force, over the same requests. One thread.
class ExclusionTrial {
 public:
  /// Each proposal is what is in force with more exclusions behind the policy's own, or with other rules: the same ones, narrowed by a filter.
  static Result<ExclusionTrial> create(const JudgeOptions& options, const Judgement& in_force,
                                       const std::vector<Judgement>& proposals);

  /// A request that was a false alarm. `record` comes from RecordJudge::match() of the policy in force, and is changed; `place` says where it
  /// stands.
  void take_false_alarm(JudgedRecord& record, const std::string& place);
  /// Any other, malicious (by the policy in force) or not.
  void take(JudgedRecord& record, bool is_malicious, const std::string& place);
  /// The positive examples of those rules whose ids are given, each at its rule's own level.
  Status try_examples(const std::vector<Rule>& rules, const std::set<std::string>& ids);

  [[nodiscard]] const std::vector<ExclusionEffect>& effects() const { return effects_; }

 private:
  ExclusionTrial(Judgement in_force, std::vector<RecordJudge> judges);

  void judge_again(RecordJudge& judge, JudgedRecord& record);
  void count_excluded(const RecordJudge& judge, const JudgedRecord& record, const std::string& place,
                      ExclusionEffect& effect) const;
  void count_filtered(const RecordJudge& judge, const JudgedRecord& record, const std::vector<Hit>& before,
                      const std::string& place, ExclusionEffect& effect) const;
  [[nodiscard]] bool is_filter(const RecordJudge& judge) const { return &judge.rules() != in_force_.rules.get(); }
  void try_example(const Rule& rule, const RuleExample& example, JudgedRecord& record);

  Judgement in_force_;
  std::vector<RecordJudge> judges_;  // one a proposal
  size_t own_exclusions_ = 0;
  std::vector<ExclusionEffect> effects_;
};

/// "POST shop.example/a: form text=…", masked and short.
std::string sample_of(const JudgedRecord& record, const Masker& masker, const Hit* hit);

}  // namespace weir
