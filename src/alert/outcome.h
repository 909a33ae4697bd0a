#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/enum_names.h"
#include "evidence/evidence.h"
#include "rules/category.h"

namespace weir {

/// What became of an attack, by the response (docs/alerts.md, "Outcome"), the least telling first.
enum class Outcome : uint8_t { kUnknown, kBlocked, kFailed, kAnswered, kLikelyEffective };
inline constexpr size_t kOutcomes = 5;
template <>
inline constexpr auto kNamesOf<Outcome> = std::to_array<std::string_view>({"unknown", "blocked", "failed", "answered",
                                                                           "likely_effective"});

/// What the client's attacks met before, so that an answer can be compared.
struct OutcomeHistory {
  uint32_t answers = 0;        ///< to its attacks on the same route, with a size
  uint64_t largest_bytes = 0;  ///< of these
  CategoryMask refused = 0;    ///< categories of its attacks that failed or were blocked
};

/// By documented, deterministic rules over the answer, what the attack asks for, and what came before. Pure.
Outcome outcome_of(const EvidenceFacts& facts, CategoryMask categories, const OutcomeHistory& before);

/// The level of an attack with this outcome: one lower where it was blocked or failed, never below low for one that was above it,
/// one higher where it is likely effective.
Level severity_with(Level level, Outcome outcome);

}  // namespace weir
