#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/scan/record_place.h"
#include "app/scan/top_counts.h"
#include "detect/rule_set.h"
#include "pipeline/analyzer.h"

namespace weir {

/// The titles of what a verdict was found by: rules, then violations of the policy, each once.
std::vector<std::string_view> titles_of(const RecordVerdict& verdict, const RuleSet& rules);

/// The same as one text for people: what weighs most comes first, since what follows may be cut off.
std::string shown_titles(const RecordVerdict& verdict, const RuleSet& rules);

/// What a scan found, for the table; bounded whatever is scanned.
class ScanFindings {
 public:
  /// One of the requests with the highest scores.
  struct Worst {
    int score = 0;
    std::string place;  ///< RecordPlace::text()
    std::string client, host, target, titles;
    std::string alike;  ///< requests with the same are one entry
    uint64_t times = 1;
  };

  /// Takes in the verdict on the request that stands there.
  void add(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place);
  void add_reject(const RejectedRecord& rejected, const RecordPlace& place);

  [[nodiscard]] uint64_t requests() const { return requests_; }
  [[nodiscard]] uint64_t malicious() const { return malicious_; }
  /// Malicious requests by category; one may count in several.
  [[nodiscard]] const auto& by_category() const { return by_category_; }
  [[nodiscard]] const TopCounts& clients() const { return clients_; }
  [[nodiscard]] const TopCounts& paths() const { return paths_; }
  [[nodiscard]] const std::vector<Worst>& worst() const { return worst_; }  ///< the highest score first
  /// Where a record was first refused for each reason, and what was wrong there; empty: nowhere.
  [[nodiscard]] const auto& first_rejects() const { return first_rejects_; }
  /// Between which times all requests were; `from` above `until` when there was none.
  [[nodiscard]] EventTime from() const { return from_; }
  [[nodiscard]] EventTime until() const { return until_; }

 private:
  void add_worst(const RecordVerdict& verdict, const RuleSet& rules, const RecordPlace& place);

  uint64_t requests_ = 0, malicious_ = 0;
  std::array<uint64_t, static_cast<size_t>(Category::kCount)> by_category_{};
  TopCounts clients_{4'096}, paths_{4'096};
  std::vector<Worst> worst_;
  std::array<std::string, static_cast<size_t>(RejectReason::kCount)> first_rejects_;
  EventTime from_ = EventTime::max(), until_ = EventTime::min();
};

}  // namespace weir
