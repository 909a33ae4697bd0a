#pragma once

#include <string>

namespace weir {

/// `weir config check FILE`: every finding at once; exit code 2 when there is an error.
int run_config_check(const std::string& file);

/// `weir config print FILE`: the effective configuration with defaults and environment applied, secrets masked.
int run_config_print(const std::string& file);

/// `weir config schema` and `weir config reference`: JSON Schema for editors, Markdown for people.
int run_config_schema();
int run_config_reference();

}  // namespace weir
