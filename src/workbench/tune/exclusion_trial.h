#pragma once

#include <cstdint>
#include <memory>
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
    uint32_t exclusion = 0;  ///< whose route, client and place it matches
  };

  /// What one exclusion takes away in requests that are no false alarms.
  struct Hidden {
    uint64_t hits = 0;
    Samples requests;
  };

  Samples alarms_left;         ///< false alarms that are malicious all the same
  Samples attacks_lost;        ///< malicious requests, no false alarms, that would not be any more
  std::vector<Hidden> hidden;  ///< per exclusion
  uint64_t examples = 0;       ///< positive ones of the rules concerned that are found now
  std::vector<Example> examples_lost;

  [[nodiscard]] uint64_t hidden_hits() const;
  /// It ends every false alarm and loses no attack.
  [[nodiscard]] bool is_fine() const { return alarms_left.count == 0 && attacks_lost.count == 0; }
};

/// Several proposals of exclusions beside the policy in force, over the same requests. One thread.
class ExclusionTrial {
 public:
  /// Each of `policies` is the policy in force with a proposal's exclusions behind its own `own_exclusions`.
  static Result<ExclusionTrial> create(const JudgeOptions& options, std::shared_ptr<const RuleSet> rules,
                                       const std::vector<std::shared_ptr<const Policy>>& policies,
                                       size_t own_exclusions);

  /// A request that was a false alarm. `record` comes from RecordJudge::match() of the policy in force, and is changed; `place` says where it
  /// stands.
  void take_false_alarm(JudgedRecord& record, const std::string& place);
  /// Any other, malicious (by the policy in force) or not.
  void take(JudgedRecord& record, bool is_malicious, const std::string& place);
  /// The positive examples of those rules that the proposals name, each at its rule's own level. `in_force` may be null.
  Status try_examples(const std::vector<Rule>& rules, const std::shared_ptr<const Policy>& in_force);

  [[nodiscard]] const std::vector<ExclusionEffect>& effects() const { return effects_; }

 private:
  ExclusionTrial(std::shared_ptr<const RuleSet> rules, std::vector<RecordJudge> judges, size_t own_exclusions);

  void judge_again(RecordJudge& judge, JudgedRecord& record);
  void count_hidden(const RecordJudge& judge, const JudgedRecord& record, const std::string& place,
                    ExclusionEffect& effect) const;
  [[nodiscard]] bool is_named(const std::string& rule) const;
  void try_example(const Rule& rule, const RuleExample& example, JudgedRecord& record);

  std::shared_ptr<const RuleSet> rules_;
  std::vector<RecordJudge> judges_;  // one a proposal
  size_t own_exclusions_;
  std::vector<ExclusionEffect> effects_;
};

/// "POST shop.example/a: form text=…", masked and short.
std::string sample_of(const JudgedRecord& record, const Masker& masker, const Hit* hit);

}  // namespace weir
