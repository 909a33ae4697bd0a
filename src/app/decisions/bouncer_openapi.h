#pragma once

#include <string>

namespace weir {

/// The OpenAPI 3.1 document of what `weir decisions serve` answers.
std::string bouncer_openapi_document();

}  // namespace weir
