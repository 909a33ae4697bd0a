#include "config/config.h"

#include <algorithm>
#include <utility>

namespace weir {

bool Config::has_stage(Stage stage) const {
  return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

ConfigPlace Config::place_of(std::string_view path) const {
  if (const auto place = places.find(path); place != places.end()) return place->second;
  if (const auto list = places.find(path.substr(0, path.find('['))); list != places.end()) return list->second;
  return {file, 0, 0};
}

Diagnostic Config::finding(Diagnostic::Severity severity, std::string_view path, std::string message,
                           std::string hint) const {
  ConfigPlace place = place_of(path);
  return {severity, std::move(place.source), place.line, place.column, std::move(message), std::move(hint)};
}

Config default_config() {
  Config config;
  config.input.profile = *InputProfile::built_in("flat");
  return config;
}

}  // namespace weir
