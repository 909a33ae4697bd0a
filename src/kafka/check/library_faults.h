#pragma once

#include <string>
#include <vector>

namespace weir {

/// What is known to be wrong with the client library of this version (rd_kafka_version), each with what comes of it for weir. By
/// default with the one that runs.
std::vector<std::string> library_faults();
std::vector<std::string> library_faults(int version);

}  // namespace weir
