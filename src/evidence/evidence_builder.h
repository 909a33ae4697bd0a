#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "decode/decoded_record.h"
#include "detect/match/detection.h"
#include "detect/rule_set.h"
#include "event/event.h"
#include "evidence/masker.h"
#include "evidence/packed_evidence.h"
#include "evidence/plain_texts.h"
#include "policy/request_check.h"

namespace weir {

/// Describes malicious records so that they may leave the process: secrets masked, every part bounded, heaviest hits first.
/// One per lane. Does not allocate once its buffers have grown, but for what is masked.
class EvidenceBuilder {
 public:
  /// `secret`: of the hash under which texts without secrets are known.
  explicit EvidenceBuilder(Masker masker = Masker(), const LineSecret& secret = {})
      : masker_(masker), plain_texts_(secret) {}

  /// What is described, and by what it was judged.
  struct Judged {
    const Event& event;
    const DecodedRecord& record;
    const Detection& detection;
    const RuleSet& rules;
    std::span<const Violation> violations;  ///< of `policy`; none without a policy
    const Policy* policy = nullptr;
    Level violation_level = Level::kInformational;  ///< that the route gives to violations at least
  };

  /// What it gives stands in `arena`.
  PackedEvidence build(const Judged& judged, Arena& arena);

  /// What was packed last.
  [[nodiscard]] const EvidenceView& last() const { return evidence_; }

 private:
  /// A hit or a violation, by its index, in the order in which they are shown.
  struct Finding {
    int weight = 0;
    Level level = Level::kLow;
    int specificity = 0;
    uint32_t index = 0;
    bool is_violation = false;
  };
  /// A line's name and text, masked: hits of one record mostly share theirs.
  struct MaskedLine {
    uint32_t line = Hit::kNoLine;
    bool is_secret = false;  ///< by its name: then `text` is not set
    std::string_view name, text;
  };

  static Finding finding_of(const RuleInfo& rule, uint32_t index) {
    return {rule.weight, rule.level, rule.specificity, index, false};
  }
  void order_findings(const Judged& judged);
  EvidenceHitView describe(const Hit& hit, const Judged& judged, Arena& arena);
  EvidenceHitView describe(const Violation& violation, int weight, const Judged& judged, Arena& arena) const;
  std::string_view masked_text(std::string_view text, Arena& arena, size_t bytes_max);
  std::string_view masked_line_text(const DecodedRecord& record, const Line& line, Arena& arena);
  const MaskedLine& masked(uint32_t line, const DecodedRecord& record, Arena& arena);
  std::string_view excerpt_of(const Violation& violation, const DecodedRecord& record, Arena& arena) const;

  Masker masker_;
  PlainTexts plain_texts_;
  std::vector<Finding> findings_;
  MaskedLine masked_line_;
  EvidenceView evidence_;
  std::string bytes_, scratch_;
};

}  // namespace weir
