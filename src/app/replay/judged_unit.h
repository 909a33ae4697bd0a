#pragma once

#include <cstdint>
#include <vector>

#include "app/scan/scan_results.h"
#include "pipeline/analyzer.h"
#include "score/source_times.h"

namespace weir {

/// One batch as one judgement sees it, and how far it was handed on.
struct JudgedBatch {
  AnalyzedBatch batch;
  size_t observation = 0, event = 0;
  ToldCursor told;

  void rewind() {
    observation = event = 0;
    told = {};
  }
};

/// Some successive records of one range, judged: what goes from the threads that judge to the one that scores.
struct JudgedUnit {
  uint32_t range = 0;
  bool is_lead = false;
  std::vector<int64_t> offsets;     ///< of each record
  std::vector<int64_t> order_ms;    ///< of each: by this the records of several ranges are put in order
  std::vector<JudgedBatch> judged;  ///< by judgement
  int64_t source_ms =
      SourceReport::kNoTime;  ///< how far the range's event time has come behind it, where that is followed

  [[nodiscard]] uint32_t size() const { return static_cast<uint32_t>(offsets.size()); }
};

}  // namespace weir
