#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/binary_format.h"
#include "rules/category.h"
#include "rules/correlation.h"

namespace weir {

/// A correlation as the score stage knows it. It comes with the observations, so that what the stage does depends on them
/// alone: a restore repeats it exactly, whatever rules are in force by then.
struct CorrelationDefinition {
  static constexpr size_t kFeedsMax = 64;

  /// A correlation that takes in this one's results, as its source number `source`.
  struct Feed {
    const CorrelationDefinition* definition = nullptr;
    uint8_t source = 0;
  };

  std::string id, title;
  std::vector<std::string> tags;
  Level level = Level::kMedium;
  CorrelationType type = CorrelationType::kEventCount;
  std::vector<CorrelationBound> bounds;
  double percentile = 0;
  int64_t timespan_ms = 0;
  uint8_t sources = 1;  ///< how many rules and correlations feed it
  std::vector<std::string> group_by;
  bool alerts = true;  ///< false: it only feeds others
  std::vector<Feed> feeds;
  /// Of all of the above (and so of the definitions it feeds): what tells definitions, and states, apart.
  uint64_t hash = 0;

  /// True when later records of the timespan can make the condition false again, so that it is judged when the timespan is
  /// over; false when it is judged with every record over the timespan that ends with it.
  [[nodiscard]] bool judged_at_end() const;

  /// The least whole number that fulfils the bounds of a definition that is not judged at the end.
  [[nodiscard]] uint64_t least() const;

  /// Sets `hash`; to be called when all definitions it feeds have theirs.
  void set_hash();
};

/// Appends all but `hash`; the definitions it feeds by their hashes.
void write_definition(BinaryWriter& out, const CorrelationDefinition& definition);

/// Appends a definition and, before it, those it feeds, unless they are there: an order in which they can be read.
void append_with_fed(const CorrelationDefinition& definition, std::vector<const CorrelationDefinition*>& ordered);

/// Reads what write_definition wrote and sets `hash`. `known`: the definitions read before it, which outlive it. Nothing if
/// the bytes are no definition, or one of those it feeds is not known.
std::unique_ptr<CorrelationDefinition> read_definition(BinaryReader& in,
                                                       std::span<const std::unique_ptr<CorrelationDefinition>> known);

}  // namespace weir
