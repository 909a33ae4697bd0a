#include "app/commands/config_command.h"

#include <cstdio>

#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "config/config.h"

namespace weir {

int run_config_check(const std::string& file) {
  const auto config = read_config(file);
  if (!config) return kExitUsage;
  std::printf("%s: fine\n", file.c_str());
  return kExitFine;
}

int run_config_print(const std::string& file) {
  const auto config = read_config(file);
  if (!config) return kExitUsage;
  std::fputs(print_config(*config).c_str(), stdout);
  return kExitFine;
}

int run_config_schema() {
  std::fputs(config_json_schema().c_str(), stdout);
  return kExitFine;
}

int run_config_reference() {
  std::fputs(config_reference_markdown().c_str(), stdout);
  return kExitFine;
}

}  // namespace weir
