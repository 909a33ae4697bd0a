#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "detect/match/event_truth.h"
#include "detect/program/rule_program.h"

namespace weir {

/// The rules that may hold without a pattern hit ("status 401 and method POST") and so would be evaluated for every record.
/// Most ask for a status, a method, an evasion or a content type, of which a stream has a few combinations: for each combination the rules that
/// it does not rule out are worked out once and remembered. Of one thread.
class AlwaysRules {
 public:
  /// `program` must outlive this.
  explicit AlwaysRules(const RuleProgram& program) : program_(&program) {}

  /// Indices of the rules that may hold for such a record when no pattern hits, ascending; none is missing, some may prove
  /// false. Valid until the next call.
  std::span<const uint32_t> candidates(const Event& event, const DecodedRecord& record);

  /// How often an expression gave up, and so counted as matching.
  [[nodiscard]] uint64_t given_up() const { return scratch_.pcre.given_up(); }

 private:
  static constexpr size_t kSlots = 128;
  static constexpr size_t kMethodBytesMax = 12;
  /// What a combination is recognised by: compared whole, so an answer is never wrong.
  struct Facts {
    std::array<char, kMethodBytesMax> method{};
    uint8_t method_size = 0;
    Evasions evasions = 0;
    uint16_t status = 0;
    bool has_content_type = false;
    bool operator==(const Facts&) const = default;
  };
  struct Slot {
    bool used = false;
    Facts facts;
    std::vector<uint32_t> rules;
  };

  static size_t slot_of(const Facts& facts);

  const RuleProgram* program_;
  std::array<Slot, kSlots> slots_;
  EventScratch scratch_;
};

}  // namespace weir
