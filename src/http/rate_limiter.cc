#include "http/rate_limiter.h"

#include <algorithm>

namespace weir {

RateLimiter::RateLimiter(uint32_t requests_per_minute, size_t addresses_max)
    : requests_per_minute_(requests_per_minute), addresses_max_(addresses_max) {}

void RateLimiter::forget_old(Clock::time_point now) {
  std::erase_if(budgets_, [now](const auto& entry) { return now - entry.second.window_begin >= kWindow; });
  next_cleaning_ = now + kWindow;
}

RateLimiter::Budget& RateLimiter::budget_of(const IpAddress& address, Clock::time_point now) {
  if (now >= next_cleaning_) forget_old(now);
  const IpAddress unit = address.counting_unit();
  const auto found = budgets_.find(unit);
  if (found != budgets_.end()) return found->second;
  return budgets_.size() < addresses_max_ ? budgets_[unit] : shared_;
}

std::optional<std::chrono::seconds> RateLimiter::refuse(const IpAddress& address, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Budget& budget = budget_of(address, now);
  if (budget.requests == 0 || now - budget.window_begin >= kWindow) budget = {now, 0};
  if (budget.requests < requests_per_minute_) {
    ++budget.requests;
    return std::nullopt;
  }
  const auto left = std::chrono::ceil<std::chrono::seconds>(budget.window_begin + kWindow - now);
  return std::max(left, std::chrono::seconds(1));
}

size_t RateLimiter::addresses() const {
  const std::lock_guard lock(mutex_);
  return budgets_.size();
}

}  // namespace weir
