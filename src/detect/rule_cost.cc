#include "detect/rule_cost.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "base/assert.h"
#include "decode/decoder.h"
#include "detect/matcher.h"
#include "event/event_parser.h"

namespace weir {
namespace {

constexpr size_t kSampleRecordsMax = 5'000;
/// Two standard deviations of the binomial distribution: 95 %.
constexpr double kDeviations = 1.96;

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

double seconds_for(Matcher& matcher, const Sample& sample, const Stopwatch& now) {
  Detection detection;
  const double begin = now();
  for (size_t i = 0; i < sample.events.size(); ++i)
    matcher.match(sample.events[i], sample.decoded[i], detection);
  return now() - begin;
}

/// What the rounds so far say of one rule.
class PairedRounds {
 public:
  PairedRounds(Matcher& all, Matcher& without, const Sample& sample, const Stopwatch& now)
      : all_(all), without_(without), sample_(sample), now_(now) {
    seconds_for(without_, sample_, now_);  // its caches fill
  }

  void measure(size_t rounds) {
    for (size_t i = 0; i < rounds; ++i) {
      // Who comes first in turn: the one that does finds the caches of the processor differently.
      const bool all_first = shares_.size() % 2 == 0;
      const double first = seconds_for(all_first ? all_ : without_, sample_, now_);
      const double second = seconds_for(all_first ? without_ : all_, sample_, now_);
      const double all = all_first ? first : second;
      const double without = all_first ? second : first;
      all_seconds_.push_back(all);
      shares_.push_back(all > 0 ? 1 - without / all : 0);
    }
  }

  [[nodiscard]] RuleCost cost() const { return summarize_rounds(shares_); }
  [[nodiscard]] size_t rounds() const { return shares_.size(); }
  [[nodiscard]] const std::vector<double>& all_seconds() const { return all_seconds_; }

 private:
  Matcher& all_;
  Matcher& without_;
  const Sample& sample_;
  const Stopwatch& now_;
  std::vector<double> shares_;
  std::vector<double> all_seconds_;
};

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

RuleCost summarize_rounds(std::vector<double> shares) {
  WEIR_ASSERT(!shares.empty(), "a median of something");
  std::sort(shares.begin(), shares.end());
  const auto count = static_cast<double>(shares.size());
  // The median lies below the k-th value with the probability that fewer than k of n fair coins fall on one side.
  const double below = std::max(0.0, std::floor((count - kDeviations * std::sqrt(count)) / 2));
  const auto k = static_cast<size_t>(below);
  RuleCost cost;
  cost.share = median_of(shares);
  cost.share_low = shares[k];
  cost.share_high = shares[shares.size() - 1 - k];
  cost.rounds = shares.size();
  return cost;
}

Result<RuleCosts> measure_rule_costs(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                     const std::vector<std::string>& records, const Stopwatch& now,
                                     const RuleCostOptions& cost_options) {
  auto all = matcher_for(rules, options);
  if (!all) return tl::unexpected<Error>(all.error());
  const Sample sample = sample_of(records, all->rules().raw_places());
  if (sample.events.empty())
    return fail(ErrorCode::kInvalidArgument, "rules", "no record of the sample could be read in the flat profile");
  seconds_for(*all, sample, now);
  RuleCosts costs;
  costs.records = sample.events.size();
  std::vector<double> all_seconds;
  for (size_t i = 0; i < rules.size(); ++i) {
    std::vector<Rule> others = rules;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    auto without = matcher_for(others, options);
    if (!without) return tl::unexpected<Error>(without.error());
    PairedRounds rounds(*all, *without, sample, now);
    rounds.measure(cost_options.rounds);
    while (cost_options.share_max > 0 && rounds.cost().share_high > cost_options.share_max &&
           rounds.rounds() < cost_options.rounds_max)
      rounds.measure(cost_options.rounds);
    RuleCost cost = rounds.cost();
    cost.rule_id = rules[i].id;
    cost.title = rules[i].title;
    costs.rules.push_back(std::move(cost));
    all_seconds.push_back(median_of(rounds.all_seconds()));
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
