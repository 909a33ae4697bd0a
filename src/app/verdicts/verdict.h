#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/alerts/alert_view.h"
#include "base/enum_names.h"
#include "base/result.h"
#include "base/time.h"

namespace weir {

/// What a person found an alert to be.
enum class MarkedAs : uint8_t { kFalse, kTrue };
template <>
inline constexpr auto kNamesOf<MarkedAs> = std::to_array<std::string_view>({"false", "true"});

/// What made an alert: a rule, or of an alert without any (abuse, bursts) the reason, whose id is its name.
struct AlertCause {
  std::string id, title;
};

/// The causes of an alert, each once: the rules with a weight whose hits it shows, its correlation, or its reasons.
std::vector<AlertCause> causes_of(const AlertView& alert);

/// A person's word on an episode: all its alerts are of one incident, so the last word on any of them counts.
struct Verdict {
  std::string episode, alert;  ///< ids; `alert` is the one that was looked at
  MarkedAs as = MarkedAs::kFalse;
  std::string note, by;
  EventTime time{};
  std::string kind, title;  ///< of the alert
  std::vector<AlertCause> causes;
};

/// As it stands in the topic, under the episode's id as its key.
std::string to_json(const Verdict& verdict);
/// Fails with kParse and what is wrong.
Result<Verdict> parse_verdict(std::string_view json);

/// The verdicts in force: the last of each episode. One thread.
class VerdictBook {
 public:
  static constexpr size_t kEpisodesMax = 200'000;  ///< beyond them new episodes are left out, and counted

  /// A record of the topic; without a value the episode is undecided again.
  void take(const std::string& episode, std::string_view json);

  [[nodiscard]] const std::map<std::string, Verdict, std::less<>>& all() const { return verdicts_; }
  [[nodiscard]] const Verdict* find(std::string_view episode) const;
  [[nodiscard]] uint64_t unreadable() const { return unreadable_; }
  [[nodiscard]] uint64_t left_out() const { return left_out_; }

 private:
  std::map<std::string, Verdict, std::less<>> verdicts_;
  uint64_t unreadable_ = 0, left_out_ = 0;
};

/// How many verdicts each cause has.
struct CauseVerdicts {
  std::string title;
  uint64_t is_false = 0, is_true = 0;
};
std::map<std::string, CauseVerdicts> by_cause(const VerdictBook& book);

}  // namespace weir
