// The one way of a record: alone, in a group and through the analyzer it comes to the same verdict.
#include "pipeline/record_judge.h"

#include <string>

#include "base/catch.h"
#include "pipeline/analyzer.h"
#include "pipeline/test_judgement.h"

namespace weir {
namespace {

/// Routes at three levels, one with a parameter at a level of its own, one with an exclusion of a parameter and one of the whole
/// record.
PolicySpec spec_of_five_routes() {
  PolicySpec spec;
  for (const char* path : {"/strict", "/loose", "/mixed", "/excluded", "/trusted"}) {
    RouteSpec& route = spec.routes.emplace_back();
    route.name = route.path = path;
  }
  spec.routes[0].settings.level = SecurityLevel::kStrict;
  spec.routes[1].settings.level = SecurityLevel::kPermissive;
  ParameterSpec note;
  note.name = "note";
  note.places = mask_of(Place::kQuery);
  note.level = SecurityLevel::kPermissive;
  spec.routes[2].parameters = {note};
  ExclusionSpec of_parameter, of_record;
  of_parameter.rules = of_record.rules = {testing::kBadwordRule};
  of_parameter.route = "/excluded";
  of_parameter.parameter = "html";
  of_record.route = "/trusted";
  spec.exclusions = {of_parameter, of_record};
  return spec;
}

AnalyzerOptions options() {
  AnalyzerOptions options;
  options.input.profile = *InputProfile::built_in("flat");
  options.keep_verdicts = true;
  return options;
}

/// Records of every route with every word in every parameter, in an order that mixes the routes.
std::vector<std::string> texts() {
  std::vector<std::string> made;
  for (const char* word : {"badword", "strictword", "good"})
    for (const char* parameter : {"note", "html", "q"})
      for (const char* path : {"/strict", "/loose", "/mixed", "/excluded", "/trusted", "/other"})
        made.push_back(R"({"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.7","method":"GET","path":")" + std::string(path) +
                       R"(","query":"a=1&)" + parameter + "=" + word + "\"}");
  return made;
}

std::string summary(const JudgedRecord& record) {
  std::string text = std::to_string(record.detection.score) + (record.detection.malicious ? " malicious" : "");
  for (const Hit& hit : record.detection.hits)
    text += " hit" + std::to_string(hit.rule) + "@" + std::to_string(hit.line);
  for (const ExcludedHit& excluded : record.detection.excluded)
    text +=
        " excluded" + std::to_string(excluded.hit.rule) + "by" + std::to_string(record.policy.exclusion_of(excluded));
  return text;
}

}  // namespace

TEST_CASE("records of different routes are judged in a group as alone", "[record_judge]") {
  const Judgement in_force = testing::judgement(spec_of_five_routes());
  auto judge = RecordJudge::create(options(), in_force);
  REQUIRE(judge);
  const auto payloads = texts();
  Arena arena;
  std::vector<JudgedRecord> group(payloads.size());
  for (size_t i = 0; i < group.size(); ++i) {
    REQUIRE(judge->parse(payloads[i], group[i]).ok());
    judge->decode(group[i]);
    judge->identify(EventTime::max(), arena, group[i]);
    judge->prepare(group[i]);
  }
  judge->match(group);
  size_t malicious = 0, excluded = 0;
  for (size_t i = 0; i < group.size(); ++i) {
    judge->judge(group[i]);
    JudgedRecord alone;
    REQUIRE(judge->judge_alone(payloads[i], arena, alone).ok());
    INFO(payloads[i]);
    CHECK(summary(group[i]) == summary(alone));
    malicious += group[i].detection.malicious ? 1 : 0;
    excluded += group[i].detection.excluded.size();
  }
  // badword: /strict 3, /loose 0, /mixed 2, /excluded 2, /trusted 0, /other 3; strictword: /strict 3.
  CHECK(malicious == 13);
  CHECK(excluded == 4);  // one parameter of /excluded, each of /trusted
}

TEST_CASE("the analyzer gives the verdicts of records judged alone", "[record_judge]") {
  const Judgement in_force = testing::judgement(spec_of_five_routes());
  const RuleSlot slot(in_force.rules, in_force.policy);
  DetectCounters counters;
  Analyzer analyzer(options(), slot, counters);
  auto judge = RecordJudge::create(options(), in_force);
  REQUIRE(judge);
  const auto payloads = texts();
  std::vector<RawRecord> records;
  for (const auto& payload : payloads) {
    records.push_back({payload, EventTime::max(), {}});
    records.push_back({"no record", EventTime::max(), {}});
  }
  AnalyzedBatch batch;
  REQUIRE(analyzer.analyze(records, batch));
  REQUIRE(batch.verdicts.size() == payloads.size());
  CHECK(batch.rejected.size() == payloads.size());
  Arena arena;
  JudgedRecord alone;
  for (size_t i = 0; i < payloads.size(); ++i) {
    INFO(payloads[i]);
    REQUIRE(judge->judge_alone(payloads[i], arena, alone).ok());
    const RecordVerdict& verdict = batch.verdicts[i];
    CHECK(verdict.index == i * 2);
    CHECK((verdict.score == alone.detection.score && verdict.malicious == alone.detection.malicious));
    CHECK(verdict.rules.size() == alone.detection.hits.size());
    CHECK(batch.rejected[i].index == i * 2 + 1);
  }
}

TEST_CASE("a record that cannot be read has an outcome and no verdict", "[record_judge]") {
  auto judge = RecordJudge::create(options(), testing::judgement({}));
  REQUIRE(judge);
  Arena arena;
  JudgedRecord record;
  CHECK(judge->judge_alone("{", arena, record).reason == RejectReason::kMissingField);
}

}  // namespace weir
