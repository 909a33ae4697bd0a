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
  Place place = Place::kPath;
  Text parameter{};  ///< name of the parameter, header or cookie; may be empty
  Text
      excerpt{};  ///< the parameter with the match, or of another or long line the match and a little around it; masked
  DecodeSteps steps = 0;
};

/// What was found in one malicious record. Made in the detect stage, already masked (AL3); it travels packed inside the
/// observation (packed_evidence.h) and becomes part of the alert.
template <typename Text>
struct BasicEvidence {
  static constexpr size_t kHitsMax = 16;  ///< further hits are only counted
  static constexpr size_t kFieldBytesMax = 512;

  Text request_id{}, method{}, host{}, path{}, user_agent{};
  Text rule_set{};  ///< fingerprint of the rules that judged the record
  int score = 0;
  Evasions evasions = 0;
  uint16_t hits_total = 0;
  std::vector<BasicEvidenceHit<Text>> hits;  ///< heaviest first
};

using EvidenceHit = BasicEvidenceHit<std::string>;
using Evidence = BasicEvidence<std::string>;
using EvidenceHitView = BasicEvidenceHit<std::string_view>;
using EvidenceView = BasicEvidence<std::string_view>;

}  // namespace weir
