#include "pipeline/evidence_builder.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "alert/masking.h"

namespace weir {
namespace {

constexpr size_t kContextBytes = 32;  // shown on each side of a match
constexpr size_t kParameterBytesMax = 64;
constexpr size_t kMaskedBytesMax = 4'096;  // of a value that is looked through for secrets before it is cut

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// Cuts to at most `bytes_max` without splitting a UTF-8 sequence.
std::string_view cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && is_continuation(text[end]))
    --end;
  return text.substr(0, end);
}

/// The match with some of its surroundings, inside its line.
std::string_view excerpt_around(std::string_view line, size_t match_begin, size_t match_end) {
  size_t begin = match_begin > kContextBytes ? match_begin - kContextBytes : 0;
  while (begin > 0 && begin < line.size() && is_continuation(line[begin]))
    --begin;
  const size_t end = std::min(line.size(), match_end + kContextBytes);
  return cut(line.substr(begin, end - begin), EvidenceHit::kExcerptBytesMax);
}

/// The masked text of one line: hits of one request mostly share theirs, and masking is the dear part of evidence.
struct MaskedLine {
  uint32_t line = Hit::kNoLine;
  std::string text;
};

EvidenceHit describe(const Hit& hit, const RuleInfo& rule, const DecodedRecord& record, MaskedLine& masked) {
  EvidenceHit out;
  out.rule_id = rule.id;
  out.title = rule.title;
  out.category = rule.category;
  out.level = rule.level;
  out.weight = rule.weight;
  if (hit.line == Hit::kNoLine) return out;
  const Line& line = record.lines[hit.line];
  const auto name = record.name_of(line);
  out.place = line.place;
  out.parameter = mask_text(cut(name, kParameterBytesMax));
  out.steps = line.steps;
  if (is_secret_name(name)) {
    out.excerpt = mask_secret(record.value_of(line));
    return out;
  }
  const auto text = record.line_text(line);
  const auto around = excerpt_around(text, hit.match_begin - line.begin, hit.match_end - line.begin);
  // A cut may hide what a secret is recognised by, so the whole line decides: if masking changes it anywhere, the masked
  // line is shown from its start instead of the surroundings of the match.
  if (masked.line != hit.line) masked = {hit.line, mask_text(text)};
  out.excerpt = masked.text == text ? around : cut(masked.text, EvidenceHit::kExcerptBytesMax);
  return out;
}

/// The value of a violation, masked. It is shown as decoded, because an encoded secret is not recognised as one; where there
/// is no decoded line of it, what is encoded is masked as a whole. Cookies always are, bodies are not shown.
std::string excerpt_of(const Violation& violation, const DecodedRecord& record) {
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
  const bool is_secret = is_secret_name(violation.parameter) || violation.place == Place::kCookie ||
                         (!decoded && value.find('%') != std::string_view::npos && !violation.parameter.empty());
  if (is_secret) return mask_secret(value);
  return std::string(cut(mask_text(cut(value, kMaskedBytesMax)), EvidenceHit::kExcerptBytesMax));
}

}  // namespace

std::unique_ptr<Evidence> build_evidence(const Event& event, const DecodedRecord& record, const Detection& detection,
                                         const RuleSet& rules) {
  auto evidence = std::make_unique<Evidence>();
  const auto masked = [](std::string_view text) { return mask_text(cut(text, Evidence::kFieldBytesMax)); };
  evidence->request_id = masked(event.request_id);
  evidence->method = cut(event.method, 32);
  evidence->host = masked(event.host);
  evidence->path = masked(event.path);
  evidence->user_agent = masked(event.user_agent);
  evidence->rule_set = rules.fingerprint();
  evidence->score = detection.score;
  evidence->evasions = record.evasions;
  evidence->hits_total = static_cast<uint16_t>(std::min<size_t>(detection.hits.size(), 0xffff));

  std::vector<uint32_t> order(detection.hits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto weight_of = [&](uint32_t i) { return rules.rules()[detection.hits[i].rule].weight; };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return weight_of(a) > weight_of(b); });
  if (order.size() > Evidence::kHitsMax) order.resize(Evidence::kHitsMax);
  evidence->hits.reserve(order.size());
  MaskedLine masked_line;
  for (const uint32_t i : order) {
    evidence->hits.push_back(describe(detection.hits[i], rules.rules()[detection.hits[i].rule], record, masked_line));
  }
  return evidence;
}

void add_violations(std::span<const Violation> violations, const Policy& policy, const DecodedRecord& record,
                    Evidence& evidence) {
  std::array<bool, kPolicyRules> counted{};
  for (const Violation& violation : violations) {
    const PolicyRuleInfo& rule = info_of(violation.rule);
    EvidenceHit hit;
    hit.rule_id = rule.id;
    hit.title = std::string(rule.title) + " (" + std::string(violation.fault) + ")";
    hit.level = rule.level;
    // A rule counts once towards the score, whatever the number of parameters.
    const bool first = !std::exchange(counted[static_cast<size_t>(violation.rule)], true);
    hit.weight = first ? policy.weight_of(violation.rule) : 0;
    hit.place = violation.place;
    hit.parameter = mask_text(cut(violation.parameter, kParameterBytesMax));
    hit.excerpt = excerpt_of(violation, record);
    evidence.hits.push_back(std::move(hit));
  }
  evidence.hits_total = static_cast<uint16_t>(std::min<size_t>(evidence.hits_total + violations.size(), 0xffff));
  std::stable_sort(evidence.hits.begin(), evidence.hits.end(),
                   [](const EvidenceHit& a, const EvidenceHit& b) { return a.weight > b.weight; });
  if (evidence.hits.size() > Evidence::kHitsMax) evidence.hits.resize(Evidence::kHitsMax);
}

}  // namespace weir
