#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/alerts/alert_view.h"
#include "workbench/tune/exclusion_draft.h"

namespace weir {

/// The rule hits of alerts, as exclusions can end them.
class AlertHits {
 public:
  /// Only hits of `rules`; empty: of all that have a weight. `comment` is that of each exclusion; empty: says which alert it was.
  AlertHits(std::vector<std::string> rules, std::string comment)
      : rules_(std::move(rules)), comment_(std::move(comment)) {}

  /// Takes an alert's hits up. False, with the reason in notes(), when it has none that could be excluded.
  bool add(const AlertView& alert);

  [[nodiscard]] const std::vector<FalseHit>& hits() const { return hits_; }
  /// What a person should know, a sentence each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  bool add_hits(const nlohmann::ordered_json& hits, const FalseHit& request);

  std::vector<std::string> rules_;
  std::string comment_;
  std::vector<FalseHit> hits_;
  std::vector<std::string> notes_;
};

}  // namespace weir
