#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "decode/decoded_record.h"
#include "rules/category.h"

namespace weir {

/// One rule hit as it may leave the process: masked, bounded.
struct EvidenceHit {
  static constexpr size_t kExcerptBytesMax = 160;

  std::string rule_id;
  std::string title;
  Category category = Category::kOther;
  Level level = Level::kMedium;
  int weight = 0;
  Place place = Place::kPath;
  std::string parameter;  ///< name of the parameter, header or cookie; may be empty
  std::string excerpt;    ///< the match with a little of its surroundings, masked
  DecodeSteps steps = 0;
};

/// What was found in one malicious record. Built in the detect stage, already masked (AL3); it travels inside the
/// observation and becomes part of the alert.
struct Evidence {
  static constexpr size_t kHitsMax = 16;  ///< further hits are only counted
  static constexpr size_t kFieldBytesMax = 512;

  std::string request_id, method, host, path, user_agent;
  std::string rule_set;  ///< fingerprint of the rules that judged the record
  int score = 0;
  Evasions evasions = 0;
  uint16_t hits_total = 0;
  std::vector<EvidenceHit> hits;  ///< heaviest first
};

}  // namespace weir
