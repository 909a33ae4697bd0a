#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "http/api_key_store.h"
#include "http/rate_limiter.h"

namespace weir {

/// Who may use the admin API.
struct AccessOptions {
  std::vector<Cidr> allowed;                ///< callers' networks; empty: loopback only
  std::shared_ptr<const ApiKeyStore> keys;  ///< null: no keys, and then loopback only whatever `allowed` says
  uint32_t requests_per_minute = 100;       ///< of one address
};

/// What the decision about one call depends on. Views into the request.
struct AdminCall {
  std::string_view remote_address;
  std::string_view host;           ///< the Host header
  std::string_view authorization;  ///< "Bearer KEY"
  std::string_view api_key;        ///< X-API-Key
  std::string_view origin;         ///< sent by browsers, as the next one
  std::string_view fetch_site;     ///< Sec-Fetch-Site
  std::string_view csrf_token;     ///< X-Weir-CSRF-Token
  bool has_cookie = false;         ///< nothing but a browser sends one here
  bool changes_state = false;
};

struct AccessDecision {
  int status = 0;                      ///< 0: go on; else what to answer
  std::string caller;                  ///< the key's name, or "loopback"
  std::string_view reason{};           ///< why it was refused, for the log only
  std::chrono::seconds retry_after{};  ///< with 429
};

/// The layers before the admin API, in this order: rate limit, addresses, API key, and, for calls that a browser makes, the
/// origin and a token that only a page of this origin can have read. Any thread.
class AccessControl {
 public:
  explicit AccessControl(AccessOptions options);

  /// Decides about a call to the admin API.
  AccessDecision admit(const AdminCall& call, RateLimiter::Clock::time_point now);

  /// Only the rate limit, for paths that do not exist.
  AccessDecision admit_unknown(std::string_view remote_address, RateLimiter::Clock::time_point now);

  /// What a browser has to send back; made at the start, 256 random bits.
  [[nodiscard]] const std::string& csrf_token() const { return csrf_token_; }

 private:
  [[nodiscard]] AccessDecision identify(const AdminCall& call, const std::optional<IpAddress>& address) const;
  [[nodiscard]] std::string_view browser_objection(const AdminCall& call) const;

  AccessOptions options_;
  RateLimiter limiter_;
  std::string csrf_token_;
};

}  // namespace weir
