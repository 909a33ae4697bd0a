#include "workbench/flat_profile.h"

#include "base/assert.h"

namespace weir {

JudgeOptions flat_profile() {
  JudgeOptions options;
  auto profile = InputProfile::built_in("flat");
  WEIR_ASSERT(profile.has_value(), "the flat profile is built in");
  options.input.profile = std::move(*profile);
  return options;
}

}  // namespace weir
