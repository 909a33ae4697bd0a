#include "app/setup/terminal_log.h"

#include <cstdio>

namespace weir {

LogSink log_to_terminal() {
  return [](LogLevel level, std::string_view text) {
    if (level >= LogLevel::kWarning) std::fprintf(stderr, "weir: %.*s\n", static_cast<int>(text.size()), text.data());
  };
}

}  // namespace weir
