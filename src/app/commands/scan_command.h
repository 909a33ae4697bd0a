#pragma once

#include <string>
#include <vector>

namespace weir {

enum class ScanOutput { kAlerts, kVerdicts, kSummary };

struct ScanArguments {
  std::string config_file;                    ///< empty: defaults
  std::vector<std::string> rule_directories;  ///< replace the configuration's
  std::string profile;                        ///< built-in profile's name; empty: the configuration's
  ScanOutput output = ScanOutput::kAlerts;
  std::string json_file;  ///< figures go here; empty: nowhere
  bool close_episodes = false;
  std::vector<std::string> files;  ///< "-" is standard input
};

/// `weir scan`: NDJSON files through both stages without Kafka, in one thread. Returns the exit code.
int run_scan(const ScanArguments& arguments);

}  // namespace weir
