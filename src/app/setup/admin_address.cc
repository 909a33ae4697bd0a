#include "app/setup/admin_address.h"

#include <charconv>

#include "app/setup/command_setup.h"

namespace weir {
namespace {

Status parse_address(const std::string& text, HttpCall& call) {
  const auto colon = text.rfind(':');
  const auto refused = [&] {
    return fail(ErrorCode::kInvalidArgument, "ctl", "'" + text + "' is no address: write 127.0.0.1:9464 or [::1]:9464");
  };
  if (colon == std::string::npos) return refused();
  const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), call.port);
  if (error != std::errc() || end != text.data() + text.size() || call.port == 0) return refused();
  call.address = text.substr(0, colon);
  if (call.address.starts_with('[') && call.address.ends_with(']'))
    call.address = call.address.substr(1, call.address.size() - 2);
  return {};
}

}  // namespace

Result<HttpCall> call_to(const std::string& address, const std::string& config_file) {
  HttpCall call;
  if (!address.empty()) {
    if (auto parsed = parse_address(address, call); !parsed) return tl::unexpected(parsed.error());
  } else if (!config_file.empty()) {
    const auto config = read_config(config_file);
    if (!config) return tl::unexpected(config.error());
    call.port = config->http.port;
    call.address = config->http.address;
    if (call.address == "0.0.0.0") call.address = "127.0.0.1";
    if (call.address == "::") call.address = "::1";
  }
  return call;
}

}  // namespace weir
