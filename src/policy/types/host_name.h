#pragma once

#include <string_view>

namespace weir {

/// A host's name in the sense of RFC 5321 (4.1.2) and RFC 1035: labels of letters, digits and inner hyphens, 1 to 63 bytes
/// each, 253 together; other than ASCII as far as it is UTF-8 (RFC 6531).
bool is_host_name(std::string_view name);

/// Four decimal numbers of at most 255, without leading zeros.
bool is_dotted_ipv4(std::string_view text);

}  // namespace weir
