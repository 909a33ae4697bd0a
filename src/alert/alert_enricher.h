#pragma once

#include "alert/alert.h"

namespace weir {

/// Adds to an alert what is known of its address from elsewhere, before it is encoded. One for all lanes: calls have no side
/// effects but counters.
class AlertEnricher {
 public:
  virtual ~AlertEnricher() = default;
  virtual void enrich(Alert& alert) const = 0;
};

}  // namespace weir
