#include "base/catch.h"
#include "rules/loader.h"

#include <filesystem>
#include <iostream>

using namespace weir;

TEST_CASE("every public rule loads unchanged") {
  const std::string directory = WEIR_SOURCE_DIR "/../shared/sigma";
  if (!std::filesystem::exists(directory)) {
    WARN("skipped: no public rules beside the source tree");
    return;
  }
  Diagnostics diagnostics;
  const auto rules = load_rules({directory}, diagnostics);
  for (const auto& d : diagnostics) if (d.severity == Diagnostic::Severity::kError) UNSCOPED_INFO(d.to_string());
  CHECK_FALSE(has_errors(diagnostics));
  CHECK(rules.size() == 99);
}
