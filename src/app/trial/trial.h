#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "alert/alert.h"
#include "app/scan/record_place.h"
#include "app/scan/top_counts.h"
#include "app/trial/alert_match.h"
#include "detect/rule_set.h"
#include "pipeline/analyzer.h"

namespace weir {

/// A request that one rule set sees otherwise than the other. Texts are masked.
struct TrialExample {
  std::string place;  ///< RecordPlace::text()
  std::string client, host, target;
  int score = 0;
  bool malicious = false;  ///< by the rule set that the rule hits in
};

/// One rule or correlation of either set.
struct TrialRule {
  static constexpr size_t kExamplesMax = 3;

  std::string id, title;
  bool is_correlation = false;  ///< its hits are its alerts
  std::array<bool, kTrialSides> is_there{};
  std::array<uint64_t, kTrialSides> hits{};         ///< requests
  std::array<uint64_t, kTrialSides> only{};         ///< of these, those that it does not hit in the other set
  std::array<uint64_t, kTrialSides> only_alerts{};  ///< alerts with it that the other set does not send
  std::array<std::vector<TrialExample>, kTrialSides> examples;  ///< of `only`

  [[nodiscard]] bool differs() const {
    return is_there[0] != is_there[1] || only[0] > 0 || only[1] > 0 || only_alerts[0] > 0 || only_alerts[1] > 0;
  }
};

/// Requests of one client on one route that only the candidate calls malicious, although neither did anything of the kind by the
/// current rules.
struct FalseAlarmCandidate {
  std::string client, route;
  uint64_t requests = 0;
  std::string rules;  ///< titles, of the first
  TrialExample example;
};

/// A rule set beside the one in force, over the same requests. Bounded whatever there is to see; what does not fit is said.
class Trial {
 public:
  static constexpr size_t kPairsMax = 100'000;
  static constexpr size_t kSeenMax = 1'000'000;

  /// They must outlive it.
  Trial(const RuleSet& current, const RuleSet& candidate);

  /// What both say of the same request.
  void take(const RecordVerdict& current, const RecordVerdict& candidate, const RecordPlace& place);
  void take(TrialSide side, const Alert& alert);
  /// When all was taken: compares what needs all of it.
  void finish();

  [[nodiscard]] uint64_t requests() const { return requests_; }
  [[nodiscard]] uint64_t malicious(TrialSide side) const { return malicious_[index_of(side)]; }
  [[nodiscard]] uint64_t only_malicious(TrialSide side) const { return only_malicious_[index_of(side)]; }
  [[nodiscard]] const RuleSet& rule_set(TrialSide side) const { return *sets_[index_of(side)]; }
  /// In the order of their ids.
  [[nodiscard]] const std::vector<TrialRule>& rules() const { return rules_; }
  [[nodiscard]] const AlertMatch& alerts() const { return alerts_; }
  /// By requests that the sets judge differently.
  [[nodiscard]] const TopCounts& clients() const { return clients_; }
  [[nodiscard]] const TopCounts& routes() const { return routes_; }
  /// After finish(): the most frequent first.
  [[nodiscard]] const std::vector<FalseAlarmCandidate>& false_alarms() const { return false_alarms_; }
  [[nodiscard]] uint64_t false_alarm_requests() const { return false_alarm_requests_; }
  /// Nothing was left out of the candidates for false alarms.
  [[nodiscard]] bool is_exact() const { return is_exact_; }
  [[nodiscard]] EventTime from() const { return from_; }
  [[nodiscard]] EventTime until() const { return until_; }
  /// Of the range; at least one, so that a short range makes no rate.
  [[nodiscard]] double days() const;

 private:
  [[nodiscard]] static size_t index_of(TrialSide side) { return static_cast<size_t>(side); }
  void list_rules(TrialSide side, std::map<std::string, size_t>& rows);
  bool count_hits(TrialSide side, const RecordVerdict& verdict, const RecordPlace& place);
  void note_malicious(const RecordVerdict& verdict);
  void note_new(const RecordVerdict& verdict, const RecordPlace& place);

  std::array<const RuleSet*, kTrialSides> sets_;
  std::vector<TrialRule> rules_;
  std::array<std::vector<size_t>, kTrialSides> rows_;        // by rule of the set: its place in rules_
  std::array<std::vector<uint64_t>, kTrialSides> last_hit_;  // by place in rules_: the number of the request
  std::map<std::string, size_t, std::less<>> row_of_id_;
  AlertMatch alerts_;
  uint64_t requests_ = 0;
  std::array<uint64_t, kTrialSides> malicious_{}, only_malicious_{};
  TopCounts clients_{4'096}, routes_{4'096};
  std::unordered_set<uint64_t> seen_clients_, seen_routes_;  // hashes, of what is malicious by the current rules
  std::unordered_map<uint64_t, FalseAlarmCandidate> pairs_;
  std::vector<FalseAlarmCandidate> false_alarms_;
  uint64_t false_alarm_requests_ = 0;
  bool is_exact_ = true;
  EventTime from_ = EventTime::max(), until_ = EventTime::min();
};

}  // namespace weir
