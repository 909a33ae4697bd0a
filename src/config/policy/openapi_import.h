#pragma once

#include <string>

#include "base/diagnostic.h"
#include "policy/policy_spec.h"

namespace weir {

/// Makes a policy of an OpenAPI 3.0 or 3.1 document (YAML or JSON): a route for each operation with its parameters, their
/// types, bounds and places, and its content types; per path one more route that takes the methods that are not described.
/// `$ref` is followed within the document. What cannot be said in a policy becomes wider, never narrower, with a warning.
/// Bounds: 64 levels, 10,000 routes, 256 parameters of a route, 32 references in a row.
PolicySpec import_openapi(const std::string& text, const std::string& file, Diagnostics& diagnostics);

}  // namespace weir
