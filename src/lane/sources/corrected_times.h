#pragma once

#include <algorithm>
#include <vector>

#include "pipeline/analyzer.h"

namespace weir {

/// The records of one batch whose times were corrected, and what else of them says when they were. One thread.
class CorrectedTimes {
 public:
  void clear() { corrected_.clear(); }
  void correct(Observation& record, EventTime time) {
    record.time = time;
    corrected_.push_back({record.at, time});
  }
  /// What the record before it adds for its address.
  void follow(Observation& of_address) const {
    if (!corrected_.empty() && corrected_.back().at == of_address.at) of_address.time = corrected_.back().time;
  }
  void apply(std::vector<CorrelationEvent>& events) const {
    if (corrected_.empty()) return;
    for (CorrelationEvent& event : events) {
      const auto found = std::find_if(corrected_.begin(), corrected_.end(),
                                      [&](const Corrected& corrected) { return corrected.at == event.at; });
      if (found != corrected_.end()) event.time = found->time;
    }
  }

 private:
  struct Corrected {
    RecordCoordinates at;
    EventTime time;
  };
  std::vector<Corrected> corrected_;
};

}  // namespace weir
