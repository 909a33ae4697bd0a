#pragma once

#include <string_view>

namespace weir {

/// Takes off one layer of what shippers, containers and terminals put before a line: ANSI colours, a syslog priority and
/// header (RFC 3164 and 5424, rsyslog's and syslog-ng's file formats), "@cee:", Kubernetes' CRI ("… stdout F "), and the
/// container names of docker compose ("web-1  | "). The line itself if it starts with none of these.
std::string_view without_line_prefix(std::string_view line);

/// Without the blanks, line ends, NULs and ANSI colours around it.
std::string_view trimmed_line(std::string_view line);

}  // namespace weir
