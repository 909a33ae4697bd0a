#include "workbench/rule_cost.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "pipeline/record_judge.h"
#include "workbench/flat_profile.h"

namespace weir {
namespace {

constexpr size_t kSampleRecordsMax = 5'000;
/// Matched together, as the analyzer does.
constexpr size_t kGroupRecords = 16;
/// Timed together: so short that a pass without a disturbance is likely for each, so long that reading the clock costs little.
constexpr size_t kPieceRecords = 64;

/// Records parsed and decoded, so that what a rule changes, the matching, is timed alone.
class Sample {
 public:
  Sample(const std::vector<std::string>& records, RecordJudge& judge) : judge_(judge) {
    records_.reserve(std::min(records.size(), kSampleRecordsMax));
    for (const auto& json : records) {
      if (records_.size() == kSampleRecordsMax) break;
      JudgedRecord& record = records_.emplace_back();
      if (!prepare(json, record)) {
        records_.pop_back();
        continue;
      }
      judge_.identify(EventTime::max(), arena_, record);
      judge_.prepare(record);
      texts_.push_back(json);
    }
  }

  /// Seconds to parse and decode all of them again: the sum over pieces of the fastest times.
  double seconds_to_prepare(size_t passes, const Stopwatch& now) {
    double sum = 0;
    for (size_t first = 0; first < records_.size(); first += kPieceRecords) {
      double best = std::numeric_limits<double>::max();
      for (size_t pass = 0; pass < passes; ++pass) {
        const double begin = now();
        for (size_t i = first; i < std::min(records_.size(), first + kPieceRecords); ++i)
          prepare(texts_[i], records_[i]);
        best = std::min(best, now() - begin);
      }
      sum += best;
    }
    return sum;
  }

  [[nodiscard]] std::span<JudgedRecord> records() { return records_; }

 private:
  bool prepare(std::string_view json, JudgedRecord& record) {
    if (!judge_.parse(json, record).ok()) return false;
    judge_.decode(record);
    return true;
  }

  RecordJudge& judge_;
  Arena arena_;
  std::vector<std::string_view> texts_;
  std::vector<JudgedRecord> records_;
};

Result<RecordJudge> judge_for(const std::vector<Rule>& rules, const RuleSetOptions& options) {
  Diagnostics diagnostics;
  auto set = RuleSet::compile(rules, options, diagnostics);
  if (!set) return tl::unexpected<Error>(set.error());
  return RecordJudge::create(flat_profile(), Judgement(*set));
}

/// Matches parts of a sample against one rule set.
class Contestant {
 public:
  Contestant(RecordJudge& judge, Sample& sample) : judge_(judge), records_(sample.records()) {
    // As many lines are known after one pass as in a stream of such records.
    for (size_t at = 0; at < records_.size(); at += kGroupRecords)
      match_group(at, LineLearning::kOn);
  }
  Contestant(const Contestant&) = delete;
  Contestant& operator=(const Contestant&) = delete;

  /// Seconds for the records from `first` on, at most a piece.
  double seconds_for(size_t first, const Stopwatch& now) {
    const size_t last = std::min(records_.size(), first + kPieceRecords);
    const double begin = now();
    for (size_t at = first; at < last; at += kGroupRecords)
      match_group(at, LineLearning::kOff);
    return now() - begin;
  }

  [[nodiscard]] size_t records() const { return records_.size(); }

 private:
  void match_group(size_t first, LineLearning learning) {
    judge_.match(records_.subspan(first, std::min(kGroupRecords, records_.size() - first)), learning);
  }

  RecordJudge& judge_;
  std::span<JudgedRecord> records_;
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

/// A rule runs at its own level and at stricter ones; the one where most of those who have it meet it.
SecurityLevel measured_at(const Rule& rule) {
  return std::max(rule.security_level, SecurityLevel::kStandard);
}

RuleSetOptions at_level(RuleSetOptions options, SecurityLevel level) {
  options.security_level = level;
  options.other_levels = 0;
  return options;
}

Result<RecordJudge> judge_without(std::vector<Rule> rules, size_t left_out, const RuleSetOptions& options) {
  rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(left_out));
  return judge_for(rules, options);
}

/// The rules to measure at a level, by their index.
std::vector<size_t> chosen(const std::vector<Rule>& rules, SecurityLevel level, const std::vector<std::string>& only) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < rules.size(); ++i) {
    const bool wanted = only.empty() || std::find(only.begin(), only.end(), rules[i].id) != only.end();
    if (wanted && measured_at(rules[i]) == level) indices.push_back(i);
  }
  return indices;
}

/// Measures the rules of one level.
class LevelMeasurement {
 public:
  LevelMeasurement(const std::vector<Rule>& rules, const RuleSetOptions& options, SecurityLevel level,
                   const Stopwatch& now, const RuleCostOptions& cost_options)
      : rules_(rules), options_(at_level(options, level)), level_(level), now_(now), cost_options_(cost_options) {}

  Status measure(const std::vector<size_t>& indices, const std::vector<std::string>& records, RuleCosts& costs) {
    auto all = judge_for(rules_, options_);
    if (!all) return tl::unexpected<Error>(all.error());
    Sample sample(records, *all);
    if (sample.records().empty())
      return fail(ErrorCode::kInvalidArgument, "rules", "no record of the sample could be read in the flat profile");
    prepare_seconds_ = sample.seconds_to_prepare(cost_options_.passes, now_);
    Contestant with_all(*all, sample);
    const size_t first = costs.rules.size();
    // Compiling takes longer than measuring, so the next rule set is compiled meanwhile.
    NextJudge next = start_without(indices[0]);
    for (size_t i = 0; i < indices.size(); ++i) {
      next.wait();
      Result<RecordJudge> judge = std::move(**next.judge);
      if (i + 1 < indices.size()) next = start_without(indices[i + 1]);
      if (!judge) {
        next.wait();
        return tl::unexpected<Error>(judge.error());
      }
      Contestant without(*judge, sample);
      costs.rules.push_back(cost_of(rules_[indices[i]], with_all, without));
      if (cost_options_.progress) cost_options_.progress(costs.rules.size());
    }
    const double per_record = 1e9 / static_cast<double>(sample.records().size());
    LevelCost level{level_, all->rules().rules().size(), prepare_seconds_ * per_record,
                    median_of(match_seconds_) * per_record};
    for (size_t i = first; i < costs.rules.size(); ++i)
      costs.rules[i].nanoseconds_per_record =
          costs.rules[i].share * (level.prepare_nanoseconds_per_record + level.match_nanoseconds_per_record);
    costs.levels.push_back(level);
    costs.records = sample.records().size();
    return {};
  }

 private:
  /// A judge that is being made.
  struct NextJudge {
    std::shared_ptr<std::optional<Result<RecordJudge>>> judge;
    std::function<void()> wait;
  };

  NextJudge start_without(size_t index) const {
    auto place = std::make_shared<std::optional<Result<RecordJudge>>>();
    const auto compile = [this, index, place] { place->emplace(judge_without(rules_, index, options_)); };
    if (cost_options_.background) return {place, cost_options_.background(compile)};
    return {place, compile};
  }

  RuleCost cost_of(const Rule& rule, Contestant& with_all, Contestant& without) {
    std::vector<double> shares;
    const auto lowest = [&] { return *std::min_element(shares.begin(), shares.end()); };
    const auto measure_once = [&] {
      const PairSeconds seconds = fastest(with_all, without, cost_options_.passes, now_);
      const double scan_seconds = prepare_seconds_ + seconds.all;
      shares.push_back(scan_seconds > 0 ? (seconds.all - seconds.without) / scan_seconds : 0);
      match_seconds_.push_back(seconds.all);
    };
    while (shares.size() < cost_options_.measurements)
      measure_once();
    while (cost_options_.share_max > 0 && lowest() > cost_options_.share_max &&
           shares.size() < cost_options_.measurements_max)
      measure_once();
    RuleCost cost;
    cost.rule_id = rule.id;
    cost.title = rule.title;
    cost.level = level_;
    cost.share = median_of(shares);
    cost.share_low = lowest();
    cost.share_high = *std::max_element(shares.begin(), shares.end());
    cost.measurements = shares.size();
    return cost;
  }

  const std::vector<Rule>& rules_;
  const RuleSetOptions options_;
  const SecurityLevel level_;
  const Stopwatch& now_;
  const RuleCostOptions& cost_options_;
  double prepare_seconds_ = 0;
  std::vector<double> match_seconds_;
};

}  // namespace

Result<RuleCosts> measure_rule_costs(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                     const std::vector<std::string>& records, const Stopwatch& now,
                                     const RuleCostOptions& cost_options) {
  for (const std::string& id : cost_options.only)
    if (std::none_of(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.id == id; }))
      return fail(ErrorCode::kNotFound, "rules", "no rule has the id '" + id + "'");
  RuleCosts costs;
  for (const SecurityLevel level : {SecurityLevel::kStandard, SecurityLevel::kStrict}) {
    const std::vector<size_t> indices = chosen(rules, level, cost_options.only);
    if (indices.empty()) continue;
    LevelMeasurement measurement(rules, options, level, now, cost_options);
    if (Status status = measurement.measure(indices, records, costs); !status)
      return tl::unexpected<Error>(status.error());
  }
  std::sort(costs.rules.begin(), costs.rules.end(),
            [](const RuleCost& a, const RuleCost& b) { return a.share > b.share; });
  return costs;
}

}  // namespace weir
