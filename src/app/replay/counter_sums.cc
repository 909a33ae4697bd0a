#include "app/replay/counter_sums.h"

namespace weir {
namespace {

void add(Counter& sum, const Counter& one) {
  sum.add(one.value());
}

template <size_t N>
void add(std::array<Counter, N>& sum, const std::array<Counter, N>& one) {
  for (size_t i = 0; i < N; ++i)
    add(sum[i], one[i]);
}

void add(SourceCounters& sum, const SourceCounters& one) {
  add(sum.records, one.records);
  add(sum.requests, one.requests);
  add(sum.skipped, one.skipped);
  add(sum.malicious, one.malicious);
  add(sum.rejected, one.rejected);
  add(sum.fields_read, one.fields_read);
  add(sum.fields_unread, one.fields_unread);
}

}  // namespace

/// All but the histogram, which is for metrics.
void add_to(DetectCounters& sum, const DetectCounters& one) {
  for (size_t i = 0; i < sum.sources.size(); ++i)
    add(sum.sources[i], one.sources[i]);
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
    add(sum.*counter, one.*counter);
  add(sum.fields_read, one.fields_read);
  add(sum.fields_unread, one.fields_unread);
  add(sum.rejected, one.rejected);
  add(sum.rule_hits, one.rule_hits);
  add(sum.policy_violations, one.policy_violations);
  add(sum.response_faults, one.response_faults);
}

}  // namespace weir
