#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/binary_format.h"
#include "evidence/evidence.h"

namespace weir {

/// How it is packed: the oldest blocks hold no facts, schemes, queries, referers and specificities, later ones no remediation.
enum class EvidenceLayout : uint8_t { kWithoutFacts, kWithFacts, kWithRemediation };
inline constexpr unsigned kEvidenceLayouts = 3;

/// Evidence on its way from the record to the alert. Of an attacker's many records few become alerts of their own, so the
/// texts stay packed (docs/observation-block.md has the layout) until an alert shows them; what every record is counted by
/// stands beside them. Borrows the bytes. Without bytes there is none: the record is not malicious.
struct PackedEvidence {
  std::string_view bytes;
  Level severity = Level::kMedium;  ///< the highest of the hits
  CategoryMask categories = 0;      ///< of the hits
  uint64_t rules = 0;               ///< of the hits, distinct ones: bits of a sketch of 64
  bool has_weight = false;          ///< a hit that counts towards the score was taken in
  EvidenceLayout layout = EvidenceLayout::kWithRemediation;

  explicit operator bool() const { return !bytes.empty(); }
  /// Counts a hit in; the heaviest come first. Rules without weight are markers: beside others they say nothing of the attack.
  void add_hit(int weight, Level level, Category category, std::string_view rule_id);
};

/// Appends at most Evidence::kHitsMax hits with all the rest. What stands in `out` then is all of the packed form.
void pack_evidence(const EvidenceView& evidence, std::string& out);
void pack_evidence(const Evidence& evidence, std::string& out);

/// Reads over one packed evidence, without allocating; borrows from what `in` reads. No value when it is malformed.
std::optional<PackedEvidence> read_packed_evidence(BinaryReader& in,
                                                   EvidenceLayout layout = EvidenceLayout::kWithRemediation);

/// Its facts alone; they stand first. Nothing is known of evidence without.
EvidenceFacts facts_of(const PackedEvidence& packed);

/// The evidence in full. `packed` is one that read_packed_evidence() gave, or the whole of what pack_evidence() wrote.
Evidence unpack_evidence(const PackedEvidence& packed);

}  // namespace weir
