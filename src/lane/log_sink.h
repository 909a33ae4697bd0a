#pragma once

#include <functional>
#include <string_view>

#include "config/config.h"

namespace weir {

/// Where this folder's messages go. Called from lanes and from the client library's own threads, so it must be
/// thread-safe; it should not block. Messages never hold a secret or a record's content.
using LogSink = std::function<void(LogLevel, std::string_view)>;

}  // namespace weir
