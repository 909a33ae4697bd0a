#pragma once

#include <span>
#include <string>

namespace weir {

/// The HTTP port as an OpenAPI 3.1 document (JSON), which GET /api/v1/openapi.json answers with. `sources` are the names that
/// a record can be analyzed as.
std::string openapi_document(std::span<const std::string> sources);

}  // namespace weir
