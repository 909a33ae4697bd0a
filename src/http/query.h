#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// The parameters of a query ("a=1&b=x%20y") in their order, decoded; a name without a value has an empty one. Nothing if it is
/// no query: a wrong encoding, no UTF-8, control characters, more than 32 parameters, a name without letters or one that comes twice.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace weir
