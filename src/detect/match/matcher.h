#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "detect/match/line_secret.h"
#include "detect/match/match_task.h"
#include "detect/rule_set.h"

namespace weir {

struct MatcherOptions {
  LineSecret line_secret{};  ///< of the hash under which lines that come again are known
  /// From which length of its line on the begin of a match in a parameter is looked for, in bytes; 0: in all. The library tells
  /// only where matches end: finding a begin is a search of its own, for nothing where a line is shown whole.
  size_t locate_in_parameters_above = 0;
};

/// Whether lines that come again are remembered with what matched in them. A measurement that matches the same records again
/// and again learns from one pass only: else it would find every line known.
enum class LineLearning : uint8_t { kOff, kOn };

/// Runs a rule set over decoded records: scans their lines, confirms what is reported and decides which rules hold. One per
/// lane and rule set (it owns the scratch space), not thread-safe.
class Matcher {
 public:
  /// Keeps the rule set alive. An error: no memory for the library's scratch space.
  static Result<Matcher> create(std::shared_ptr<const RuleSet> rules, const MatcherOptions& options = {});
  ~Matcher();
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;

  [[nodiscard]] const RuleSet& rules() const;

  /// Clears and fills each task's `out`. What comes out does not depend on how records are grouped; some 16 at a time are the
  /// fastest, because the pattern databases then stay in the caches. A matching-library error sets scan_failed and is counted
  /// by the caller. Does not allocate once its buffers have grown.
  void match(std::span<const MatchTask> tasks, LineLearning learning = LineLearning::kOn);
  /// One record.
  void match(const Event& event, const DecodedRecord& record, const MatchPolicy& policy, Detection& out);
  /// One record, as own_level() says.
  void match(const Event& event, const DecodedRecord& record, Detection& out);
  /// The rule set's own level for every line, without exclusions.
  [[nodiscard]] MatchPolicy own_level() const;

 private:
  struct Impl;
  explicit Matcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
