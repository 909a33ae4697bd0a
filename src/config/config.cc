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

std::vector<SourceConfig> Config::all_sources() const {
  if (!sources.empty()) return sources;
  return {{kDefaultSource, kafka.topics.requests, input, input_is_chosen, fields_chosen, time_zone, trusted_proxies,
           client_order, identity_headers}};
}

Config Config::with_only(const SourceConfig& source) const {
  Config config = *this;
  config.sources = {source};
  config.kafka.topics.requests = source.topics;
  config.input = source.input;
  config.input_is_chosen = source.input_is_chosen;
  config.fields_chosen = source.fields_chosen;
  config.time_zone = source.time_zone;
  config.trusted_proxies = source.trusted_proxies;
  config.client_order = source.client_order;
  config.identity_headers = source.identity_headers;
  return config;
}

const ProfileCatalog& Config::profile_catalog() const {
  return profiles.catalog ? *profiles.catalog : ProfileCatalog::shipped();
}

Config default_config() {
  Config config;
  config.input.profile = *InputProfile::built_in("flat");
  return config;
}

}  // namespace weir
