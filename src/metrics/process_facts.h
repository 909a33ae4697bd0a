#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/counter.h"

namespace weir {

/// The labels of weir_build_info.
struct BuildInfo {
  std::string version;
  std::string librdkafka;
  std::string hyperscan;
};

/// Of one rule, or one reason of abuse and bursts: how people judged episodes that it caused.
struct RuleVerdicts {
  std::string id, title;
  uint64_t is_false = 0, is_true = 0;
};

/// What a scrape asks the process for. Called from the scrape's threads; what is not set is not exported.
struct ProcessQuestions {
  std::function<bool()> is_ready;  ///< as GET /-/ready answers
  /// When the certificate that weir shows its brokers ends, seconds since the epoch; nothing: there is none.
  std::function<std::optional<double>()> certificate_end;
  std::function<std::vector<RuleVerdicts>()> verdicts;
};

/// What the threads that reload rules and enrichment count: one writes each, the scrape reads.
struct RuntimeCounters {
  Counter rule_reloads_succeeded;
  Counter rule_reloads_failed;
  Counter last_reload_succeeded;  ///< set: 1 or 0
  Counter rules_loaded;           ///< set, not added up
  Counter enrichment_reloads_succeeded;
  Counter enrichment_reloads_failed;
  Counter enrichment_databases;  ///< set, as what follows
  Counter enrichment_threat_entries;
  Counter enrichment_crawler_entries;
  Counter enrichment_oldest_file;  ///< when it was written, seconds since 1970; 0: there is none
};

}  // namespace weir
