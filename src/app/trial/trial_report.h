#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/terminal/terminal.h"
#include "app/trial/trial.h"

namespace weir {

/// What a trial must not pass.
struct TrialLimits {
  std::optional<uint64_t> new_alerts_per_day_max;
  std::optional<uint64_t> lost_alerts_max;
  std::optional<uint64_t> false_alarms_max;  ///< requests
};

/// What a trial is reported with, besides the trial itself.
struct TrialFigures {
  uint64_t records = 0, rejected = 0;
  double seconds = 0;
  struct Cost {
    double match_ns = 0, all_ns = 0;  ///< a record
  };
  std::array<Cost, kTrialSides> cost;
  TrialLimits limits;
};

/// One limit that was passed, as a sentence; empty: none was.
std::vector<std::string> passed_limits(const Trial& trial, const TrialLimits& limits);

/// For people: what differs, rule by rule, with examples. Lines of at most `width` characters.
std::string trial_table(const Trial& trial, const TrialFigures& figures, const Palette& palette, size_t width);

/// The same and more for programs: one JSON object (docs/replay.md).
std::string trial_json(const Trial& trial, const TrialFigures& figures);

}  // namespace weir
