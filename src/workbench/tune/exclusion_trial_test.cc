#include "workbench/tune/exclusion_trial.h"

#include "base/catch.h"
#include "rules/loader.h"
#include "workbench/flat_profile.h"
#include "workbench/tune/false_alarm.h"

namespace weir {
namespace {

constexpr EventTime kEnd{Milliseconds(1'900'000'000'000)};
constexpr const char* kHeavy = "00000000-0000-4000-8000-000000000001";
constexpr const char* kLight = "00000000-0000-4000-8000-000000000002";

std::string rule(const std::string& id, const std::string& text, int weight, const std::string& positive) {
  return "title: rule of " + text + "\nid: " + id +
         "\nlogsource: {category: webserver}\ndetection:\n  it: {weir.text|contains: '" + text +
         "'}\n  condition: it\nlevel: high\nweir:\n  category: other\n  weight: " + std::to_string(weight) +
         "\n  examples: {positive: [" + positive + "], negative: [a]}\n";
}

struct Bench {
  std::vector<Rule> rules;
  std::shared_ptr<const RuleSet> set;
  std::optional<RecordJudge> judge;
  Arena arena;
  JudgedRecord record;

  Bench() {
    Diagnostics diagnostics;
    rules = parse_rules(rule(kHeavy, "heavy", 10, "heavy, {path: /articles/9, query: q=heavy}") + "---\n" +
                            rule(kLight, "light", 6, "light"),
                        "rules.yml", diagnostics);
    set = *RuleSet::compile(rules, RuleSetOptions{}, diagnostics);
    judge.emplace(std::move(*RecordJudge::create(flat_profile(), Judgement(set))));
  }

  JudgedRecord& matched(const std::string& path, const std::string& query) {
    arena.clear();
    const std::string text =
        R"({"ts":"2026-01-01T00:00:00Z","ip":"192.0.2.1","method":"GET","host":"a.example","path":")" + path +
        R"(","query":")" + query + R"("})";
    REQUIRE(judge->parse(text, record).ok());
    judge->decode(record);
    judge->identify(EventTime::max(), arena, record);
    judge->prepare(record);
    judge->match({&record, 1});
    return record;
  }

  ExclusionTrial trial(const std::vector<FalseHit>& hits, const std::vector<ExclusionWidth>& widths) {
    std::vector<Judgement> proposals;
    for (const auto width : widths) {
      ExclusionDraft draft(nullptr, width, kEnd);
      for (const auto& hit : hits)
        draft.add(hit);
      Diagnostics diagnostics;
      proposals.emplace_back(set, *Policy::compile(draft.spec(), SecurityLevel::kStandard, diagnostics));
    }
    return std::move(*ExclusionTrial::create(flat_profile(), Judgement(set), proposals));
  }
};

std::vector<std::string> rules_of(const FalseAlarm& alarm) {
  std::vector<std::string> ids;
  for (const auto& hit : alarm.hits)
    ids.push_back(hit.rule + " " + hit.parameter);
  return ids;
}

const std::string kOfHeavy = std::string(kHeavy) + " ";

}  // namespace

TEST_CASE("as few hits are false as it takes to end the alarm, the heaviest first", "[tune]") {
  Bench bench;
  const auto alarm = find_false_hits(*bench.judge, bench.matched("/articles/17", "q=heavy&r=light"));
  CHECK(alarm.is_malicious);
  CHECK(alarm.is_ended);
  CHECK(rules_of(alarm) == std::vector<std::string>{kOfHeavy + "q"});
}

TEST_CASE("a rule that hits in several places is false in each", "[tune]") {
  Bench bench;
  const auto alarm = find_false_hits(*bench.judge, bench.matched("/articles/17", "q=heavy&r=heavy"));
  CHECK(alarm.is_ended);
  CHECK(rules_of(alarm) == std::vector<std::string>{kOfHeavy + "q", kOfHeavy + "r"});
  CHECK_FALSE(find_false_hits(*bench.judge, bench.matched("/articles/17", "q=light")).is_malicious);
}

TEST_CASE("a trial says what each proposal ends, loses and hides", "[tune]") {
  Bench bench;
  const auto alarm = find_false_hits(*bench.judge, bench.matched("/articles/17", "q=heavy"));
  ExclusionTrial trial =
      bench.trial(alarm.hits, {ExclusionWidth::kParameter, ExclusionWidth::kRoute, ExclusionWidth::kHost});
  trial.take_false_alarm(bench.matched("/articles/17", "q=heavy"), "a:1");
  trial.take_false_alarm(bench.matched("/pages/1", "q=heavy"), "a:2");
  trial.take(bench.matched("/articles/18", "r=heavy"), true, "b:1");  // another parameter
  trial.take(bench.matched("/search", "q=heavy&token=abcdefghijkl1234"), true,
             "b:2");  // another route
  const auto& effects = trial.effects();
  CHECK(effects[0].alarms_left.first == std::vector<std::string>{"a:2: GET a.example/pages/1?q=heavy"});
  CHECK(effects[0].attacks_lost.count == 0);
  CHECK(effects[0].hidden_hits() == 0);
  CHECK_FALSE(effects[1].is_fine());
  CHECK(effects[2].alarms_left.count == 0);
  CHECK(effects[1].attacks_lost.first == std::vector<std::string>{"b:1: GET a.example/articles/18?r=heavy"});
  CHECK(effects[2].attacks_lost.count == 2);
  CHECK(effects[2].hidden.front().hits == 2);
  const std::string masked = effects[2].hidden.front().requests.first.back();
  CHECK(masked.starts_with("b:2: GET a.example/search?q=heavy&token=***1234: query q=heavy (rule of heavy)"));
}

TEST_CASE("of a filter the hits that are gone count as hidden", "[tune]") {
  Bench bench;
  Diagnostics diagnostics;
  const auto rules = parse_rules(rule(kHeavy, "heavy", 10, "heavy") + "---\n" + rule(kLight, "light", 6, "light") +
                                     "---\ntitle: f\nlogsource: {category: webserver}\nfilter:\n  rules: [" + kHeavy +
                                     "]\n  selection: {weir.query|contains: known}\n  condition: not selection\n",
                                 "rules.yml", diagnostics);
  const std::vector<Judgement> proposals{Judgement(*RuleSet::compile(rules, RuleSetOptions{}, diagnostics))};
  ExclusionTrial trial = std::move(*ExclusionTrial::create(flat_profile(), Judgement(bench.set), proposals));
  trial.take_false_alarm(bench.matched("/a", "q=heavy&r=known"), "a:1");
  trial.take(bench.matched("/b", "q=heavy+light&r=known"), true, "b:1");
  trial.take(bench.matched("/b", "q=heavy"), true, "b:2");
  const ExclusionEffect& effect = trial.effects().front();
  CHECK(effect.alarms_left.count == 0);
  CHECK(effect.attacks_lost.first == std::vector<std::string>{"b:1: GET a.example/b?q=heavy+light&r=known"});
  CHECK(effect.hidden.front().hits == 1);
}

TEST_CASE("positive examples on the route of an exclusion are named with it", "[tune]") {
  Bench bench;
  auto alarm = find_false_hits(*bench.judge, bench.matched("/articles/17", "q=heavy"));
  alarm.hits.front().host.clear();  // on any host, as the examples are on none
  ExclusionTrial trial = bench.trial(alarm.hits, {ExclusionWidth::kParameter});
  REQUIRE(trial.try_examples(bench.rules, {kHeavy}));
  const ExclusionEffect& effect = trial.effects().front();
  CHECK(effect.examples == 2);  // of the rule concerned only
  REQUIRE(effect.examples_lost.size() == 1);
  CHECK(effect.examples_lost.front().rule == kHeavy);
  CHECK(effect.examples_lost.front().exclusion == 0);
}

}  // namespace weir
