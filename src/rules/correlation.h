#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/category.h"

namespace weir {

/// What a correlation computes over the records of a group within a timespan (Sigma 2.1, docs/correlation.md).
enum class CorrelationType : uint8_t {
  kEventCount,
  kValueCount,
  kTemporal,
  kTemporalOrdered,
  kValueSum,
  kValueAverage,
  kValuePercentile,
  kCount
};
template <>
inline constexpr auto kNamesOf<CorrelationType> = std::to_array<std::string_view>(
    {"event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile"});

enum class CorrelationOperator : uint8_t { kGreater, kGreaterEqual, kLess, kLessEqual, kEqual, kNotEqual, kCount };
template <>
inline constexpr auto kNamesOf<CorrelationOperator> = std::to_array<std::string_view>({"gt", "gte", "lt", "lte", "eq",
                                                                                       "neq"});

/// "30s", "5m", "2h", "1d", "1w" in milliseconds; nothing for other texts.
std::optional<int64_t> parse_timespan(std::string_view text);

/// One bound on what is computed; all of a correlation's must hold.
struct CorrelationBound {
  CorrelationOperator op = CorrelationOperator::kGreaterEqual;
  double number = 0;
};

/// Do the bounds hold for a value?
bool holds(const std::vector<CorrelationBound>& bounds, double value);

/// A rule or another correlation whose results a correlation takes in.
struct CorrelationSource {
  std::string written;  ///< id or name, as in the file
  std::string id;       ///< set by link_correlations()
  bool is_correlation = false;
  int line = 0;
};

/// A step of an example: one record, perhaps several times.
struct CorrelationExampleStep {
  std::string
      record_json;  ///< one flat-profile record; "{n}" in its texts becomes the number of the repetition, from 1
  uint32_t times = 1;
  int64_t every_ms = 1'000;  ///< after each record
};

/// A sequence of records that must (positive) or must not fulfil the correlation.
struct CorrelationExample {
  std::vector<CorrelationExampleStep> steps;
  int line = 0;
};

/// One Sigma correlation rule.
struct Correlation {
  static constexpr size_t kSourcesMax = 64;
  static constexpr size_t kGroupFieldsMax = 8;
  static constexpr size_t kBoundsMax = 4;
  /// Chained correlations one behind the other, at most.
  static constexpr size_t kChainMax = 8;
  /// As many distinct values as a value_count tells apart.
  static constexpr double kDistinctMax = 1'000;

  std::string id, name, title, description, status;
  Level level = Level::kMedium;
  std::vector<std::string> references, tags, false_positives;
  CorrelationType type = CorrelationType::kEventCount;
  std::vector<CorrelationSource> sources;
  std::vector<std::string> group_by;  ///< ascending: their order means nothing
  /// For an alias the field it stands for, by the rule as written in `sources`.
  std::map<std::string, std::map<std::string, std::string>> aliases;
  int64_t timespan_ms = 0;
  std::vector<CorrelationBound> bounds;
  std::vector<std::string> fields;  ///< whose values count; empty unless the type needs one
  double percentile = 0;
  bool generate = false;  ///< the rules taken in make alerts of their own, too
  bool ours = false;      ///< has a `weir` section, so it must carry examples
  std::vector<CorrelationExample> positive_examples, negative_examples;

  std::string file;
  int line = 0;
};

}  // namespace weir
