#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// The segment of a route's path that stands for any text.
inline constexpr std::string_view kRouteParameter = "{id}";

/// What of `path` stands for the route's {id}, as it was sent: "" if the route has none. Nothing: it is another's path.
std::optional<std::string_view> match_route(std::string_view route, std::string_view path);

/// The text that a path's segment encodes. Nothing: it is no encoding, or of control characters, or no UTF-8, or too long.
std::optional<std::string> decode_segment(std::string_view segment);

}  // namespace weir
