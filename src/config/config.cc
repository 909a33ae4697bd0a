#include "config/config.h"

#include <algorithm>

namespace weir {

bool Config::has_stage(Stage stage) const {
  return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

Config default_config() {
  Config config;
  config.input.profile = *InputProfile::built_in("flat");
  return config;
}

}  // namespace weir
