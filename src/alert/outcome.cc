#include "alert/outcome.h"

#include <algorithm>

namespace weir {
namespace {

// The numbers of docs/alerts.md, "Outcome".
constexpr uint32_t kDelayMsMin = 1'000;  // a shorter one is within what answers take anyway
constexpr uint32_t kDelayPartOfTen = 9;  // of the delay asked for, in tenths: clocks and rounding
constexpr uint32_t kAnswersMin = 2;      // on the route, before one can be called larger than the others
constexpr uint64_t kLargerTimes = 4;
constexpr uint64_t kLargerBytes = 8'192;
constexpr CategoryMask kReadsFiles = mask_of(Category::kTraversal) | mask_of(Category::kXxe) | mask_of(Category::kRfi);
constexpr CategoryMask kBreaksStatements =
    mask_of(Category::kSqli) | mask_of(Category::kNosql) | mask_of(Category::kLdap);

bool is_blocked(uint16_t status) {
  return status == 401 || status == 403 || status == 406 || status == 429;
}

bool took_the_delay(const EvidenceFacts& facts) {
  return facts.delay_ms >= kDelayMsMin && facts.duration_ms != EvidenceFacts::kUnknown &&
         uint64_t{facts.duration_ms} * 10 >= uint64_t{facts.delay_ms} * kDelayPartOfTen;
}

bool is_much_larger(const EvidenceFacts& facts, const OutcomeHistory& before) {
  return before.answers >= kAnswersMin && facts.response_bytes >= before.largest_bytes * kLargerTimes &&
         facts.response_bytes >= before.largest_bytes + kLargerBytes;
}

}  // namespace

Outcome outcome_of(const EvidenceFacts& facts, CategoryMask categories, const OutcomeHistory& before) {
  const uint16_t status = facts.status;
  if (is_blocked(status)) return Outcome::kBlocked;
  if (took_the_delay(facts)) return Outcome::kLikelyEffective;
  if (status == 500 && (categories & kBreaksStatements) != 0) return Outcome::kLikelyEffective;
  if (status >= 400) return Outcome::kFailed;
  if (status < 200) return Outcome::kUnknown;
  const bool has_content = status < 300 && facts.response_bytes > 0;
  if (has_content && (categories & before.refused & kReadsFiles) != 0) return Outcome::kLikelyEffective;
  if (has_content && is_much_larger(facts, before)) return Outcome::kLikelyEffective;
  return Outcome::kAnswered;
}

Level severity_with(Level level, Outcome outcome) {
  const int number = static_cast<int>(level);
  switch (outcome) {
    case Outcome::kBlocked:
    case Outcome::kFailed:
      return static_cast<Level>(std::max(number - 1, std::min(number, static_cast<int>(Level::kLow))));
    case Outcome::kLikelyEffective:
      return static_cast<Level>(std::min(number + 1, static_cast<int>(Level::kCritical)));
    case Outcome::kUnknown:
    case Outcome::kAnswered:
      return level;
  }
  return level;
}

}  // namespace weir
