#pragma once

#include <string>

namespace weir {

/// The HTTP port as an OpenAPI 3.1 document (JSON), which GET /api/v1/openapi.json answers with.
std::string openapi_document();

}  // namespace weir
