#include "app/replay/counter_sums.h"

namespace weir {
namespace {

void add(Counter& sum, const Counter& counter) {
  sum.add(counter.value());
}

template <size_t N>
void add(std::array<Counter, N>& sum, const std::array<Counter, N>& array) {
  for (size_t i = 0; i < N; ++i)
    add(sum[i], array[i]);
}

void add(SourceCounters& sum, const SourceCounters& counters) {
  add(sum.records, counters.records);
  add(sum.requests, counters.requests);
  add(sum.skipped, counters.skipped);
  add(sum.malicious, counters.malicious);
  add(sum.rejected, counters.rejected);
  add(sum.fields_read, counters.fields_read);
  add(sum.fields_unread, counters.fields_unread);
}

}  // namespace

/// All but the histogram, which is for metrics.
void add_to(DetectCounters& sum, const DetectCounters& counters) {
  for (size_t i = 0; i < sum.sources.size(); ++i)
    add(sum.sources[i], counters.sources[i]);
  for (Counter DetectCounters::*counter : {&DetectCounters::records,
                                           &DetectCounters::bytes,
                                           &DetectCounters::requests,
                                           &DetectCounters::skipped,
                                           &DetectCounters::salvaged,
                                           &DetectCounters::malformed,
                                           &DetectCounters::without_time,
                                           &DetectCounters::without_address,
                                           &DetectCounters::excluded_hits,
                                           &DetectCounters::malicious,
                                           &DetectCounters::utf8_repaired,
                                           &DetectCounters::truncated_records,
                                           &DetectCounters::dropped_lines,
                                           &DetectCounters::scan_failures,
                                           &DetectCounters::bot_user_agents,
                                           &DetectCounters::capped_scans,
                                           &DetectCounters::expression_limits,
                                           &DetectCounters::exclusions_left_out,
                                           &DetectCounters::violations_left_out,
                                           &DetectCounters::rule_set_changes,
                                           &DetectCounters::parse_ns,
                                           &DetectCounters::decode_ns,
                                           &DetectCounters::match_ns,
                                           &DetectCounters::observe_ns})
    add(sum.*counter, counters.*counter);
  add(sum.fields_read, counters.fields_read);
  add(sum.fields_unread, counters.fields_unread);
  add(sum.rejected, counters.rejected);
  add(sum.rule_hits, counters.rule_hits);
  add(sum.policy_violations, counters.policy_violations);
  add(sum.response_faults, counters.response_faults);
}

}  // namespace weir
