#pragma once

#include "policy/types/fault.h"

namespace weir {

/// An address as RFC 5321 (4.1.2, Mailbox) writes it, which is RFC 5322's addr-spec without comments and white space:
/// dot-string or quoted string, "@", a host name or an address literal. At most 254 bytes, 64 of them before the "@"
/// (RFC 5321, 4.5.3.1; erratum 1690 of RFC 3696). UTF-8 as in RFC 6531.
Fault check_email(std::string_view value);

}  // namespace weir
