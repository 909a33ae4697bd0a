#include "evidence/evidence_builder.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <utility>

#include "base/utf8.h"
#include "evidence/masking.h"
#include "evidence/request_facts.h"

namespace weir {
namespace {

constexpr size_t kContextBytes = 32;  // shown on each side of a match
constexpr size_t kParameterBytesMax = 64;
constexpr size_t kMethodBytesMax = 32;
constexpr int kPolicySpecificity = 10;  // a policy says what is wrong with a request, not what it is after

/// The match with some of its surroundings, inside its line, without splitting a character.
std::string_view excerpt_around(std::string_view line, size_t match_begin, size_t match_end) {
  const size_t begin = utf8_character_begin(line, match_begin > kContextBytes ? match_begin - kContextBytes : 0);
  const size_t end = std::max(match_end, utf8_character_begin(line, std::min(line.size(), match_end + kContextBytes)));
  return cut_utf8(line.substr(begin, end - begin), EvidenceHit::kExcerptBytesMax);
}

}  // namespace

/// The value of a violation, masked. It is shown as decoded, because an encoded secret is not recognised as one; where there
/// is no decoded line of it, what is encoded is masked as a whole. Cookies always are, bodies are not shown.
std::string_view EvidenceBuilder::excerpt_of(const Violation& violation, const DecodedRecord& record,
                                             Arena& arena) const {
  if (violation.place == Place::kBody) return {};
  std::string_view value = violation.value;
  bool decoded = false;
  if (!violation.parameter.empty()) {
    for (const Line& line : record.lines) {
      if (line.place != violation.place || record.name_of(line) != violation.parameter) continue;
      value = record.value_of(line);
      decoded = true;
      break;
    }
  }
  const bool is_secret = violation.place == Place::kCookie ||
                         (!decoded && value.find('%') != std::string_view::npos && !violation.parameter.empty());
  if (is_secret) return arena.copy(mask_secret(value));
  if (is_secret_name(violation.parameter)) return arena.copy(masker_.value(violation.parameter, value));
  return masker_.text(value, arena, EvidenceHit::kExcerptBytesMax);
}

/// As the masker shows it. Most of what an attacker's records hold is the same in each of them, with nothing to hide in it.
std::string_view EvidenceBuilder::masked_text(std::string_view text, Arena& arena, size_t bytes_max) {
  if (text.empty()) return text;
  if (!PlainTexts::eligible(text)) return masker_.text(text, arena, bytes_max);
  const PlainTexts::Key key = plain_texts_.key_of(text, PlainTexts::Kind::kText);
  if (plain_texts_.contains(key)) return cut_utf8(text, bytes_max);
  const auto shown = masker_.text(text, arena);
  if (shown.data() == text.data()) plain_texts_.note(key);
  return cut_utf8(shown, bytes_max);
}

std::string_view EvidenceBuilder::masked_line_text(const DecodedRecord& record, const Line& line, Arena& arena) {
  const auto text = record.line_text(line);
  if (!PlainTexts::eligible(text)) return masker_.line_text(record, line, arena);
  const auto kind =
      has(line.steps, DecodeStep::kSqlComment) ? PlainTexts::Kind::kLineWithComments : PlainTexts::Kind::kText;
  const PlainTexts::Key key = plain_texts_.key_of(text, kind);
  if (plain_texts_.contains(key)) return text;
  const auto shown = masker_.line_text(record, line, arena);
  if (shown.data() == text.data()) plain_texts_.note(key);
  return shown;
}

PackedEvidence EvidenceBuilder::build(const Judged& judged, Arena& arena) {
  const auto masked_field = [&](std::string_view text) { return masked_text(text, arena, Evidence::kFieldBytesMax); };
  evidence_.request_id = masked_field(judged.event.request_id);
  evidence_.method = masked_text(judged.event.method, arena, kMethodBytesMax);
  evidence_.host = masked_field(judged.event.host);
  evidence_.path = masked_field(judged.event.path);
  evidence_.user_agent = masked_field(judged.event.user_agent);
  evidence_.scheme = masked_text(judged.event.scheme, arena, kMethodBytesMax);
  evidence_.query = masked_field(judged.event.query);
  evidence_.referer = masked_field(judged.event.referer);
  evidence_.rule_set = judged.rules.fingerprint();
  evidence_.score = judged.detection.score;
  evidence_.evasions = judged.record.evasions;
  const size_t findings = judged.detection.hits.size() + judged.violations.size();
  evidence_.hits_total = static_cast<uint16_t>(std::min<size_t>(findings, 0xffff));

  order_findings(judged);
  masked_line_.line = Hit::kNoLine;
  evidence_.hits.clear();
  for (const Finding& finding : findings_) {
    evidence_.hits.push_back(finding.is_violation
                                 ? describe(judged.violations[finding.index], finding.weight, judged, arena)
                                 : describe(judged.detection.hits[finding.index], judged, arena));
  }

  evidence_.remediation = {};
  if (!findings_.empty() && !findings_.front().is_violation)
    evidence_.remediation = judged.rules.rules()[judged.detection.hits[findings_.front().index].rule].remediation;

  evidence_.facts = facts_of_response(judged.event, scratch_);
  std::string_view asked;  // hits in one short line share their excerpt
  for (const EvidenceHitView& hit : evidence_.hits) {
    if (hit.excerpt.data() == asked.data() && hit.excerpt.size() == asked.size()) continue;
    asked = hit.excerpt;
    evidence_.facts.delay_ms = std::max(evidence_.facts.delay_ms, delay_asked_for(asked));
  }

  bytes_.clear();
  pack_evidence(evidence_, bytes_);
  PackedEvidence packed{arena.copy(bytes_)};
  for (const EvidenceHitView& hit : evidence_.hits)
    packed.add_hit(hit.weight, hit.level, hit.category, hit.rule_id);
  return packed;
}

/// The most severe and specific, as many as are shown: the first names the alert. Rules without weight, which only mark, come last.
void EvidenceBuilder::order_findings(const Judged& judged) {
  findings_.clear();
  for (uint32_t i = 0; i < judged.detection.hits.size(); ++i)
    findings_.push_back(finding_of(judged.rules.rules()[judged.detection.hits[i].rule], i));
  std::array<bool, kPolicyRules> counted{};
  for (uint32_t i = 0; i < judged.violations.size(); ++i) {
    const PolicyRule rule = judged.violations[i].rule;
    // A rule counts once towards the score, whatever the number of parameters.
    const bool first = !std::exchange(counted[static_cast<size_t>(rule)], true);
    const Level level = std::max(info_of(rule).level, judged.violation_level);
    findings_.push_back({first ? judged.policy->weight_of(rule) : 0, level, kPolicySpecificity, i, true});
  }
  // Equal ones in the order found, hits before violations.
  std::sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
    const auto key = [](const Finding& finding) {
      return std::tuple(finding.weight <= 0, -static_cast<int>(finding.level), -finding.specificity, -finding.weight,
                        finding.is_violation, finding.index);
    };
    return key(a) < key(b);
  });
  if (findings_.size() > Evidence::kHitsMax) findings_.resize(Evidence::kHitsMax);
}

const EvidenceBuilder::MaskedLine& EvidenceBuilder::masked(uint32_t line, const DecodedRecord& record, Arena& arena) {
  if (masked_line_.line == line) return masked_line_;
  const auto name = record.name_of(record.lines[line]);
  masked_line_ = {line, is_secret_name(name), masked_text(name, arena, kParameterBytesMax), {}};
  if (!masked_line_.is_secret) masked_line_.text = masked_line_text(record, record.lines[line], arena);
  return masked_line_;
}

EvidenceHitView EvidenceBuilder::describe(const Hit& hit, const Judged& judged, Arena& arena) {
  const RuleInfo& rule = judged.rules.rules()[hit.rule];
  EvidenceHitView out;
  out.rule_id = rule.id;
  out.title = rule.title;
  out.category = rule.category;
  out.level = rule.level;
  out.weight = rule.weight;
  out.specificity = rule.specificity;
  if (hit.line == Hit::kNoLine) return out;
  const Line& line = judged.record.lines[hit.line];
  const MaskedLine& shown = masked(hit.line, judged.record, arena);
  out.place = line.place;
  out.parameter = shown.name;
  out.steps = line.steps;
  if (shown.is_secret) {
    out.excerpt = arena.copy(masker_.value(judged.record.name_of(line), judged.record.value_of(line)));
    return out;
  }
  const auto text = judged.record.line_text(line);
  // A cut may hide what a secret is recognised by, so the whole line decides: if masking changes it anywhere, the masked
  // line is shown from its start instead of the surroundings of the match.
  // One parameter is one thing; a referer or a body may hold others, which are nobody's business.
  const bool is_short_parameter =
      (mask_of(line.place) & kParameterPlaces) != 0 && text.size() <= EvidenceHit::kExcerptBytesMax;
  const bool is_changed = shown.text.data() != text.data();
  // Behind what masking looks at nothing is shown.
  const bool is_known =
      hit.match_end - line.begin + kContextBytes <= shown.text.size() || shown.text.size() == text.size();
  const bool whole = is_short_parameter || is_changed || !is_known;
  out.excerpt = whole ? cut_utf8(shown.text, EvidenceHit::kExcerptBytesMax)
                      : excerpt_around(text, hit.match_begin - line.begin, hit.match_end - line.begin);
  return out;
}

EvidenceHitView EvidenceBuilder::describe(const Violation& violation, int weight, const Judged& judged,
                                          Arena& arena) const {
  const PolicyRuleInfo& rule = info_of(violation.rule);
  EvidenceHitView out;
  out.rule_id = rule.id;
  out.title = arena.copy(std::string(rule.title) + " (" + std::string(violation.fault) + ")");
  out.level = std::max(rule.level, judged.violation_level);
  out.weight = weight;
  out.specificity = kPolicySpecificity;
  out.place = violation.place;
  out.parameter = masker_.text(violation.parameter, arena, kParameterBytesMax);
  out.excerpt = excerpt_of(violation, judged.record, arena);
  return out;
}

}  // namespace weir
