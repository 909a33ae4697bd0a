#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/time.h"

namespace weir {

/// Request logs as a small shop would write them, in the flat profile: many ordinary customers, a few attackers who hide
/// payloads in every place a request has, a few abusers who change address and browser, a monitoring bot, and now and then a
/// line that a broken logger cut off. Seeded: the same seed gives the same records apart from their times.
class DemoTraffic {
 public:
  explicit DemoTraffic(uint64_t seed);

  /// The next record, stamped with `now`.
  std::string next(EventTime now);

 private:
  struct Customer {
    std::string id, address, user_agent;
  };
  struct Request;

  size_t pick(size_t count) { return static_cast<size_t>(random_() % count); }
  template <typename T>
  const T& pick_from(const std::vector<T>& values) {
    return values[pick(values.size())];
  }
  void shop(Request& request);
  void attack(Request& request);
  void abuse(Request& request);
  std::string write(const Request& request, EventTime now);

  std::mt19937_64 random_;
  std::vector<Customer> customers_, attackers_, abusers_;
  uint64_t number_ = 0;
};

}  // namespace weir
