#include "app/verdicts/scorecard.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "app/terminal/terminal.h"

namespace weir {
namespace {

constexpr double kTuneShare = 0.3;
constexpr double kRetireShare = 0.9;

/// In the order of the table: what needs a person comes first.
int urgency(Advice advice) {
  switch (advice) {
    case Advice::kRetire:
      return 0;
    case Advice::kTune:
      return 1;
    case Advice::kJudge:
      return 2;
    case Advice::kKeep:
      return 3;
    case Advice::kQuiet:
      return 4;
  }
  return 5;
}

std::string percent(double value, int digits) {
  if (value < 0) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %%", digits, value);
  return text;
}

}  // namespace

double RuleScore::false_share() const {
  return verdicts() == 0 ? -1.0 : static_cast<double>(is_false) / static_cast<double>(verdicts());
}

Advice RuleScore::advice() const {
  if (verdicts() >= kRetireMin && false_share() >= kRetireShare) return Advice::kRetire;
  if (is_false >= kTuneMin && false_share() >= kTuneShare) return Advice::kTune;
  if (episodes == 0) return Advice::kQuiet;
  return verdicts() == 0 ? Advice::kJudge : Advice::kKeep;
}

RuleScore& Scorecard::score_of(const std::string& id, const std::string& title) {
  RuleScore& score = scores_[id];
  score.id = id;
  if (score.title.empty()) score.title = title;
  return score;
}

void Scorecard::expect(std::string id, std::string title, std::vector<std::string> techniques) {
  RuleScore& score = score_of(id, title);
  score.is_loaded = true;
  score.techniques = std::move(techniques);
}

void Scorecard::set_cost(const std::string& id, double percent) {
  if (const auto found = scores_.find(id); found != scores_.end()) found->second.cost_percent = percent;
}

void Scorecard::take(const AlertView& alert) {
  const std::string episode = alert.episode();
  if (episode.empty()) return;
  if (episodes_.size() >= kEpisodesMax && !episodes_.contains(episode)) {
    ++left_out_;
    return;
  }
  auto& causes = episodes_[episode];
  for (const AlertCause& cause : causes_of(alert)) {
    score_of(cause.id, cause.title);
    causes.insert(cause.id);
  }
}

void Scorecard::take(const VerdictBook& verdicts) {
  for (const auto& [id, of] : by_cause(verdicts)) {
    RuleScore& score = score_of(id, of.title);
    score.is_false += of.is_false;
    score.is_true += of.is_true;
  }
  judged_ += verdicts.all().size();
}

std::vector<RuleScore> Scorecard::scores() const {
  auto counted = scores_;
  for (const auto& [episode, causes] : episodes_) {
    for (const std::string& id : causes) {
      ++counted[id].episodes;
      counted[id].alone += causes.size() == 1;
    }
  }
  std::vector<RuleScore> sorted;
  for (auto& [id, score] : counted)
    sorted.push_back(std::move(score));
  std::stable_sort(sorted.begin(), sorted.end(), [](const RuleScore& a, const RuleScore& b) {
    return std::tuple(urgency(a.advice()), b.is_false, b.episodes) <
           std::tuple(urgency(b.advice()), a.is_false, a.episodes);
  });
  return sorted;
}

std::string scorecard_table(const Scorecard& card, size_t rules_max) {
  std::string table = "advice   episodes   alone   false    true   false share      cost  rule\n";
  const auto scores = card.scores();
  size_t shown = 0, quiet = 0;
  for (const RuleScore& score : scores) {
    const bool is_quiet = score.advice() == Advice::kQuiet;
    quiet += is_quiet;
    if (rules_max != 0 && (is_quiet || shown == rules_max)) continue;
    ++shown;
    char line[128];
    std::snprintf(line, sizeof line, "%-7s  %8llu  %6llu  %6llu  %6llu  %12s  %8s  ",
                  std::string(to_string(score.advice())).c_str(), static_cast<unsigned long long>(score.episodes),
                  static_cast<unsigned long long>(score.alone), static_cast<unsigned long long>(score.is_false),
                  static_cast<unsigned long long>(score.is_true),
                  percent(score.false_share() < 0 ? -1 : score.false_share() * 100, 0).c_str(),
                  percent(score.cost_percent, 2).c_str());
    table += line + printable(score.title) + "  " + printable(score.id) + "\n";
  }
  table += std::to_string(card.episodes()) + " episodes, " + std::to_string(card.judged()) + " with a verdict; " +
           std::to_string(quiet) + " rules were quiet";
  table += scores.size() - quiet > shown && rules_max != 0
               ? ", " + std::to_string(scores.size() - quiet - shown) + " more: --all shows them\n"
               : "\n";
  return table;
}

std::string scorecard_json(const Scorecard& card) {
  using Json = nlohmann::ordered_json;
  Json rules = Json::array();
  for (const RuleScore& score : card.scores()) {
    Json rule{
        {"rule_id", score.id},       {"title", score.title},       {"advice", std::string(to_string(score.advice()))},
        {"loaded", score.is_loaded}, {"episodes", score.episodes}, {"alone", score.alone},
        {"false", score.is_false},   {"true", score.is_true},      {"techniques", score.techniques}};
    if (score.verdicts() > 0) rule["false_share"] = score.false_share();
    if (score.cost_percent >= 0) rule["cost_percent"] = score.cost_percent;
    rules.push_back(std::move(rule));
  }
  return Json{{"episodes", card.episodes()}, {"judged", card.judged()}, {"rules", std::move(rules)}}.dump(
             2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace weir
