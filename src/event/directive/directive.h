#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/result.h"
#include "event/input_profile.h"

namespace weir {

/// The servers whose log directives weir understands.
enum class DirectiveServer : uint8_t { kNginx, kApache, kHaproxy, kEnvoy };
template <>
inline constexpr auto kNamesOf<DirectiveServer> = std::to_array<std::string_view>({"nginx", "apache", "haproxy",
                                                                                   "envoy"});

/// "nginx, apache, haproxy, envoy", for messages.
std::string directive_server_names();

/// Whether a profile was made from a directive, and of which server; the directive as given is then its `about`.
std::optional<DirectiveServer> directive_server_of(const InputProfile& profile);

/// What one variable of a directive is to weir.
struct DirectiveField {
  std::string variable;  ///< as written: "$http_user_agent"
  size_t line = 0;       ///< in the directive, from 1
  size_t column = 0;     ///< from 1
  std::string use;       ///< "client_ip", "header x-real-ip"; empty: not used
  std::string pointer;   ///< where it stands, in a JSON directive
};

/// A server's log directive, understood: how to read what the server writes by it.
struct Directive {
  DirectiveServer server = DirectiveServer::kNginx;
  InputProfile profile;                ///< reads text or JSON, whichever the server writes by it
  std::vector<DirectiveField> fields;  ///< one per variable, in the order of the directive
  std::vector<std::string> warnings;   ///< what detection needs and the directive leaves out, what cannot be read
  std::string sample;                  ///< a line as the server could write it
};

/// Compiles the value of a log_format, LogFormat, log-format or access log format, or the directive itself with its quotes as it
/// stands in the server's configuration. The cost is bounded by kDirectiveBytesMax. The error says where: "line 1, column 7: …".
Result<Directive> compile_directive(DirectiveServer server, std::string_view directive);

}  // namespace weir
