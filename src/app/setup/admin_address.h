#pragma once

#include <string>

#include "base/result.h"
#include "http/client.h"

namespace weir {

/// Which running weir a command talks to: HOST:PORT ("127.0.0.1:9464", "[::1]:9464") if it is given, else what the configuration
/// file says, else the default.
Result<HttpCall> call_to(const std::string& address, const std::string& config_file);

}  // namespace weir
