#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workbench/tune/exclusion_draft.h"
#include "workbench/tune/exclusion_trial.h"

namespace weir {

/// One way to end the false alarms.
struct TuneProposal {
  std::string width;                       ///< of the exclusions, or "filter"
  PolicySpec spec;                         ///< what is to be added to the policy; nothing of a filter
  std::string text;                        ///< the same, or the filter, as YAML
  std::shared_ptr<const Policy> compiled;  ///< with the policy in force
  bool is_of_client = false, is_filter = false;
};

/// What `weir rules tune` found out.
struct TuneFindings {
  uint64_t alarms = 0;        ///< requests that were given as false alarms and are malicious
  uint64_t alarms_again = 0;  ///< met once more in the range
  uint64_t requests = 0;      ///< of the range
  uint64_t attacks = 0;       ///< of them, malicious and no false alarm
  bool has_range = false;
  std::vector<TuneProposal> proposals;   ///< in the order in which they are tried
  std::vector<ExclusionEffect> effects;  ///< of each
  std::optional<size_t> chosen;
  std::vector<std::string> notes;  ///< a sentence each
};

/// For people, on standard error.
void print_tune_report(const TuneFindings& findings);

/// One object, for programs.
std::string tune_json(const TuneFindings& findings);

}  // namespace weir
