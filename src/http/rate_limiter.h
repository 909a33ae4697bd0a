#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "base/ip_address.h"

namespace weir {

/// Bounds the requests of one address (of IPv6: of one /64 network) in each minute from its first request on. Any thread.
///
/// Addresses whose minute is over are forgotten; beyond `addresses_max` at once, new addresses share one budget, so that
/// memory stays bounded whoever calls.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kWindow{60};

  explicit RateLimiter(uint32_t requests_per_minute, size_t addresses_max = 10'000);

  /// Counts a request. If it is one too many: how long the caller should wait, at least a second.
  std::optional<std::chrono::seconds> refuse(const IpAddress& address, Clock::time_point now);

  /// Addresses remembered now.
  [[nodiscard]] size_t addresses() const;

 private:
  struct Budget {
    Clock::time_point window_begin{};
    uint32_t requests = 0;
  };

  void forget_old(Clock::time_point now);
  Budget& budget_of(const IpAddress& address, Clock::time_point now);

  const uint32_t requests_per_minute_;
  const size_t addresses_max_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<IpAddress, Budget> budgets_;
  Budget shared_;
  Clock::time_point next_cleaning_{};
};

}  // namespace weir
