#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "config/findings.h"
#include "config/property.h"
#include "yaml/yaml_node.h"

namespace weir {

/// What stands in place of a secret wherever a configuration is shown.
inline constexpr std::string_view kSecretMask = "********";

/// Sets one property from a value of the file; what is wrong with it goes to the findings, and the property stays as it was.
void set_property(const Property& property, const YamlNode& value, const Origin& origin, Config& config,
                  Findings& findings);

/// The value that a text from the environment stands for: lists are comma-separated, maps name=value,name=value.
YamlNode value_from_text(const Property& property, const std::string& text);

/// The property's value in JSON types; secrets that are set are masked.
nlohmann::ordered_json property_value(const Property& property, const Config& config);

}  // namespace weir
