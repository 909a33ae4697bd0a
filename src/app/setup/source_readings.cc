#include "app/setup/source_readings.h"

#include <algorithm>

namespace weir {

std::shared_ptr<const SourceReadings> source_readings(const Config& config) {
  auto readings = std::make_shared<SourceReadings>();
  for (const SourceConfig& source : config.all_sources())
    readings->push_back(
        {source.name, source.input, source.fields_chosen, source.client_order, source.identity_headers});
  return readings;
}

Result<Config> config_of_source(const Config& config, const std::string& name) {
  const auto sources = config.all_sources();
  if (name.empty() && sources.size() > 1)
    return fail(ErrorCode::kInvalidArgument, "source",
                "the configuration has several sources: say which with --source: " + names_of_sources(config));
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [&](const SourceConfig& source) { return name.empty() || source.name == name; });
  if (found == sources.end())
    return fail(ErrorCode::kInvalidArgument, "source",
                "no source '" + name + "'; the configuration has " + names_of_sources(config));
  return config.with_only(*found);
}

bool have_same_sources(const Config& a, const Config& b) {
  const auto of_a = a.all_sources(), of_b = b.all_sources();
  return std::equal(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(),
                    [](const SourceConfig& config, const SourceConfig& other) {
                      return config.name == other.name && config.topics == other.topics;
                    });
}

std::string names_of_sources(const Config& config) {
  std::string names;
  for (const SourceConfig& source : config.all_sources())
    names += (names.empty() ? "" : ", ") + source.name;
  return names;
}

}  // namespace weir
