#include <algorithm>

#include "base/catch.h"
#include "pipeline/analyzer.h"
#include "pipeline/test_worst_record.h"
#include "rules/loader.h"

// What bench_worst_input found: the records that cost most for their bytes. Here the caps are held to them, by counts.

namespace weir {
namespace {

using testing::WorstPlace;
using testing::WorstRecord;

const std::vector<WorstRecord> kWorstRecords{
    {WorstPlace::kManyParameters, R"(ml(+if(ml%27baipotsf_for'nwatfor<a${ssh/p"stat)"},
    {WorstPlace::kManyParameters, R"(mspll(+xml%27baipshe'nwafo${'r${sh/pop--,e)"},
    {WorstPlace::kManyParameters, R"(.<out\tdbufi\re-(---ap.m{{em${scfornameedu,lehg${sk'c>um${)"},
    {WorstPlace::kManyParameters, R"('or((=)"},
    {WorstPlace::kQuery, R"(ml(+if(ml%27baipotsf_for'nwatfor<a${ssh/p"stat)"},
    {WorstPlace::kQuery, R"(or-")"},
    {WorstPlace::kJsonBody, R"('or ${{)"},
    {WorstPlace::kTextBody, R"(<a on(${;|)"},
    {WorstPlace::kForm, "selectunion"},
    {WorstPlace::kHeader, "..\\"},
    {WorstPlace::kUserAgent, "${${"},
    {WorstPlace::kPath, "../"},
};

std::shared_ptr<const RuleSet> shipped_rules() {
  static const auto set = [] {
    Diagnostics diagnostics;
    auto compiled = RuleSet::compile(load_rules({WEIR_SOURCE_DIR "/rules"}, diagnostics), {}, diagnostics);
    REQUIRE(compiled);
    return *compiled;
  }();
  return set;
}

}  // namespace

TEST_CASE("the dearest records found stay within the caps and are judged all the same") {
  const RuleSlot rules(shipped_rules());
  DetectCounters counters;
  AnalyzerOptions options;
  options.input.profile = *InputProfile::built_in("flat");
  Analyzer analyzer(options, rules, counters);
  AnalyzedBatch batch;
  uint64_t number = 0;
  for (const WorstRecord& record : kWorstRecords) {
    CAPTURE(record.unit, testing::kWorstPlaceNames[static_cast<size_t>(record.place)]);
    const std::string payload = testing::payload_of(record, ++number);
    const RawRecord raw{payload, EventTime::max(), {0, 0, static_cast<int64_t>(number)}};
    REQUIRE(analyzer.analyze({&raw, 1}, batch));
    REQUIRE(batch.observations.size() == 1);
    const Observation& observation = batch.observations.front();
    CHECK_FALSE(observation.has(ObservationFlag::kScanFailed));
    CHECK(observation.evidence.bytes.size() < 16'384);
  }
  CHECK(counters.malicious.value() >= kWorstRecords.size() - 2);
  CHECK(counters.scan_failures.value() == 0);
}

}  // namespace weir
