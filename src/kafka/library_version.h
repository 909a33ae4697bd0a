#pragma once

#include <string>

namespace weir {

/// The version of the Kafka client library at run time, for weir_build_info.
std::string client_library_version();

}  // namespace weir
