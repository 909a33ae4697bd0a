#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/decoded_record.h"
#include "detect/match/record_scan.h"
#include "detect/program/rule_program.h"

namespace weir {

/// The second step of matching: of what a scan reported, says what counts. The place must be one of the atom's, an expression
/// that the library only approximates must match, and a tokenizer must agree where the rule asks for one. Of one thread.
class HitConfirmer {
 public:
  /// `program` must outlive this.
  explicit HitConfirmer(const RuleProgram& program);

  /// Clears and fills `confirmed`, in the order of the reports. Allocates only while the buffers grow.
  void confirm(const DecodedRecord& record, std::span<const Report> reports, std::vector<RecordHit>& confirmed);

  /// How often an expression gave up, and so counted as matching.
  [[nodiscard]] uint64_t given_up() const { return scratch_.given_up(); }

 private:
  /// What the tokenizers said of a line; valid while `epoch` is that of the record.
  struct TokenVerdict {
    uint32_t epoch = 0;
    bool sql_known = false, sql = false;
    bool script_known = false, script = false;
  };

  void begin_record(const DecodedRecord& record);
  bool expression_matches(uint32_t pattern, std::string_view line);
  bool tokenizer_agrees(Confirmation by, const DecodedRecord& record, uint32_t line);

  const RuleProgram* program_;
  Pcre::Scratch scratch_;
  std::vector<TokenVerdict> token_verdicts_;  ///< by line
  uint32_t epoch_ = 0;
};

}  // namespace weir
