#include <hs/hs.h>

#include <algorithm>
#include <vector>

#include "base/catch.h"
#include "detect/program/compiled_rules.h"
#include "detect/program/hs_handles.h"
#include "detect/rule_set.h"
#include "rules/loader.h"

// A report costs as much as scanning some hundred bytes. An expression that may end at each of many bytes ("x{0,20}" at its end)
// is reported at each of them, though only the first counts.

namespace weir {
namespace {

int count_report(unsigned id, unsigned long long, unsigned long long, unsigned, void* counts) {
  ++(*static_cast<std::vector<size_t>*>(counts))[id];
  return 0;
}

/// Lines of parameters whose values are the unit four times.
std::string lines_of(std::string_view unit) {
  std::string text;
  for (int i = 0; text.size() < 20'000; ++i) {
    text.append("p").append(std::to_string(i)).append("=");
    for (int k = 0; k < 4; ++k)
      text += unit;
    text += '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("no expression of the pack is reported again and again within what costs most to scan", "[detect]") {
  Diagnostics diagnostics;
  const auto rules = RuleSet::compile(load_rules({WEIR_SOURCE_DIR "/rules"}, diagnostics), {}, diagnostics);
  REQUIRE(rules);
  // What bench_worst_input found.
  for (const char* unit :
       {"ml( if(ml'baipotsf_for'nwatfor<a${ssh/p\"stat", "mspll( xml'baipshe'nwafo${'r${sh/pop--,e"}) {
    const std::string text = lines_of(unit);
    for (const ScanGroup& group : (*rules)->compiled().groups) {
      HsScratch scratch;
      REQUIRE(grow_scratch(group.database, scratch));
      std::vector<size_t> counts(group.patterns.size());
      REQUIRE(hs_scan(group.database.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch.get(),
                      count_report, &counts) == HS_SUCCESS);
      const auto most = std::max_element(counts.begin(), counts.end());
      if (group.by_line || most == counts.end())
        continue;  // there each line is a scan of its own, with short ones reported once
      const auto& patterns = (*rules)->compiled().program.patterns;
      CAPTURE(unit, patterns[group.patterns[static_cast<size_t>(most - counts.begin())]].regex);
      CHECK(*most <= text.size() / 8);
    }
  }
}

}  // namespace weir
