#include "detect/rule_check.h"

#include <algorithm>
#include <deque>
#include <limits>

#include "base/assert.h"
#include "decode/decoder.h"
#include "detect/matcher.h"
#include "event/event_parser.h"

namespace weir {
namespace {

constexpr size_t kExamplesWanted = 3;

EventParser flat_parser() {
  InputOptions options;
  auto profile = InputProfile::built_in("flat");
  WEIR_ASSERT(profile.has_value(), "the flat profile is built in");
  options.profile = std::move(*profile);
  return EventParser(std::move(options));
}

Decoder decoder_for(const RuleSet& rules) {
  DecodeOptions options;
  options.raw_places = rules.raw_places();
  return Decoder(options);
}

Diagnostic finding(Diagnostic::Severity severity, const Rule& rule, int line, std::string message) {
  return {severity, rule.file, line, 0, std::move(message), {}};
}

/// The whole way of one record, as the detect stage goes it.
class ExampleRunner {
 public:
  static Result<ExampleRunner> create(std::shared_ptr<const RuleSet> rules) {
    ExampleRunner runner(*rules);
    if (Status status = runner.matcher_.use(std::move(rules)); !status) return tl::unexpected<Error>(status.error());
    return runner;
  }

  /// Empty when the record was judged, else why not.
  std::string run(const RuleExample& example, SecurityLevel level) {
    Event event;
    const ParseOutcome outcome = parser_.parse(example.record_json, event);
    if (!outcome.ok())
      return "the record is rejected: " + std::string(to_string(outcome.reason)) + " " + outcome.detail;
    decoder_.decode(event, decoded_);
    MatchPolicy policy;
    policy.level = level;
    matcher_.match(event, decoded_, policy, detection_);
    return detection_.scan_failed ? "the matching library failed" : "";
  }

  [[nodiscard]] const Detection& detection() const { return detection_; }
  [[nodiscard]] bool hit(const std::string& id) const {
    return std::any_of(detection_.hits.begin(), detection_.hits.end(),
                       [&](const Hit& h) { return matcher_.rules().rules()[h.rule].id == id; });
  }
  [[nodiscard]] std::string hit_titles() const {
    std::string titles;
    for (const auto& hit : detection_.hits)
      titles += (titles.empty() ? "" : ", ") + matcher_.rules().rules()[hit.rule].title;
    return titles;
  }

 private:
  explicit ExampleRunner(const RuleSet& rules) : parser_(flat_parser()), decoder_(decoder_for(rules)) {}

  EventParser parser_;
  Decoder decoder_;
  Matcher matcher_;
  DecodedRecord decoded_;
  Detection detection_;
};

/// Runs one example and appends its result and findings.
void run_example(ExampleRunner& runner, const Rule& rule, const RuleExample& example, bool positive,
                 RuleTestReport& report) {
  ExampleResult result{
      rule.id, rule.title, rule.file, example.line, positive, true, runner.run(example, rule.security_level)};
  const Detection& detection = runner.detection();
  if (result.message.empty() && positive && !runner.hit(rule.id)) result.message = "the positive example is not hit";
  if (result.message.empty() && !positive && runner.hit(rule.id)) result.message = "the negative example is hit";
  if (result.message.empty() && !positive && detection.malicious && rule.ours)
    result.message = "the negative example is called malicious, because of: " + runner.hit_titles();
  if (result.message.empty() && positive && !detection.malicious && rule.ours && rule.weight > 0 && !rule.supporting)
    report.findings.push_back(
        finding(Diagnostic::Severity::kWarning, rule, example.line,
                "the positive example scores only " + std::to_string(detection.score) + ", below the threshold"));
  result.passed = result.message.empty();
  if (!result.passed)
    report.findings.push_back(
        finding(Diagnostic::Severity::kError, rule, example.line, rule.title + ": " + result.message));
  report.examples.push_back(std::move(result));
}

void check_example_counts(const Rule& rule, Diagnostics& diagnostics) {
  if (!rule.ours) return;
  const size_t positive = rule.positive_examples.size();
  const size_t negative = rule.negative_examples.size();
  if (positive == 0 || negative == 0)
    diagnostics.push_back(
        finding(Diagnostic::Severity::kError, rule, rule.line,
                "the rule '" + rule.title + "' has no " + (positive == 0 ? "positive" : "negative") + " examples"));
  else if (positive < kExamplesWanted || negative < kExamplesWanted)
    diagnostics.push_back(
        finding(Diagnostic::Severity::kWarning, rule, rule.line,
                "the rule '" + rule.title + "' has fewer than three positive and three negative examples"));
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c);
    }
  }
  return out;
}

/// Records parsed and decoded once, so that only the matching is timed.
struct Sample {
  std::deque<EventParser> parsers;  // events borrow from their parser
  std::vector<Event> events;
  std::vector<DecodedRecord> decoded;
};

constexpr size_t kSampleRecordsMax = 5'000;

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

/// Seconds for one pass over the sample: the best of several, which is the least disturbed.
Result<double> seconds_per_pass(const std::vector<Rule>& rules, const RuleSetOptions& options, const Sample& sample,
                                Stopwatch now) {
  constexpr int kPassesMin = 7;
  constexpr double kSecondsMin = 0.1;
  Diagnostics diagnostics;
  auto set = RuleSet::compile(rules, options, diagnostics);
  if (!set) return tl::unexpected<Error>(set.error());
  Matcher matcher;
  if (Status status = matcher.use(*set); !status) return tl::unexpected<Error>(status.error());
  Detection detection;
  double best = std::numeric_limits<double>::max();
  const double begin = now();
  for (int pass = 0; pass < kPassesMin || now() - begin < kSecondsMin; ++pass) {
    const double pass_begin = now();
    for (size_t i = 0; i < sample.events.size(); ++i)
      matcher.match(sample.events[i], sample.decoded[i], detection);
    best = std::min(best, now() - pass_begin);
  }
  return best;
}

}  // namespace

size_t RuleTestReport::failed() const {
  return static_cast<size_t>(
      std::count_if(examples.begin(), examples.end(), [](const ExampleResult& result) { return !result.passed; }));
}

Result<RuleTestReport> test_rules(const std::vector<Rule>& rules, const RuleSetOptions& options) {
  RuleSetOptions all_levels = options;
  all_levels.other_levels =
      mask_of(SecurityLevel::kPermissive) | mask_of(SecurityLevel::kStandard) | mask_of(SecurityLevel::kStrict);
  RuleTestReport report;
  Diagnostics compile_findings;
  auto set = RuleSet::compile(rules, all_levels, compile_findings);
  if (!set) return tl::unexpected<Error>(set.error());
  auto runner = ExampleRunner::create(*set);
  if (!runner) return tl::unexpected<Error>(runner.error());
  for (const auto& rule : rules) {
    check_example_counts(rule, report.findings);
    for (const auto& example : rule.positive_examples)
      run_example(*runner, rule, example, true, report);
    for (const auto& example : rule.negative_examples)
      run_example(*runner, rule, example, false, report);
  }
  return report;
}

std::string to_junit_xml(const RuleTestReport& report) {
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"weir rules\" tests=\"" +
      std::to_string(report.examples.size()) + "\" failures=\"" + std::to_string(report.failed()) +
      "\" errors=\"0\">\n";
  for (const auto& result : report.examples) {
    xml += "    <testcase classname=\"" + xml_text(result.rule_title) + "\" name=\"" +
           (result.positive ? "positive" : "negative") + " example at line " + std::to_string(result.line) +
           "\" file=\"" + xml_text(result.file) + "\" line=\"" + std::to_string(result.line) + "\"";
    if (result.passed)
      xml += "/>\n";
    else
      xml += ">\n      <failure message=\"" + xml_text(result.message) + "\">rule " + xml_text(result.rule_id) +
             "</failure>\n    </testcase>\n";
  }
  return xml + "  </testsuite>\n</testsuites>\n";
}

void lint_rules(const std::vector<Rule>& rules, Diagnostics& diagnostics) {
  const auto warn = [&](const Rule& rule, const std::string& what) {
    diagnostics.push_back(
        finding(Diagnostic::Severity::kWarning, rule, rule.line, "the rule '" + rule.title + "' has no " + what));
  };
  for (const auto& rule : rules) {
    check_example_counts(rule, diagnostics);
    if (!rule.ours) continue;
    if (rule.description.empty()) warn(rule, "description");
    if (rule.references.empty()) warn(rule, "references");
    if (rule.tags.empty()) warn(rule, "tags");
    if (rule.false_positives.empty()) warn(rule, "note on false positives");
    if (rule.category == Category::kOther && rule.file.find("/other/") == std::string::npos)
      diagnostics.push_back(
          finding(Diagnostic::Severity::kWarning, rule, rule.line, "the rule '" + rule.title + "' counts as 'other'"));
  }
}

Result<std::vector<RuleCost>> measure_rule_costs(const std::vector<Rule>& rules, const RuleSetOptions& options,
                                                 const std::vector<std::string>& records, Stopwatch now) {
  Diagnostics diagnostics;
  auto set = RuleSet::compile(rules, options, diagnostics);
  if (!set) return tl::unexpected<Error>(set.error());
  const Sample sample = sample_of(records, (*set)->raw_places());
  if (sample.events.empty())
    return fail(ErrorCode::kInvalidArgument, "rules", "no record of the sample could be read in the flat profile");
  auto all = seconds_per_pass(rules, options, sample, now);
  if (!all) return tl::unexpected<Error>(all.error());
  std::vector<RuleCost> costs;
  for (size_t i = 0; i < rules.size(); ++i) {
    std::vector<Rule> others = rules;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    const auto without = seconds_per_pass(others, options, sample, now);
    if (!without) return tl::unexpected<Error>(without.error());
    const double saved = *all - *without;
    costs.push_back(
        {rules[i].id, rules[i].title, saved / *all, saved * 1e9 / static_cast<double>(sample.events.size())});
  }
  std::sort(costs.begin(), costs.end(), [](const RuleCost& a, const RuleCost& b) { return a.share > b.share; });
  return costs;
}

}  // namespace weir
