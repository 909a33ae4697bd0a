#include "app/trial/trial_report.h"

#include <algorithm>
#include <cstdio>

namespace weir {
namespace {

constexpr size_t kTrialRowsMax = 10;
constexpr size_t kRulesMax = 40;

std::string number(uint64_t value) {
  return with_separators(value);
}

std::string signed_number(int64_t value) {
  return value > 0   ? "+" + number(static_cast<uint64_t>(value))
         : value < 0 ? "-" + number(static_cast<uint64_t>(-value))
                     : "0";
}

std::string right(const std::string& text, size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

/// Builds the report line by line.
class Table {
 public:
  Table(const Trial& trial, const TrialFigures& figures, const Palette& palette, size_t width)
      : trial_(trial), figures_(figures), palette_(palette), width_(std::max<size_t>(width, 60)) {}

  std::string render() {
    headline();
    sides();
    rules();
    episodes("New alerts", TrialSide::kCandidate);
    episodes("Alerts that go away", TrialSide::kCurrent);
    ranking("Clients most touched", trial_.clients());
    ranking("Routes most touched", trial_.routes());
    false_alarms();
    limits();
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += text + "\n"; }
  void heading(const std::string& title, const std::string& rest = "") {
    line("");
    line(palette_.bold(title) + (rest.empty() ? "" : palette_.dim("  " + rest)));
  }
  /// Safe to print, and no longer than the line after so many characters.
  [[nodiscard]] std::string cut(const std::string& text, size_t used) const {
    const std::string safe = printable(text);
    const size_t room = width_ > used + 8 ? width_ - used : 8;
    if (safe.size() <= room) return safe;
    size_t end = room - 1;
    while (end > 0 && (static_cast<unsigned char>(safe[end]) & 0xc0) == 0x80)
      --end;
    return safe.substr(0, end) + "…";
  }

  void headline() {
    std::string text = number(trial_.requests()) + (trial_.requests() == 1 ? " request" : " requests");
    if (trial_.requests() > 0)
      text += " from " + format_rfc3339(trial_.from()).substr(0, 16) + " to " +
              format_rfc3339(trial_.until()).substr(0, 16);
    line(text + ", judged by both");
    if (figures_.rejected > 0)
      line(palette_.yellow(number(figures_.rejected) + " records could not be read by either"));
  }

  void row(const char* name, uint64_t current, uint64_t candidate) {
    char head[32];
    std::snprintf(head, sizeof head, "  %-20s", name);
    const auto difference = static_cast<int64_t>(candidate) - static_cast<int64_t>(current);
    const std::string shown = right(signed_number(difference), 12);
    line(head + right(number(current), 12) + right(number(candidate), 12) +
         (difference == 0 ? palette_.dim(shown) : palette_.yellow(shown)));
  }

  void sides() {
    heading("  " + std::string(20, ' ') + right("current", 12) + right("candidate", 12) + right("difference", 12));
    const AlertMatch& alerts = trial_.alerts();
    const auto both = [&](const char* name, auto value) {
      row(name, value(TrialSide::kCurrent), value(TrialSide::kCandidate));
    };
    both("rules", [&](TrialSide side) {
      return uint64_t{trial_.rule_set(side).rules().size() + trial_.rule_set(side).correlations().size()};
    });
    both("malicious requests", [&](TrialSide side) { return trial_.malicious(side); });
    both("alerts", [&](TrialSide side) { return alerts.opened(side); });
    both("messages", [&](TrialSide side) { return alerts.published(side); });
    both("ns to match", [&](TrialSide side) {
      return static_cast<uint64_t>(figures_.cost[static_cast<size_t>(side)].match_ns + 0.5);
    });
    char rate[64];
    std::snprintf(rate, sizeof rate, "%.1f", static_cast<double>(alerts.only(TrialSide::kCandidate)) / trial_.days());
    line("  " + number(alerts.only(TrialSide::kCandidate)) + " alerts are new (" + rate + " a day), " +
         number(alerts.only(TrialSide::kCurrent)) + " go away, " + number(alerts.changed()) + " change");
  }

  void examples(const TrialRule& rule, TrialSide side, const char* sign) {
    for (const TrialExample& example : rule.examples[static_cast<size_t>(side)]) {
      const std::string head = std::string("      ") + sign + " ";
      line(head + cut(example.host + example.target, head.size()));
      line(palette_.dim("        " +
                        cut(example.place + "  " + example.client + "  score " + std::to_string(example.score), 8)));
    }
  }

  void rules() {
    std::vector<const TrialRule*> rows;
    for (const TrialRule& rule : trial_.rules())
      if (rule.differs()) rows.push_back(&rule);
    const auto weight = [](const TrialRule& rule) {
      return rule.only[0] + rule.only[1] + rule.only_alerts[0] + rule.only_alerts[1];
    };
    std::stable_sort(rows.begin(), rows.end(),
                     [&](const TrialRule* a, const TrialRule* b) { return weight(*a) > weight(*b); });
    heading("Rules that differ", rows.empty() ? "none" : "");
    for (size_t i = 0; i < rows.size() && i < kRulesMax; ++i) {
      const TrialRule& rule = *rows[i];
      const char* state = !rule.is_there[0] ? "added  " : !rule.is_there[1] ? "removed" : "changed";
      line("  " + palette_.yellow(state) + "  " + cut(rule.title, 11));
      line("           " + palette_.dim(rule.id));
      line("           hits " + number(rule.hits[0]) + " -> " + number(rule.hits[1]) + " (" + number(rule.only[1]) +
           " new, " + number(rule.only[0]) + " lost); alerts " + number(rule.only_alerts[1]) + " new, " +
           number(rule.only_alerts[0]) + " lost");
      examples(rule, TrialSide::kCandidate, "+");
      examples(rule, TrialSide::kCurrent, "-");
    }
    if (rows.size() > kRulesMax)
      line(palette_.dim("  and " + number(rows.size() - kRulesMax) + " more (--output json)"));
  }

  void episodes(const char* title, TrialSide side) {
    const uint64_t count = trial_.alerts().only(side);
    if (count == 0) return;
    heading(title, number(count));
    size_t shown = 0;
    for (const TrialEpisode& episode : trial_.alerts().episodes(side)) {
      if (episode.is_matched) continue;
      if (shown++ == kTrialRowsMax) break;
      const std::string head = format_rfc3339(episode.first_seen).substr(0, 19) + "  " +
                               std::string(to_string(episode.kind)) + "  " + std::string(to_string(episode.severity)) +
                               "  ";
      line("  " + head + cut(episode.client + "  " + episode.target, head.size() + 2));
    }
    if (count > kTrialRowsMax) line(palette_.dim("  and " + number(count - kTrialRowsMax) + " more (--output json)"));
  }

  void ranking(const char* title, const TopCounts& counts) {
    const auto rows = counts.top(kTrialRowsMax);
    if (rows.empty()) return;
    heading(title, counts.is_exact() ? "" : "rare ones are not counted exactly");
    for (const auto& entry : rows)
      line(right(number(entry.count), 10) + "  " + cut(entry.key, 12));
  }

  void false_alarms() {
    const auto& found = trial_.false_alarms();
    if (found.empty()) return;
    heading("Candidates for false alarms",
            number(trial_.false_alarm_requests()) +
                " requests on routes and of clients that are quiet by the current rules" +
                (trial_.is_exact() ? "" : "; there may be more"));
    for (size_t i = 0; i < found.size() && i < kTrialRowsMax; ++i) {
      line(right(number(found[i].requests), 10) + "  " +
           cut(found[i].client + "  " + found[i].example.host + found[i].example.target, 12));
      line(palette_.dim("            " + cut(found[i].rules, 12)));
    }
  }

  void limits() {
    const auto passed = passed_limits(trial_, figures_.limits);
    if (passed.empty()) return;
    line("");
    for (const std::string& text : passed)
      line(palette_.red(text));
  }

  const Trial& trial_;
  const TrialFigures& figures_;
  const Palette& palette_;
  size_t width_;
  std::string out_;
};

}  // namespace

std::vector<std::string> passed_limits(const Trial& trial, const TrialLimits& limits) {
  std::vector<std::string> passed;
  const auto check = [&](const std::optional<uint64_t>& limit, double value, const char* what, const char* option) {
    if (!limit || value <= static_cast<double>(*limit)) return;
    char text[160];
    std::snprintf(text, sizeof text, "%.6g %s, more than the %s of %s", value, what, number(*limit).c_str(), option);
    passed.emplace_back(text);
  };
  const AlertMatch& alerts = trial.alerts();
  check(limits.new_alerts_per_day_max, static_cast<double>(alerts.only(TrialSide::kCandidate)) / trial.days(),
        "new alerts a day", "--max-new-alerts-per-day");
  check(limits.lost_alerts_max, static_cast<double>(alerts.only(TrialSide::kCurrent)), "alerts that go away",
        "--max-lost-alerts");
  check(limits.false_alarms_max, static_cast<double>(trial.false_alarm_requests()),
        "requests that are candidates for false alarms", "--max-false-alarms");
  return passed;
}

std::string trial_table(const Trial& trial, const TrialFigures& figures, const Palette& palette, size_t width) {
  return Table(trial, figures, palette, width).render();
}

}  // namespace weir
