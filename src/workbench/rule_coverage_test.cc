#include "workbench/rule_coverage.h"

#include <nlohmann/json.hpp>

#include "base/catch.h"

namespace weir {
namespace {

Rule rule_with(std::string title, std::vector<std::string> tags, size_t examples) {
  Rule rule;
  rule.title = std::move(title);
  rule.tags = std::move(tags);
  rule.positive_examples.resize(examples);
  return rule;
}

}  // namespace

TEST_CASE("coverage counts rules and examples by technique", "[rules]") {
  Correlation correlation;
  correlation.title = "Guessing";
  correlation.tags = {"attack.t1110.003"};
  const RuleCoverage coverage =
      coverage_of({rule_with("One", {"attack.t1190", "attack.initial-access"}, 3),
                   rule_with("Two", {"attack.t1190", "attack.t1059"}, 2),
                   rule_with("Bare", {"attack.ta0001", "attack.g0016", "attack.t", "cwe.89"}, 4)},
                  {correlation});
  CHECK(coverage.rules == 4);
  REQUIRE(coverage.techniques.size() == 3);
  CHECK(coverage.techniques.at("T1190").titles == std::vector<std::string>{"One", "Two"});
  CHECK(coverage.techniques.at("T1190").examples == 5);
  CHECK(coverage.techniques.at("T1059").examples == 2);
  CHECK(coverage.techniques.at("T1110.003").titles == std::vector<std::string>{"Guessing"});
  CHECK(coverage.untagged == std::vector<std::string>{"Bare"});
}

TEST_CASE("the coverage is a layer of the ATT&CK Navigator", "[rules]") {
  const auto layer = nlohmann::json::parse(to_navigator_layer(coverage_of(
      {rule_with("A \"b\" \xff", {"attack.t1190"}, 3), rule_with("C", {"attack.t1190", "attack.t1110.001"}, 1)}, {})));
  CHECK(layer["domain"] == "enterprise-attack");
  CHECK(layer["versions"]["layer"] == "4.5");
  REQUIRE(layer["techniques"].size() == 2);
  CHECK(layer["techniques"][0]["techniqueID"] == "T1110.001");
  CHECK(layer["techniques"][1]["score"] == 2);
  CHECK(layer["techniques"][1]["metadata"][1]["value"] == "4");
  CHECK(layer["gradient"]["maxValue"] == 2);
}

}  // namespace weir
