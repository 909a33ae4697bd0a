// Any bytes as a rule file: parsing ends in rules or findings, compiling in a rule set or a refusal, and matching a record
// with whatever compiled neither fails nor reports a span outside its line.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "detect/match/matcher.h"
#include "detect/test_record.h"
#include "rules/loader.h"

namespace {

// Compiling takes the library seconds for some expressions; the fuzzer is after the code around it.
constexpr size_t kFileBytesMax = 4096;

const weir::DecodedRecord& record() {
  using weir::Place;
  static const weir::DecodedRecord made = weir::testing::record_of({{Place::kPath, "/index.php"},
                                                                    {Place::kQuery, "id=1' OR 1=1 -- "},
                                                                    {Place::kForm, "name=<b>abc</b>"},
                                                                    {Place::kUserAgent, "Mozilla/5.0 (X11)"},
                                                                    {Place::kHeader, "accept=text/html"},
                                                                    {Place::kRawUri, "/index.php?id=1%27%20OR%201=1"}});
  return made;
}

void check_hit(const weir::Hit& hit) {
  if (hit.line == weir::Hit::kNoLine) return;
  WEIR_ASSERT(hit.line < record().lines.size(), "a hit's line is one of the record's");
  const weir::Line& line = record().lines[hit.line];
  WEIR_ASSERT(line.begin <= hit.match_begin && hit.match_begin <= hit.match_end && hit.match_end <= line.end,
              "a match stays within its line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kFileBytesMax) return 0;
  weir::Diagnostics diagnostics;
  const auto rules = weir::parse_rules(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yml", diagnostics);
  const auto set = weir::RuleSet::compile(rules, {}, diagnostics);
  if (!set) return 0;
  auto matcher = weir::Matcher::create(*set);
  if (!matcher) return 0;
  weir::Event event;
  event.method = "GET";
  event.path = "/index.php";
  event.query = "id=1%27%20OR%201=1";
  event.status = 404;
  weir::Detection detection;
  for (int round = 0; round < 3; ++round) {  // the third time, clean lines are skipped
    matcher->match(event, record(), detection);
    WEIR_ASSERT(!detection.scan_failed, "the library takes the database it made");
    for (const auto& hit : detection.hits)
      check_hit(hit);
  }
  return 0;
}
