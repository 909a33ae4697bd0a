#pragma once

#include <string>

#include "base/counter.h"

namespace weir {

/// The labels of weir_build_info.
struct BuildInfo {
  std::string version;
  std::string librdkafka;
  std::string hyperscan;
};

/// What the thread that reloads the rules counts: it alone writes, the scrape reads.
struct RuntimeCounters {
  Counter rule_reloads_succeeded;
  Counter rule_reloads_failed;
  Counter last_reload_succeeded;  ///< set: 1 or 0
  Counter rules_loaded;           ///< set, not added up
};

}  // namespace weir
