#pragma once

#include <cstdint>
#include <span>

#include "rules/category.h"

namespace weir {

/// Keeps one rule, or every one, from seeing one line of the record, or the whole of it.
struct RuleExclusion {
  static constexpr uint32_t kEveryRule = 0xffffffff;
  static constexpr uint32_t kWholeRecord = 0xffffffff;
  uint32_t rule = kEveryRule;    ///< index into RuleSet::rules()
  uint32_t line = kWholeRecord;  ///< index into DecodedRecord::lines
};

/// How one record is to be matched. Borrows: the spans must live until match() returns. Uniform levels without exclusions
/// cost nothing; otherwise the hits of each rule concerned are looked through once.
struct MatchPolicy {
  /// For lines that `line_levels` does not name and for rules that need no line (status, method, …). A level that the rule
  /// set was not compiled for (RuleSetOptions) counts as the set's own level.
  SecurityLevel level = SecurityLevel::kStandard;
  /// One for each line of the record, or empty: all lines at `level`. A rule sees the lines at its own level or a stricter one.
  std::span<const SecurityLevel> line_levels;
  /// In any order. A rule still hits when what it may see suffices; an exclusion never makes a rule hit.
  std::span<const RuleExclusion> exclusions;

  [[nodiscard]] SecurityLevel level_of(uint32_t line) const {
    return line < line_levels.size() ? line_levels[line] : level;
  }
  /// Do rules see different lines? Else the whole record's hits decide.
  [[nodiscard]] bool distinguishes_lines() const { return !line_levels.empty() || !exclusions.empty(); }
};

}  // namespace weir
