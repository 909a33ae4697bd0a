#pragma once

#include <memory>
#include <span>

#include "base/result.h"
#include "decode/decoded_record.h"
#include "detect/match/detection.h"
#include "detect/match/line_secret.h"
#include "detect/match/match_policy.h"
#include "detect/rule_set.h"
#include "event/event.h"

namespace weir {

/// One record to match; borrows all of it until match() returns.
struct MatchTask {
  const Event* event = nullptr;
  const DecodedRecord* record = nullptr;
  const MatchPolicy* policy = nullptr;
  Detection* out = nullptr;
};

/// Runs a rule set over decoded records. One per lane (it owns the scratch space), not thread-safe.
class Matcher {
 public:
  /// Reports of the matching library per record and pattern group after which the scan ends (`Detection::capped`): about a millisecond's work,
  /// some 100 times what the largest honest requests cause.
  static constexpr uint32_t kReportsMax = 100'000;
  /// What one category can add to the request score at most.
  static constexpr int kCategoryScoreMax = 30;

  /// Lines that come again are known by their hash under `secret`.
  explicit Matcher(const LineSecret& secret = {});
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  /// Takes a rule set into use; between batches only. Keeps it alive until the next call.
  Status use(std::shared_ptr<const RuleSet> rules);

  [[nodiscard]] const RuleSet& rules() const;

  /// Clears and fills each task's `out`. What comes out does not depend on how records are grouped; some 16 at a time are the
  /// fastest, because the pattern databases then stay in the caches. A matching-library error sets scan_failed and is counted
  /// by the caller. Does not allocate once its buffers have grown.
  void match(std::span<const MatchTask> tasks);
  /// One record.
  void match(const Event& event, const DecodedRecord& record, const MatchPolicy& policy, Detection& out);
  /// One record, as own_level() says.
  void match(const Event& event, const DecodedRecord& record, Detection& out);
  /// Whether lines that come again are remembered with what matched in them, as they are from the start. A measurement that
  /// matches the same records again and again learns from one pass and then stops: else it would find every line known.
  void learn_lines(bool learn);
  /// From which length of its line on the begin of a match in a parameter is looked for, in bytes; 0 from the start, so in all.
  /// The library tells only where matches end: finding a begin is a search of its own, for nothing where a line is shown whole.
  void locate_matches_in_parameters_above(size_t bytes);
  /// The rule set's own level for every line, without exclusions.
  [[nodiscard]] MatchPolicy own_level() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
