#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"
#include "score/decisions/decision_policy.h"
#include "score/decisions/decisions.h"
#include "score/scorer.h"
#include "score/scoring_fixture.h"

/// What tests of decisions share.
namespace weir::decisions_fixture {

using namespace scoring_fixture;

inline constexpr auto kAllKinds = uint8_t{0b1011};    // attack, abuse, burst
inline constexpr auto kAllClients = uint8_t{0b0111};  // customer, api_key, address
inline constexpr int64_t kHourMs = 3'600'000;
using What = DecisionChange::What;

inline DecisionRule rule(const std::string& name, DecisionAction action, int64_t duration_ms) {
  DecisionRule rule;
  rule.name = name;
  rule.kinds = kAllKinds;
  rule.client_kinds = kAllClients;
  rule.action = action;
  rule.duration = Milliseconds{duration_ms};
  return rule;
}

inline ScoreOptions options_with(DecisionPolicy policy) {
  policy.never.seal();
  ScoreOptions options;
  options.decisions = std::make_shared<const DecisionPolicy>(std::move(policy));
  return options;
}
inline ScoreOptions options_with(std::vector<DecisionRule> rules) {
  DecisionPolicy policy;
  policy.rules = std::move(rules);
  return options_with(std::move(policy));
}

/// Scores one record after the other and keeps what was decided.
class Run {
 public:
  explicit Run(const ScoreOptions& options) : scorer(options, kTopics) {}

  /// An attack of a client that is known by its address.
  void attack_of(const std::string& client, int64_t at_ms, PackedEvidence evidence = attack()) {
    Observation& record = stream_.add({.client = client, .at_ms = at_ms, .evidence = evidence});
    record.client_kind = ClientKind::kAddress;
    record.address = *IpAddress::parse(client.substr(0, client.find('/')));
    observe(record);
  }
  /// Ordinary records of others, which carry the partition's event time there: two, and one more for each ten minutes.
  void time_is(int64_t at_ms) {
    do {
      observe(stream_.add({.client = "x", .at_ms = at_ms}));
      observe(stream_.add({.client = "y", .at_ms = at_ms}));
    } while (*scorer.now() < EventTime{Milliseconds{kStartMs + at_ms}});
  }
  void observe(const Observation& record) {
    scorer.observe({&record, 1}, alerts);
    take();
  }
  void take() {
    for (DecisionChange& change : scorer.take_decisions())
      changes.push_back(std::move(change));
  }
  [[nodiscard]] std::vector<What> steps() const {
    std::vector<What> all;
    for (const DecisionChange& change : changes)
      all.push_back(change.what);
    return all;
  }

  Scorer scorer;
  std::vector<Alert> alerts;
  std::vector<DecisionChange> changes;

 private:
  Stream stream_;
};

}  // namespace weir::decisions_fixture
