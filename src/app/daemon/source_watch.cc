#include "app/daemon/source_watch.h"

namespace weir {

void SourceWatch::look(const SourceReadings& readings, const std::vector<SourceTotals>& totals, RecordSamples& samples,
                       Clock::time_point now) {
  seen_.resize(readings.size());
  for (size_t source = 0; source < readings.size() && source < totals.size(); ++source) {
    const SourceReading& reading = readings[source];
    look_at_form(source, reading, totals[source], samples, now);
    for (const BlindSpot& spot : blind_spots(totals[source], reading)) {
      if (spot.what == "records" || !seen_[source].fields_said.insert(spot.what).second) continue;
      log_(LogLevel::kWarning, "source " + reading.name + " lacks " + spot.what + ": " + spot.sentence);
    }
  }
}

/// In stretches of so many records, so that a change after a million good ones is seen, too.
void SourceWatch::look_at_form(size_t source, const SourceReading& reading, const SourceTotals& totals,
                               RecordSamples& samples, Clock::time_point now) {
  Seen& seen = seen_[source];
  const SourceTotals stretch = totals.since(seen.at);
  if (stretch.records < kBlindSpotRecords) return;
  seen.at = totals;
  const bool was_said = seen.unfit_said != Clock::time_point::min() && now - seen.unfit_said < kPause;
  if (!stretch.mostly_unfit() || was_said) return;
  seen.unfit_said = now;
  const std::string form = describe_(samples.take(source));
  log_(LogLevel::kWarning,
       "source " + reading.name + ": of " + std::to_string(stretch.records) +
           " records most do not have the form of profile " + reading.input.profile.name + "; of samples " +
           (form.empty() ? "none has a form that a profile reads: check one with `weir explain`" : form));
}

}  // namespace weir
