#pragma once

#include <optional>

#include "base/diagnostic.h"
#include "config/config.h"

namespace weir {

/// What is wrong with the files of kafka.security: files that cannot be read or hold no certificate or key, a wrong password, a key
/// that is another certificate's, certificates that have expired or are not valid yet; and a warning for one that soon expires.
/// Reads files only; no finding shows anything of a key.
Diagnostics check_credentials(const Config& config);

/// When the certificate of kafka.security.certificate_file ends, seconds since the epoch; nothing without one that can be read. Reads the file.
std::optional<double> certificate_end(const Config& config);

}  // namespace weir
