#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decoded_record.h"
#include "rules/category.h"

namespace weir {

/// One rule hit as it may leave the process: masked, bounded. `Text` owns its bytes (std::string) or borrows them
/// (std::string_view).
template <typename Text>
struct BasicEvidenceHit {
  static constexpr size_t kExcerptBytesMax = 160;

  Text rule_id{};
  Text title{};
  Category category = Category::kOther;
  Level level = Level::kMedium;
  int weight = 0;
  int specificity = 50;  ///< of the rule, 0 to 100
  Place place = Place::kPath;
  Text parameter{};  ///< name of the parameter, header or cookie; may be empty
  Text
      excerpt{};  ///< the parameter with the match, or of another or long line the match and a little around it; masked
  DecodeSteps steps = 0;
};

/// What scoring asks of a malicious record besides its hits: numbers alone.
struct EvidenceFacts {
  static constexpr uint32_t kUnknown = 0xffffffff;
  uint16_t status = 0;
  uint64_t response_bytes = 0;      ///< 0: none or unknown
  uint32_t duration_ms = kUnknown;  ///< at most a day
  uint32_t delay_ms = 0;            ///< that the attack asks a database or shell to wait; 0: it asks for none
  uint32_t host_key = 0;            ///< hash of the host
  uint32_t route_key = 0;           ///< hash of method and path, ids folded
  bool operator==(const EvidenceFacts&) const = default;
};

/// What was found in one malicious record. Made in the detect stage, already masked (AL3); it travels packed inside the
/// observation (packed_evidence.h) and becomes part of the alert.
template <typename Text>
struct BasicEvidence {
  static constexpr size_t kHitsMax = 16;  ///< further hits are only counted
  static constexpr size_t kFieldBytesMax = 512;

  Text request_id{}, method{}, scheme{}, host{}, path{}, query{}, referer{}, user_agent{};
  EvidenceFacts facts;
  Text rule_set{};     ///< fingerprint of the rules that judged the record
  Text remediation{};  ///< what the rule that names the alert says to do; may be empty
  int score = 0;
  Evasions evasions = 0;
  uint16_t hits_total = 0;
  std::vector<BasicEvidenceHit<Text>> hits;  ///< the most severe and specific first, markers last
};

using EvidenceHit = BasicEvidenceHit<std::string>;
using Evidence = BasicEvidence<std::string>;
using EvidenceHitView = BasicEvidenceHit<std::string_view>;
using EvidenceView = BasicEvidence<std::string_view>;

}  // namespace weir
