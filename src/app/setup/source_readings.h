#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "pipeline/reading.h"

namespace weir {

/// How the lanes read the records of each source.
std::shared_ptr<const SourceReadings> source_readings(const Config& config);

/// The configuration with one of its sources alone. `name` may be empty where there is only one; an error says which there are.
Result<Config> config_of_source(const Config& config, const std::string& name);

/// Whether both have the same sources by name and topics, in the same order: what is under way knows them by their numbers.
bool have_same_sources(const Config& a, const Config& b);

/// "api, web, mesh", for messages.
std::string names_of_sources(const Config& config);

}  // namespace weir
