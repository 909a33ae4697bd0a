#include "workbench/tune/exclusion_trial.h"

#include <algorithm>
#include <numeric>

#include "workbench/flat_profile.h"

namespace weir {
namespace {

constexpr size_t kTargetBytesMax = 120, kLineBytesMax = 160;

const Hit* hit_of(const Detection& detection, const RuleSet& rules, const std::string& id) {
  const auto is_it = [&](const Hit& hit) { return rules.rules()[hit.rule].id == id; };
  const auto found = std::find_if(detection.hits.begin(), detection.hits.end(), is_it);
  return found == detection.hits.end() ? nullptr : &*found;
}

/// Matches the record at the rule's own level, whatever its route says.
void match_at(RecordJudge& judge, SecurityLevel level, JudgedRecord& record) {
  judge.prepare(record);
  record.policy.matching.level = level;
  record.policy.matching.line_levels = {};
  judge.match({&record, 1});
}

}  // namespace

uint64_t ExclusionEffect::hidden_hits() const {
  return std::accumulate(hidden.begin(), hidden.end(), uint64_t{0},
                         [](uint64_t sum, const Hidden& one) { return sum + one.hits; });
}

std::string sample_of(const JudgedRecord& record, const Masker& masker, const Hit* hit) {
  const Event& event = record.event;
  std::string target = std::string(event.host) + std::string(event.path);
  if (!event.query.empty()) target += "?" + std::string(event.query);
  std::string text = std::string(event.method) + " " + masker.text(target, kTargetBytesMax);
  if (hit == nullptr || hit->line == Hit::kNoLine) return text;
  const Line& line = record.decoded.lines[hit->line];
  return text + ": " + std::string(to_string(line.place)) + " " + masker.line(record.decoded, line, kLineBytesMax);
}

ExclusionTrial::ExclusionTrial(Judgement in_force, std::vector<RecordJudge> judges)
    : in_force_(std::move(in_force)), judges_(std::move(judges)), effects_(judges_.size()) {
  if (in_force_.policy) own_exclusions_ = in_force_.policy->spec().exclusions.size();
  for (size_t i = 0; i < judges_.size(); ++i)
    effects_[i].hidden.resize(is_filter(judges_[i]) ? 1
                                                    : judges_[i].policy()->spec().exclusions.size() - own_exclusions_);
}

Result<ExclusionTrial> ExclusionTrial::create(const JudgeOptions& options, const Judgement& in_force,
                                              const std::vector<Judgement>& proposals) {
  std::vector<RecordJudge> judges;
  for (const Judgement& proposal : proposals) {
    auto judge = RecordJudge::create(options, proposal);
    if (!judge) return tl::unexpected<Error>(judge.error());
    judges.push_back(std::move(*judge));
  }
  return ExclusionTrial(in_force, std::move(judges));
}

void ExclusionTrial::judge_again(RecordJudge& judge, JudgedRecord& record) {
  judge.prepare(record);
  judge.match({&record, 1});
  judge.judge(record);
}

void ExclusionTrial::take_false_alarm(JudgedRecord& record, const std::string& place) {
  for (size_t i = 0; i < judges_.size(); ++i) {
    judge_again(judges_[i], record);
    if (record.detection.malicious)
      effects_[i].alarms_left.add(place + ": " + sample_of(record, judges_[i].masker(), nullptr));
  }
}

void ExclusionTrial::take(JudgedRecord& record, bool is_malicious, const std::string& place) {
  const std::vector<Hit> before = record.detection.hits;
  for (size_t i = 0; i < judges_.size(); ++i) {
    judge_again(judges_[i], record);
    if (is_filter(judges_[i]))
      count_filtered(judges_[i], record, before, place, effects_[i]);
    else
      count_excluded(judges_[i], record, place, effects_[i]);
    if (is_malicious && !record.detection.malicious)
      effects_[i].attacks_lost.add(place + ": " + sample_of(record, judges_[i].masker(), nullptr));
  }
}

void ExclusionTrial::count_excluded(const RecordJudge& judge, const JudgedRecord& record, const std::string& place,
                                    ExclusionEffect& effect) const {
  for (size_t i = 0; i < effect.hidden.size() && !record.detection.excluded.empty(); ++i) {
    std::string titles;
    const Hit* first = nullptr;
    for (const ExcludedHit& excluded : record.detection.excluded) {
      if (record.policy.exclusion_of(excluded) != own_exclusions_ + i) continue;
      ++effect.hidden[i].hits;
      titles += (titles.empty() ? "" : "; ") + judge.rules().rules()[excluded.hit.rule].title;
      if (first == nullptr) first = &excluded.hit;
    }
    if (first != nullptr)
      effect.hidden[i].requests.add(place + ": " + sample_of(record, judge.masker(), first) + " (" + titles + ")");
  }
}

/// A filter leaves no trace in the detection; the rules are the same ones in the same order.
void ExclusionTrial::count_filtered(const RecordJudge& judge, const JudgedRecord& record,
                                    const std::vector<Hit>& before, const std::string& place,
                                    ExclusionEffect& effect) const {
  for (const Hit& hit : before) {
    const RuleInfo& rule = judge.rules().rules()[hit.rule];
    if (hit_of(record.detection, judge.rules(), rule.id) != nullptr) continue;
    ++effect.hidden.front().hits;
    effect.hidden.front().requests.add(place + ": " + sample_of(record, judge.masker(), &hit) + " (" + rule.title +
                                       ")");
  }
}

Status ExclusionTrial::try_examples(const std::vector<Rule>& rules, const std::set<std::string>& ids) {
  auto now = RecordJudge::create(flat_profile(), in_force_);
  if (!now) return tl::unexpected<Error>(now.error());
  JudgedRecord record;
  Arena arena;
  for (const Rule& rule : rules) {
    if (!ids.contains(rule.id)) continue;
    for (const RuleExample& example : rule.positive_examples) {
      arena.clear();
      if (!now->parse(example.record_json, record).ok()) continue;
      now->decode(record);
      now->identify(EventTime::max(), arena, record);
      match_at(*now, rule.security_level, record);
      if (hit_of(record.detection, now->rules(), rule.id) != nullptr) try_example(rule, example, record);
    }
  }
  return {};
}

void ExclusionTrial::try_example(const Rule& rule, const RuleExample& example, JudgedRecord& record) {
  for (size_t i = 0; i < judges_.size(); ++i) {
    ++effects_[i].examples;
    match_at(judges_[i], rule.security_level, record);
    if (hit_of(record.detection, judges_[i].rules(), rule.id) != nullptr) continue;
    const auto& excluded = record.detection.excluded;
    const auto found = std::find_if(excluded.begin(), excluded.end(), [&](const ExcludedHit& hit) {
      return judges_[i].rules().rules()[hit.hit.rule].id == rule.id;
    });
    const uint32_t exclusion = found == excluded.end() ? 0 : record.policy.exclusion_of(*found);
    effects_[i].examples_lost.push_back(
        {rule.id, rule.title, rule.file, example.line,
         exclusion >= own_exclusions_ ? exclusion - static_cast<uint32_t>(own_exclusions_) : 0});
  }
}

}  // namespace weir
