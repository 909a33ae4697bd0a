#pragma once

#include "lane/log_sink.h"

namespace weir {

/// For commands that somebody waits for: warnings and errors of the client library go to standard error.
LogSink log_to_terminal();

}  // namespace weir
