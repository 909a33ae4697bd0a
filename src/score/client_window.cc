#include "score/client_window.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace weir {
namespace {

/// The finishing step of SplitMix64 (Steele, Lea and Flood, 2014): every input bit reaches every output bit.
uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

uint32_t clamped_interval(int64_t from_ms, int64_t to_ms) {
  const int64_t bounded =
      std::clamp<int64_t>(to_ms - from_ms, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  return static_cast<uint32_t>(static_cast<int32_t>(bounded));
}

}  // namespace

uint32_t address_unit_of(const IpAddress& address) {
  const auto& bytes = address.bytes();
  if (address.is_v4()) {
    uint32_t v4 = 0;
    std::memcpy(&v4, bytes.data() + 12, sizeof v4);
    return v4;
  }
  uint64_t network = 0;
  std::memcpy(&network, bytes.data(), sizeof network);
  return static_cast<uint32_t>(mix(network) >> 32);
}

uint32_t user_agent_of(uint64_t user_agent_hash) {
  if (user_agent_hash == 0) return 0;
  const auto folded = static_cast<uint32_t>(user_agent_hash ^ (user_agent_hash >> 32));
  return folded == 0 ? 1 : folded;
}

bool ClientWindow::contains(const uint32_t* ring, uint32_t value) const {
  bool found = false;
  for (uint32_t i = 0; i < client_.window_size; ++i)
    found |= ring[i] == value;
  return found;
}

void ClientWindow::push(const Request& request) {
  const uint32_t place = client_.window_next;
  const auto mark = static_cast<uint16_t>(1U << place);
  if (client_.window_size == capacity_) {
    // The values that leave: overwrite them with their ring neighbour, so that "contains" asks about the others.
    const uint32_t other = place + 1 == capacity_ ? 0 : place + 1;
    const uint32_t old_address = addresses_[place];
    const uint32_t old_agent = agents_[place];
    addresses_[place] = addresses_[other];
    agents_[place] = agents_[other];
    if (!contains(addresses_, old_address)) --client_.distinct_addresses;
    if (!contains(agents_, old_agent)) --client_.distinct_agents;
  }
  if (!contains(addresses_, request.address_unit)) ++client_.distinct_addresses;
  if (!contains(agents_, request.user_agent)) ++client_.distinct_agents;
  addresses_[place] = request.address_unit;
  agents_[place] = request.user_agent;
  intervals_[place] = client_.window_size == 0 ? 0 : clamped_interval(client_.last_ms, request.time_ms);
  client_.bots = static_cast<uint16_t>(request.bot ? client_.bots | mark : client_.bots & ~mark);
  client_.last_ms = request.time_ms;
  client_.window_next = static_cast<uint8_t>(place + 1 == capacity_ ? 0 : place + 1);
  if (client_.window_size < capacity_) ++client_.window_size;
}

void ClientWindow::clear() {
  client_.window_size = client_.window_next = 0;
  client_.distinct_addresses = client_.distinct_agents = 0;
  client_.bots = 0;
}

AbuseVerdict ClientWindow::verdict(const AbuseOptions& options) const {
  AbuseVerdict verdict;
  const auto add = [&verdict](AbuseReason reason, int points) {
    verdict.reasons = static_cast<AbuseReasons>(verdict.reasons | static_cast<AbuseReasons>(reason));
    verdict.risk_score += points;
  };
  if (client_.distinct_addresses >= options.addresses_min) add(AbuseReason::kRapidIpChanges, options.addresses_points);
  if (client_.distinct_agents >= options.user_agents_min)
    add(AbuseReason::kUserAgentRotation, options.user_agents_points);
  if (client_.bots != 0) add(AbuseReason::kBotUserAgent, options.bot_points);
  if (is_regular(options)) add(AbuseReason::kRegularTiming, options.regular_timing_points);
  verdict.requests = client_.window_size;
  verdict.addresses = client_.distinct_addresses;
  verdict.agents = client_.distinct_agents;
  verdict.suspicious = verdict.risk_score >= options.suspicious_score;
  return verdict;
}

bool ClientWindow::may_be_suspicious(const AbuseOptions& options) const {
  int points = std::max(options.regular_timing_points, 0);
  if (client_.distinct_addresses >= options.addresses_min) points += options.addresses_points;
  if (client_.distinct_agents >= options.user_agents_min) points += options.user_agents_points;
  if (client_.bots != 0) points += options.bot_points;
  return points >= options.suspicious_score;
}

/// The intervals between the window's times in ascending order: the stored ones, unless records came out of order.
void ClientWindow::sorted_intervals(int64_t* out) const {
  const uint32_t size = client_.window_size;
  const uint32_t oldest = size == capacity_ ? client_.window_next : 0;
  std::array<int64_t, AbuseOptions::kWindowRequestsMax> times{};
  bool in_order = true;
  for (uint32_t i = 1; i < size; ++i) {
    const uint32_t at = oldest + i < capacity_ ? oldest + i : oldest + i - capacity_;
    const int64_t interval = static_cast<int32_t>(intervals_[at]);
    in_order &= interval >= 0;
    out[i - 1] = interval;
    times[i] = times[i - 1] + interval;
  }
  if (in_order) return;
  std::sort(times.begin(), times.begin() + size);
  for (uint32_t i = 1; i < size; ++i)
    out[i - 1] = times[i] - times[i - 1];
}

bool ClientWindow::is_regular(const AbuseOptions& options) const {
  if (client_.window_size < 2) return false;
  const uint32_t count = client_.window_size - 1U;
  if (count < options.regular_timing_intervals_min) return false;
  std::array<int64_t, AbuseOptions::kWindowRequestsMax> intervals{};
  sorted_intervals(intervals.data());
  double sum = 0, sum_of_squares = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const auto interval = static_cast<double>(intervals[i]);
    sum += interval;
    sum_of_squares += interval * interval;
  }
  const double n = count;
  if (sum <= 0 || sum < n * static_cast<double>(options.regular_timing_mean_min.count())) return false;
  // (standard deviation / mean)^2 = n * sum of squares / sum^2 - 1, turned so that nothing is divided: the sums are whole
  // numbers, exact in a double up to 2^53 (windows of a day), and the limit itself counts as regular.
  const double limit = options.regular_timing_variation_max;
  return n * sum_of_squares <= (1.0 + limit * limit) * (sum * sum);
}

}  // namespace weir
