#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lane/log_sink.h"
#include "lane/record_samples.h"
#include "pipeline/blind_spots.h"
#include "pipeline/reading.h"

namespace weir {

/// Says in the log what the records of each source lack: each field once, and that most records do not fit once and then
/// again every hour while it stays so.
///
/// Owner: the daemon. Main thread.
class SourceWatch {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::hours kPause{1};

  /// `describe` says what records look like, or nothing; it may take some milliseconds.
  using Describe = std::function<std::string(const std::vector<std::string>&)>;

  SourceWatch(LogSink log, Describe describe) : log_(std::move(log)), describe_(std::move(describe)) {}

  /// Looks at what was counted so far.
  void look(const SourceReadings& readings, const std::vector<SourceTotals>& totals, RecordSamples& samples,
            Clock::time_point now);

 private:
  struct Seen {
    SourceTotals at;  ///< where the present stretch of records begins
    std::set<std::string> fields_said;
    Clock::time_point unfit_said = Clock::time_point::min();
  };

  void look_at_form(size_t source, const SourceReading& reading, const SourceTotals& totals, RecordSamples& samples,
                    Clock::time_point now);

  LogSink log_;
  Describe describe_;
  std::vector<Seen> seen_;  // by source
};

}  // namespace weir
