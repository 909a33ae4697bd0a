#include "app/trial/trial.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "app/scan/scan_findings.h"

namespace weir {
namespace {

constexpr size_t kTextBytesMax = 512;
constexpr double kDayMs = 86'400'000;

uint64_t hash_of(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

std::string_view path_of(const RecordVerdict& verdict) {
  return verdict.target.substr(0, verdict.target.find('?'));
}

std::string route_of(const RecordVerdict& verdict) {
  return std::string(verdict.host) + std::string(path_of(verdict).substr(0, kTextBytesMax));
}

TrialExample example_of(const RecordVerdict& verdict, const RecordPlace& place) {
  return {place.text(),
          std::string(verdict.client),
          std::string(verdict.host),
          std::string(verdict.target.substr(0, kTextBytesMax)),
          verdict.score,
          verdict.malicious};
}

}  // namespace

Trial::Trial(const RuleSet& current, const RuleSet& candidate) : sets_{&current, &candidate} {
  std::map<std::string, size_t> rows;
  for (const RuleSet* set : sets_) {
    for (const RuleInfo& rule : set->rules())
      rows.emplace(rule.id, 0);
    for (const Correlation& correlation : set->correlations())
      rows.emplace(correlation.id, 0);
  }
  size_t next = 0;
  for (auto& [id, row] : rows)
    row = next++;
  rules_.resize(rows.size());
  list_rules(TrialSide::kCurrent, rows);
  list_rules(TrialSide::kCandidate, rows);
  row_of_id_.insert(rows.begin(), rows.end());
  for (auto& last : last_hit_)
    last.resize(rows.size());
}

void Trial::list_rules(TrialSide side, std::map<std::string, size_t>& rows) {
  const auto list = [&](const std::string& id, const std::string& title) -> TrialRule& {
    TrialRule& row = rules_[rows[id]];
    row.id = id;
    row.title = title;
    row.is_there[index_of(side)] = true;
    return row;
  };
  for (const RuleInfo& rule : rule_set(side).rules()) {
    list(rule.id, rule.title);
    rows_[index_of(side)].push_back(rows[rule.id]);
  }
  for (const Correlation& correlation : rule_set(side).correlations())
    list(correlation.id, correlation.title).is_correlation = true;
}

void Trial::take(const RecordVerdict& current, const RecordVerdict& candidate, const RecordPlace& place) {
  ++requests_;
  from_ = std::min(from_, current.time);
  until_ = std::max(until_, current.time);
  for (const uint32_t rule : current.rules)
    last_hit_[0][rows_[0][rule]] = requests_;
  for (const uint32_t rule : candidate.rules)
    last_hit_[1][rows_[1][rule]] = requests_;
  const bool lost = count_hits(TrialSide::kCurrent, current, place);
  const bool won = count_hits(TrialSide::kCandidate, candidate, place);
  malicious_[0] += current.malicious ? 1 : 0;
  malicious_[1] += candidate.malicious ? 1 : 0;
  if (current.malicious) note_malicious(current);
  if (current.malicious && !candidate.malicious) ++only_malicious_[0];
  if (candidate.malicious && !current.malicious) {
    ++only_malicious_[1];
    note_new(candidate, place);
  }
  if (!lost && !won && current.malicious == candidate.malicious) return;
  const RecordVerdict& telling = won ? candidate : current;
  clients_.add(telling.client, telling.categories, telling.score);
  routes_.add(route_of(telling), telling.categories, telling.score);
}

/// Whether a rule hit that does not in the other set.
bool Trial::count_hits(TrialSide side, const RecordVerdict& verdict, const RecordPlace& place) {
  const size_t here = index_of(side);
  bool any = false;
  for (const uint32_t rule : verdict.rules) {
    TrialRule& row = rules_[rows_[here][rule]];
    ++row.hits[here];
    if (last_hit_[1 - here][rows_[here][rule]] == requests_) continue;
    any = true;
    ++row.only[here];
    if (row.examples[here].size() < TrialRule::kExamplesMax) row.examples[here].push_back(example_of(verdict, place));
  }
  return any;
}

void Trial::note_malicious(const RecordVerdict& verdict) {
  if (seen_clients_.size() >= kSeenMax || seen_routes_.size() >= kSeenMax) {
    is_exact_ = false;
    return;
  }
  seen_clients_.insert(hash_of(verdict.client));
  seen_routes_.insert(hash_of(route_of(verdict)));
}

void Trial::note_new(const RecordVerdict& verdict, const RecordPlace& place) {
  const std::string route = route_of(verdict);
  const uint64_t key = hash_of(std::string(verdict.client) + "\n" + route);
  auto found = pairs_.find(key);
  if (found == pairs_.end()) {
    if (pairs_.size() == kPairsMax) {
      is_exact_ = false;
      return;
    }
    found = pairs_.emplace(key, FalseAlarmCandidate{}).first;
    found->second.client = verdict.client;
    found->second.route = route;
    found->second.rules = shown_titles(verdict, rule_set(TrialSide::kCandidate));
    found->second.example = example_of(verdict, place);
  }
  ++found->second.requests;
}

void Trial::take(TrialSide side, const Alert& alert) {
  alerts_.take(side, alert);
  if (alert.phase != EpisodePhase::kOpened || !alert.correlation) return;
  const auto row = row_of_id_.find(alert.correlation->rule_id);
  if (row != row_of_id_.end()) ++rules_[row->second].hits[index_of(side)];
}

void Trial::finish() {
  alerts_.finish();
  for (const TrialSide side : {TrialSide::kCurrent, TrialSide::kCandidate}) {
    for (const TrialEpisode& episode : alerts_.episodes(side)) {
      if (episode.is_matched) continue;
      for (const std::string& id : episode.rules) {
        const auto row = row_of_id_.find(id);
        if (row != row_of_id_.end()) ++rules_[row->second].only_alerts[index_of(side)];
      }
    }
  }
  for (auto& [key, pair] : pairs_) {
    if (seen_clients_.contains(hash_of(pair.client)) || seen_routes_.contains(hash_of(pair.route))) continue;
    false_alarm_requests_ += pair.requests;
    false_alarms_.push_back(std::move(pair));
  }
  pairs_.clear();
  std::sort(false_alarms_.begin(), false_alarms_.end(), [](const FalseAlarmCandidate& a, const FalseAlarmCandidate& b) {
    return std::tie(b.requests, a.client, a.route) < std::tie(a.requests, b.client, b.route);
  });
}

double Trial::days() const {
  if (from_ > until_) return 1;
  return std::max(1.0, static_cast<double>((until_ - from_).count()) / kDayMs);
}

}  // namespace weir
