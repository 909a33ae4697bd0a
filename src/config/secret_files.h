#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "config/config.h"

namespace weir {

/// Reads a secret from a file, without the line break at its end. A relative name is looked for in systemd's
/// $CREDENTIALS_DIRECTORY first, then beside the configuration file. Errors never hold the content.
Result<Secret> read_secret_file(const std::string& name, const std::string& config_file,
                                const Environment& environment);

/// The credential that systemd was told to load for the property (LoadCredential=kafka.security.sasl_password:…), if any.
Result<Secret> read_credential(std::string_view property_path, const Environment& environment);

}  // namespace weir
