#pragma once

#include <memory>
#include <string>
#include <vector>

#include "metrics/process_facts.h"
#include "pipeline/lane_counters.h"
#include "pipeline/rule_slot.h"

namespace weir {

/// The metrics of one process, summed over its lanes at each scrape: between scrapes they cost nothing but the lanes' own adds.
///
/// Purpose: the only place where counters become Prometheus text. Owner: the composition root. Threads: everything is added
/// before the first render(); render() may then run in several threads at once. What is added must live as long as this.
class MetricsRegistry {
 public:
  explicit MetricsRegistry(BuildInfo build);
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  /// Adds a lane of either stage. Its counters must not have been added before: they would count twice.
  void add(const LaneCounters& lane);
  void set_runtime(const RuntimeCounters& runtime);
  /// Where the rule set in force is found, for the metric that names it.
  void set_rules(const RuleSlot& rules);
  void set_questions(ProcessQuestions questions);
  /// The names of the sources, by number, for what is counted of each.
  void set_sources(std::vector<std::string> names);

  /// All metrics in Prometheus' text format 0.0.4. Allocates and reads /proc; takes about a millisecond, waits for nobody.
  [[nodiscard]] std::string render() const;

  /// What to send as Content-Type of render().
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Collector;
  std::unique_ptr<Collector> collector_;
};

}  // namespace weir
