#include "base/catch.h"
#include "detect/matcher.h"
#include "detect/test_record.h"
#include "rules/loader.h"

using namespace weir;
using weir::testing::record_of;

TEST_CASE("the matching library on this machine passes the canaries") {
  const Status status = run_matcher_canaries();
  if (!status) FAIL(status.error().to_string());
}

TEST_CASE("every public rule compiles") {
  Diagnostics diagnostics;
  const auto rules = load_rules({WEIR_SOURCE_DIR "/../shared/sigma"}, diagnostics);
  RuleSetOptions options; options.cache_directory = "/tmp/weir-cache-test";
  auto set = RuleSet::compile(rules, options, diagnostics);
  for (auto& d : diagnostics) UNSCOPED_INFO(d.to_string());
  CHECK(set.has_value());
}
