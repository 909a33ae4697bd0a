#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/alerts/alert_selection.h"
#include "app/commands/rules/tune_report.h"
#include "app/scan/judged_requests.h"
#include "app/setup/command_setup.h"
#include "workbench/draft/clue.h"
#include "workbench/draft/clue_choice.h"

namespace weir {

/// What `weir rules tune` is asked for.
struct TuneArguments {
  SetupArguments setup;
  AlertSelection alerts;
  std::vector<std::string> record_files, range_files;  ///< "-" is standard input
  std::string comment;
  int days = 90;
  size_t exclusions_max = 8;
  bool as_json = false;

  [[nodiscard]] bool has_alerts() const { return !alerts.file.empty() || !alerts.ids.empty(); }
};

/// The false alarms: their hits, and how they are known when they are met again.
struct FalseAlarms {
  std::vector<FalseHit> hits;
  std::set<std::pair<uint64_t, uint64_t>> requests;  ///< digests of all that was sent
  std::map<std::string, std::string> paths;          ///< of the alerts' evidence, by the request's id
  std::vector<RecordTexts> texts;                    ///< of the first requests, for a filter
  std::set<std::string> methods, hosts;
  bool hides_host = false;  ///< a secret in one must not get into a filter

  [[nodiscard]] bool holds(const Event& event) const;
};

/// Gathers false alarms, proposes what ends them, and tries the proposals. One thread; blocks on files and brokers.
class Tuning {
 public:
  Tuning(const TuneArguments& arguments, const CommandSetup& setup) : arguments_(arguments), setup_(setup) {}

  Status gather();
  /// False when there is nothing to propose; the notes say why.
  bool propose();
  /// Says in findings() what the proposals would do, and which one is chosen. Where none is, a filter is tried, too.
  Status try_all();

  /// Whether there are alerts whose requests nobody has seen.
  [[nodiscard]] bool has_unproven_alerts() const;
  [[nodiscard]] TuneFindings& findings() { return findings_; }

 private:
  Status gather_alerts();
  void gather_record(RecordJudge& judge, JudgedRecord& record, const RecordPlace& place);
  bool add_proposal(ExclusionWidth width, EventTime expires);
  void put_many_exclusions_behind();
  Status try_on_requests(ExclusionTrial& trial);
  Status try_range(ExclusionTrial& trial);
  Status try_filter(const std::vector<Rule>& rules, const std::set<std::string>& ids);
  Result<std::vector<Clue>> clues_of_filter(const std::vector<Rule>& rules, const std::set<std::string>& ids);
  Status count_attacks(const std::vector<Rule>& rules, const std::set<std::string>& ids, Matcher& clues,
                       NeighbourCounts& counts);
  Status read_files(const std::vector<std::string>& files, JudgedRequests::Take take);
  [[nodiscard]] bool range_can_be_read_twice() const;
  [[nodiscard]] Judgement in_force() const { return {setup_.rules, setup_.config.policy}; }

  const TuneArguments& arguments_;
  const CommandSetup& setup_;
  FalseAlarms alarms_;
  TuneFindings findings_;
  std::set<std::string> told_;  // files whose form was named
};

}  // namespace weir
