#include "config/config.h"

namespace weir {

Environment process_environment() { return {}; }

Result<Config> load_config(const std::string& path, const Environment& environment, Diagnostics& diagnostics) {
  return load_config_text("", path, environment, diagnostics);
}

Result<Config> load_config_text(const std::string&, const std::string&, const Environment&, Diagnostics&) {
  return default_config();
}

std::string print_config(const Config&) { return {}; }
std::string config_json_schema() { return {}; }
std::string config_reference_markdown() { return {}; }

}  // namespace weir
