#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/alerts/alert_view.h"
#include "app/verdicts/verdict.h"
#include "base/enum_names.h"

namespace weir {

/// What the figures of a rule suggest; a person decides.
enum class Advice : uint8_t {
  kKeep,
  kTune,    ///< false alarms among true ones: an exclusion or a narrower pattern
  kRetire,  ///< hardly anything but false alarms
  kJudge,   ///< alerts without a single verdict
  kQuiet,   ///< no alert in this time, which for a rule against rare attacks is as it should be
};
template <>
inline constexpr auto kNamesOf<Advice> = std::to_array<std::string_view>({"keep", "tune", "retire", "judge", "quiet"});

/// The figures of one rule, or of one reason of abuse and bursts.
struct RuleScore {
  static constexpr uint64_t kTuneMin = 3;     ///< false alarms, of at least 30 % of the verdicts: tune
  static constexpr uint64_t kRetireMin = 10;  ///< verdicts, of which 90 % are false: retire

  std::string id, title;
  bool is_loaded = false;  ///< among the rules that were asked for; else only alerts name it
  uint64_t episodes = 0;   ///< that it took part in
  uint64_t alone = 0;      ///< of these, without another rule: what would go away without it
  uint64_t is_false = 0, is_true = 0;
  double cost_percent = -1;  ///< of the scan time; negative: not measured
  std::vector<std::string> techniques;

  [[nodiscard]] uint64_t verdicts() const { return is_false + is_true; }
  /// Of the verdicts; negative when there are none.
  [[nodiscard]] double false_share() const;
  [[nodiscard]] Advice advice() const;
};

/// Alerts and verdicts, added up by what caused them. One thread.
class Scorecard {
 public:
  static constexpr size_t kEpisodesMax = 1'000'000;  ///< beyond them new episodes are left out, and counted

  /// A rule of which one wants to know, whether or not it alerts.
  void expect(std::string id, std::string title, std::vector<std::string> techniques);
  void set_cost(const std::string& id, double percent);
  void take(const AlertView& alert);
  void take(const VerdictBook& verdicts);

  /// The worst first: by advice (retire, tune, judge, keep, quiet), then by false alarms and episodes.
  [[nodiscard]] std::vector<RuleScore> scores() const;
  [[nodiscard]] uint64_t episodes() const { return episodes_.size(); }
  [[nodiscard]] uint64_t judged() const { return judged_; }
  [[nodiscard]] uint64_t left_out() const { return left_out_; }

 private:
  RuleScore& score_of(const std::string& id, const std::string& title);

  std::map<std::string, RuleScore> scores_;
  std::unordered_map<std::string, std::set<std::string>> episodes_;  // with their causes
  uint64_t judged_ = 0, left_out_ = 0;
};

/// A table for people; `rules_max` 0: all.
std::string scorecard_table(const Scorecard& card, size_t rules_max);
std::string scorecard_json(const Scorecard& card);

}  // namespace weir
