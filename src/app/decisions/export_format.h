#pragma once

#include <cstdint>
#include <string>

#include "app/decisions/decision_board.h"
#include "base/enum_names.h"
#include "base/result.h"

namespace weir {

/// Files that servers and proxies read.
enum class ExportFormat : uint8_t {
  kPlain,       ///< an address or network a line
  kNginxDeny,   ///< "deny 192.0.2.1;"
  kNginxGeo,    ///< "192.0.2.1 ban;", to be included in a geo block
  kHaproxyMap,  ///< "192.0.2.1 ban", for map_ip()
  kEnvoy,       ///< JSON: CIDR ranges as RBAC principals take them
  kCount,
};
template <>
inline constexpr auto kNamesOf<ExportFormat> = std::to_array<std::string_view>({"plain", "nginx-deny", "nginx-geo",
                                                                                "haproxy-map", "envoy"});

/// The addresses and networks that are to be acted on so, in the order of their text. Only `actions` (bits of DecisionAction).
std::string exported(const DecisionBoard& board, ExportFormat format, unsigned actions);

/// Writes a file so that readers see the old content or the new one, never a part. `path` keeps its permissions; a new one may be read by
/// all.
Status replace_file(const std::string& path, const std::string& content);

}  // namespace weir
