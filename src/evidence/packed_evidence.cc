#include "evidence/packed_evidence.h"

#include <xxhash.h>

#include <algorithm>

#include "base/assert.h"

namespace weir {
namespace {

// The layout is described in docs/observation-block.md; change both together and raise the block's version.

/// Of a sketch of distinct rules.
uint64_t bit_of_rule(std::string_view rule_id) {
  constexpr int kSketchBits = 6;
  return uint64_t{1} << (XXH3_64bits(rule_id.data(), rule_id.size()) >> (64 - kSketchBits));
}

void write_facts(const EvidenceFacts& facts, BinaryWriter& out) {
  out.varint(facts.status);
  out.varint(facts.response_bytes);
  out.varint(facts.duration_ms);
  out.varint(facts.delay_ms);
  out.varint(facts.host_key);
  out.varint(facts.route_key);
}

EvidenceFacts read_facts(BinaryReader& in) {
  EvidenceFacts facts;
  facts.status = in.number<uint16_t>();
  facts.response_bytes = in.varint();
  facts.duration_ms = in.number<uint32_t>();
  facts.delay_ms = in.number<uint32_t>();
  facts.host_key = in.number<uint32_t>();
  facts.route_key = in.number<uint32_t>();
  return facts;
}

template <typename Text>
void write(const BasicEvidence<Text>& evidence, std::string& bytes) {
  BinaryWriter out(bytes);
  write_facts(evidence.facts, out);
  for (const auto* text : {&evidence.request_id, &evidence.method, &evidence.host, &evidence.path, &evidence.user_agent,
                           &evidence.scheme, &evidence.query, &evidence.referer}) {
    out.text(*text);
  }
  out.zigzag(evidence.score);
  out.varint(evidence.evasions);
  out.varint(evidence.hits_total);
  const size_t hits = std::min(evidence.hits.size(), Evidence::kHitsMax);
  out.varint(hits);
  for (size_t i = 0; i < hits; ++i) {
    const auto& hit = evidence.hits[i];
    out.text(hit.rule_id);
    out.text(hit.title);
    out.byte(static_cast<uint8_t>(hit.category));
    out.byte(static_cast<uint8_t>(hit.level));
    out.byte(static_cast<uint8_t>(hit.place));
    out.zigzag(hit.weight);
    out.text(hit.parameter);
    out.text(hit.excerpt);
    out.varint(hit.steps);
    out.byte(static_cast<uint8_t>(hit.specificity));
  }
  out.text(evidence.rule_set);
  out.text(evidence.remediation);
}

EvidenceHitView read_hit(BinaryReader& in, EvidenceLayout layout) {
  EvidenceHitView hit;
  hit.rule_id = in.text();
  hit.title = in.text();
  hit.category = in.enumerator<Category>(static_cast<unsigned>(Category::kCount));
  hit.level = in.enumerator<Level>(static_cast<unsigned>(Level::kCritical) + 1);
  hit.place = in.enumerator<Place>(static_cast<unsigned>(Place::kCount));
  hit.weight = in.signed_number<int>();
  hit.parameter = in.text();
  hit.excerpt = in.text();
  hit.steps = in.number<DecodeSteps>();
  if (layout != EvidenceLayout::kWithoutFacts) hit.specificity = in.byte();
  return hit;
}

/// Reads all of it, giving each hit to `take`; false when it is malformed. The hits of `out` stay empty.
template <typename Take>
bool read(BinaryReader& in, EvidenceLayout layout, EvidenceView& out, const Take& take) {
  if (layout != EvidenceLayout::kWithoutFacts) out.facts = read_facts(in);
  for (auto* text : {&out.request_id, &out.method, &out.host, &out.path, &out.user_agent})
    *text = in.text();
  if (layout != EvidenceLayout::kWithoutFacts) {
    for (auto* text : {&out.scheme, &out.query, &out.referer})
      *text = in.text();
  }
  out.score = in.signed_number<int>();
  out.evasions = in.number<Evasions>();
  out.hits_total = in.number<uint16_t>();
  const auto hits = in.number<uint32_t>();
  if (hits > Evidence::kHitsMax) return false;
  for (uint32_t i = 0; i < hits; ++i) {
    const EvidenceHitView hit = read_hit(in, layout);
    if (!in.ok()) return false;  // before anyone takes a category or level that is none
    take(hit);
  }
  out.rule_set = in.text();
  if (layout == EvidenceLayout::kWithRemediation) out.remediation = in.text();
  return in.ok();
}

EvidenceHit owned(const EvidenceHitView& hit) {
  return {std::string(hit.rule_id),
          std::string(hit.title),
          hit.category,
          hit.level,
          hit.weight,
          hit.specificity,
          hit.place,
          std::string(hit.parameter),
          std::string(hit.excerpt),
          hit.steps};
}

}  // namespace

void PackedEvidence::add_hit(int weight, Level level, Category category, std::string_view rule_id) {
  if (weight <= 0 && has_weight) return;
  has_weight = has_weight || weight > 0;
  severity = categories == 0 ? level : std::max(severity, level);
  categories = static_cast<CategoryMask>(categories | mask_of(category));
  rules |= bit_of_rule(rule_id);
}

void pack_evidence(const EvidenceView& evidence, std::string& out) {
  write(evidence, out);
}
void pack_evidence(const Evidence& evidence, std::string& out) {
  write(evidence, out);
}

std::optional<PackedEvidence> read_packed_evidence(BinaryReader& in, EvidenceLayout layout) {
  const std::string_view before = in.rest();
  PackedEvidence packed;
  EvidenceView head;
  packed.layout = layout;
  const bool whole = read(in, layout, head, [&](const EvidenceHitView& hit) {
    packed.add_hit(hit.weight, hit.level, hit.category, hit.rule_id);
  });
  if (!whole) return std::nullopt;
  packed.bytes = before.substr(0, before.size() - in.left());
  return packed;
}

EvidenceFacts facts_of(const PackedEvidence& packed) {
  if (packed.layout == EvidenceLayout::kWithoutFacts) return {};
  BinaryReader in(packed.bytes);
  return read_facts(in);
}

Evidence unpack_evidence(const PackedEvidence& packed) {
  BinaryReader in(packed.bytes);
  EvidenceView head;
  Evidence out;
  const bool whole = read(in, packed.layout, head, [&](const EvidenceHitView& hit) { out.hits.push_back(owned(hit)); });
  WEIR_ASSERT(whole && in.left() == 0, "packed evidence was read before");
  out.request_id = head.request_id;
  out.method = head.method;
  out.host = head.host;
  out.path = head.path;
  out.user_agent = head.user_agent;
  out.scheme = head.scheme;
  out.query = head.query;
  out.referer = head.referer;
  out.facts = head.facts;
  out.rule_set = head.rule_set;
  out.remediation = head.remediation;
  out.score = head.score;
  out.evasions = head.evasions;
  out.hits_total = head.hits_total;
  return out;
}

}  // namespace weir
