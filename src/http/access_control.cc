#include "http/access_control.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/assert.h"
#include "http/api_key.h"

namespace weir {
namespace {

bool is_loopback(const IpAddress& address) {
  static const Cidr kV4 = *Cidr::parse("127.0.0.0/8");
  static const Cidr kV6 = *Cidr::parse("::1/128");
  return kV4.contains(address) || kV6.contains(address);
}

/// The name in a Host header, without port and brackets.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

/// A page under a name that its owner points at 127.0.0.1 (DNS rebinding) has that name in Host.
bool names_loopback(std::string_view host) {
  const auto name = host_name(host);
  if (name == "localhost") return true;
  const auto address = IpAddress::parse(name);
  return address && is_loopback(*address);
}

std::string_view key_of(const AdminCall& call) {
  constexpr std::string_view kBearer = "Bearer ";
  if (!call.api_key.empty()) return call.api_key;
  return call.authorization.starts_with(kBearer) ? call.authorization.substr(kBearer.size()) : std::string_view();
}

bool same_bytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

AccessDecision refused(int status, std::string_view reason) {
  AccessDecision decision;
  decision.status = status;
  decision.reason = reason;
  return decision;
}

}  // namespace

AccessControl::AccessControl(AccessOptions options)
    : options_(std::move(options)), limiter_(options_.requests_per_minute) {
  auto token = random_token();
  WEIR_ASSERT(token.has_value(), "the kernel has randomness at the start of a program");
  csrf_token_ = std::move(*token);
}

AccessDecision AccessControl::admit_unknown(std::string_view remote_address, RateLimiter::Clock::time_point now) {
  const IpAddress address = IpAddress::parse(remote_address).value_or(IpAddress());
  const auto wait = limiter_.refuse(address, now);
  if (!wait) return {};
  AccessDecision decision = refused(429, "too many requests of this address");
  decision.retry_after = *wait;
  return decision;
}

AccessDecision AccessControl::admit(const AdminCall& call, RateLimiter::Clock::time_point now) {
  if (auto decision = admit_unknown(call.remote_address, now); decision.status != 0) return decision;
  auto decision = identify(call, IpAddress::parse(call.remote_address));
  if (decision.status != 0) return decision;
  if (const auto objection = browser_objection(call); !objection.empty()) return refused(403, objection);
  return decision;
}

AccessDecision AccessControl::identify(const AdminCall& call, const std::optional<IpAddress>& address) const {
  if (!address) return refused(403, "the caller is gone");
  const bool allowed = options_.allowed.empty() ? is_loopback(*address) : contains(options_.allowed, *address);
  if (!allowed) return refused(403, "the address is not allowed");
  AccessDecision decision;
  if (options_.keys) {
    const auto key = key_of(call);
    if (key.empty()) return refused(401, "no API key");
    auto caller = options_.keys->caller_of(key);
    if (!caller) return refused(401, "an unknown API key");
    decision.caller = std::move(*caller);
    return decision;
  }
  if (!is_loopback(*address)) return refused(403, "no API keys are configured, so only loopback may call");
  if (!names_loopback(call.host)) return refused(403, "the Host header does not name the loopback interface");
  decision.caller = "loopback";
  return decision;
}

/// Why a browser's call is not to be trusted; empty if it is, or if no browser made it. A page of another site can make a
/// browser send a request, but not without these headers, and not with a token that it cannot read.
std::string_view AccessControl::browser_objection(const AdminCall& call) const {
  if (call.origin.empty() && call.fetch_site.empty() && !call.has_cookie) return {};
  if (!call.fetch_site.empty() && call.fetch_site != "same-origin" && call.fetch_site != "none")
    return "the request comes from another site";
  if (!call.origin.empty()) {
    const auto scheme_end = call.origin.find("://");
    if (scheme_end == std::string_view::npos || call.origin.substr(scheme_end + 3) != call.host)
      return "the Origin is not this host";
  }
  if (call.changes_state && !same_bytes(call.csrf_token, csrf_token_)) return "the CSRF token is missing or wrong";
  return {};
}

}  // namespace weir
