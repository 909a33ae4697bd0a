#include "workbench/tune/false_alarm.h"

#include <algorithm>
#include <string>

namespace weir {
namespace {

/// Each takes one rule away from one place, so it ends by itself; this is against surprises.
constexpr size_t kHitsMax = 256;

const Hit* heaviest(const Detection& detection, const RuleSet& rules) {
  const auto weight = [&](const Hit& hit) { return rules.rules()[hit.rule].weight; };
  const auto found = std::max_element(detection.hits.begin(), detection.hits.end(),
                                      [&](const Hit& a, const Hit& b) { return weight(a) < weight(b); });
  return found == detection.hits.end() || weight(*found) <= 0 ? nullptr : &*found;
}

FalseHit describe(const RecordJudge& judge, const JudgedRecord& record, const Hit& hit) {
  FalseHit described;
  described.rule = judge.rules().rules()[hit.rule].id;
  described.method = record.event.method;
  described.host = judge.masker().text(record.event.host);
  described.path = judge.masker().text(record.event.path);  // both become a route, which people read
  described.client = record.client.text;
  if (hit.line == Hit::kNoLine) return described;
  const Line& line = record.decoded.lines[hit.line];
  described.places = exclusion_places_of(line.place);
  const std::string_view name = record.decoded.name_of(line);
  if (described.places != 0 && !judge.masker().hides_part_of(name)) described.parameter = name;
  return described;
}

/// The lines that the exclusion of a hit takes away from the rule.
void exclude(const DecodedRecord& decoded, const Hit& hit, const FalseHit& described, std::vector<RuleExclusion>& out) {
  if (described.places == 0) {
    out.push_back({hit.rule, RuleExclusion::kWholeRecord});
    return;
  }
  for (uint32_t i = 0; i < decoded.lines.size(); ++i) {
    const Line& line = decoded.lines[i];
    const bool is_named = described.parameter.empty() || decoded.name_of(line) == described.parameter;
    if (is_named && (mask_of(line.place) & described.places) != 0) out.push_back({hit.rule, i});
  }
}

}  // namespace

FalseAlarm find_false_hits(RecordJudge& judge, JudgedRecord& record) {
  FalseAlarm alarm;
  const int by_rules = record.detection.score;
  judge.judge(record);
  alarm.is_malicious = record.detection.malicious;
  if (!alarm.is_malicious) return alarm;
  const int by_policy = record.detection.score - by_rules;
  const int threshold = judge.rules().options().threshold;
  judge.prepare(record);
  judge.match({&record, 1});
  std::vector<RuleExclusion> excluded = record.policy.rule_exclusions;
  while (record.detection.score + by_policy >= threshold && alarm.hits.size() < kHitsMax) {
    const Hit* hit = heaviest(record.detection, judge.rules());
    if (hit == nullptr) return alarm;
    alarm.hits.push_back(describe(judge, record, *hit));
    exclude(record.decoded, *hit, alarm.hits.back(), excluded);
    record.policy.matching.exclusions = excluded;
    judge.match({&record, 1});
  }
  record.policy.matching.exclusions = record.policy.rule_exclusions;
  alarm.is_ended = record.detection.score + by_policy < threshold;
  return alarm;
}

}  // namespace weir
