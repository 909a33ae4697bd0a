#include "detect/rule_cost.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <span>

#include "base/assert.h"
#include "decode/decoder.h"
#include "detect/matcher.h"
#include "event/event_parser.h"

namespace weir {
namespace {

constexpr size_t kSampleRecordsMax = 5'000;
/// Matched together, as the analyzer does.
constexpr size_t kGroupRecords = 16;
/// Timed together: so short that a pass without a disturbance is likely for each, so long that reading the clock costs little.
constexpr size_t kPieceRecords = 64;

/// Records parsed and decoded once, so that only the matching is timed.
struct Sample {
  std::deque<EventParser> parsers;  // events borrow from their parser
  std::vector<Event> events;
  std::vector<DecodedRecord> decoded;
};

EventParser flat_parser() {
  InputOptions options;
  auto profile = InputProfile::built_in("flat");
  WEIR_ASSERT(profile.has_value(), "the flat profile is built in");
  options.profile = std::move(*profile);
  return EventParser(std::move(options));
}

Sample sample_of(const std::vector<std::string>& records, PlaceMask raw_places) {
  DecodeOptions options;
  options.raw_places = raw_places;
  Decoder decoder(options);
  Sample sample;
  for (const auto& record : records) {
    if (sample.events.size() == kSampleRecordsMax) break;
    Event event;
    sample.parsers.push_back(flat_parser());
    if (!sample.parsers.back().parse(record, event).ok()) {
      sample.parsers.pop_back();
      continue;
    }
    DecodedRecord decoded;
    decoder.decode(event, decoded);
    sample.events.push_back(event);
    sample.decoded.push_back(std::move(decoded));
  }
  return sample;
}

Result<Matcher> matcher_for(const std::vector<Rule>& rules, const RuleSetOptions& options) {
  Diagnostics diagnostics;
  auto set = RuleSet::compile(rules, options, diagnostics);
  if (!set) return tl::unexpected<Error>(set.error());
  Matcher matcher;
  if (Status status = matcher.use(*set); !status) return tl::unexpected<Error>(status.error());
  return matcher;
}

/// Matches parts of a sample against one rule set.
class Contestant {
 public:
  Contestant(Matcher& matcher, const Sample& sample) : matcher_(matcher), policy_(matcher.own_level()) {
    detections_.resize(kGroupRecords);
    for (size_t i = 0; i < sample.events.size(); ++i)
      tasks_.push_back({&sample.events[i], &sample.decoded[i], &policy_, &detections_[i % kGroupRecords]});
    for (size_t at = 0; at < tasks_.size(); at += kGroupRecords)
      match_group(at);
    matcher_.learn_lines(false);  // as many are known now as in a stream of such records
  }
  Contestant(const Contestant&) = delete;
  Contestant& operator=(const Contestant&) = delete;

  /// Seconds for the records from `first` on, at most a piece.
  double seconds_for(size_t first, const Stopwatch& now) {
    const size_t last = std::min(tasks_.size(), first + kPieceRecords);
    const double begin = now();
    for (size_t at = first; at < last; at += kGroupRecords)
      match_group(at);
    return now() - begin;
  }

  [[nodiscard]] size_t records() const { return tasks_.size(); }

 private:
  void match_group(size_t first) {
    matcher_.match(std::span(tasks_).subspan(first, std::min(kGroupRecords, tasks_.size() - first)));
  }

  Matcher& matcher_;
  MatchPolicy policy_;
  std::vector<Detection> detections_;
  std::vector<MatchTask> tasks_;
};

struct PairSeconds {
  double all = 0, without = 0;
};

/// The sum over the pieces of the sample of their fastest times.
PairSeconds fastest(Contestant& all, Contestant& without, size_t passes, const Stopwatch& now) {
  PairSeconds sum;
  for (size_t first = 0; first < all.records(); first += kPieceRecords) {
    PairSeconds best{std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
    for (size_t pass = 0; pass < passes; ++pass) {
      // Who comes first in turn: the one that does finds the caches of the processor differently.
      const bool all_first = pass % 2 == 0;
      if (all_first) best.all = std::min(best.all, all.seconds_for(first, now));
      best.without = std::min(best.without, without.seconds_for(first, now));
      if (!all_first) best.all = std::min(best.all, all.seconds_for(first, now));
    }
    sum.all += best.all;
    sum.without += best.without;
  }
  return sum;
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

RuleCost cost_of(const std::vector<double>& shares) {
  RuleCost cost;
  cost.share = median_of(shares);
  cost.share_low = *std::min_element(shares.begin(), shares.end());
  cost.share_high = *std::max_element(shares.begin(), shares.end());
  cost.measurements = shares.size();
  return cost;
}

}  // namespace

Result<RuleCosts> measure_rule_costs(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                     const std::vector<std::string>& records, const Stopwatch& now,
                                     const RuleCostOptions& cost_options) {
  auto all = matcher_for(rules, options);
  if (!all) return tl::unexpected<Error>(all.error());
  const Sample sample = sample_of(records, all->rules().raw_places());
  if (sample.events.empty())
    return fail(ErrorCode::kInvalidArgument, "rules", "no record of the sample could be read in the flat profile");
  Contestant with_all(*all, sample);
  RuleCosts costs;
  costs.records = sample.events.size();
  std::vector<double> all_seconds;
  for (size_t i = 0; i < rules.size(); ++i) {
    std::vector<Rule> others = rules;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    auto matcher = matcher_for(others, options);
    if (!matcher) return tl::unexpected<Error>(matcher.error());
    Contestant without(*matcher, sample);
    std::vector<double> shares;
    const auto measure = [&] {
      const PairSeconds seconds = fastest(with_all, without, cost_options.passes, now);
      shares.push_back(seconds.all > 0 ? 1 - seconds.without / seconds.all : 0);
      all_seconds.push_back(seconds.all);
    };
    while (shares.size() < cost_options.measurements)
      measure();
    while (cost_options.share_max > 0 && cost_of(shares).share_low > cost_options.share_max &&
           shares.size() < cost_options.measurements_max)
      measure();
    RuleCost cost = cost_of(shares);
    cost.rule_id = rules[i].id;
    cost.title = rules[i].title;
    costs.rules.push_back(std::move(cost));
    if (cost_options.progress) cost_options.progress(i + 1);
  }
  if (!all_seconds.empty())
    costs.nanoseconds_per_record = median_of(all_seconds) * 1e9 / static_cast<double>(costs.records);
  for (RuleCost& cost : costs.rules)
    cost.nanoseconds_per_record = cost.share * costs.nanoseconds_per_record;
  std::sort(costs.rules.begin(), costs.rules.end(),
            [](const RuleCost& a, const RuleCost& b) { return a.share > b.share; });
  return costs;
}

}  // namespace weir
