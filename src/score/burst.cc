#include "score/burst.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace weir {
namespace {

/// Moves a pair of periods on to a later one. False if `to` is older than both; then nothing moves.
template <typename Counts>
bool move_on(Counts& counts, uint32_t to) {
  const auto ahead = static_cast<int32_t>(to - counts.period);
  if (ahead < -1) return false;
  if (ahead <= 0) return true;
  counts.previous = ahead == 1 ? counts.current : 0;
  counts.current = 0;
  counts.period = to;
  return true;
}

uint32_t saturated_sum(uint32_t a, uint32_t b) {
  return a > std::numeric_limits<uint32_t>::max() - b ? std::numeric_limits<uint32_t>::max() : a + b;
}

/// What SlidingCount::weighted() came to, in whole ones.
uint32_t whole(uint64_t weighted, int64_t window_ms) {
  return static_cast<uint32_t>(
      std::min<uint64_t>(weighted / static_cast<uint64_t>(window_ms), std::numeric_limits<uint32_t>::max()));
}

constexpr uint16_t kTooManyRequests = 429;

bool is_client_error(uint16_t status) {
  return status >= 400 && status < 500 && status != kTooManyRequests;
}

}  // namespace

bool SlidingCount::add(uint32_t in_period, uint32_t amount) {
  if (!move_on(*this, in_period)) return false;
  uint32_t& count = in_period == period ? current : previous;
  count = saturated_sum(count, amount);
  return true;
}

bool DistinctCount::add(uint32_t in_period, uint64_t value_hash) {
  if (!move_on(*this, in_period)) return false;
  (in_period == period ? current : previous) |= uint64_t{1} << (value_hash * 0x9e3779b97f4a7c15ULL >> 58);
  return true;
}

uint32_t DistinctCount::count() const {
  return static_cast<uint32_t>(std::popcount(current | previous));
}

Bursts::Moment Bursts::moment_of(int64_t time_ms, int64_t window_ms) {
  const int64_t period = time_ms >= 0 ? time_ms / window_ms : -((-time_ms + window_ms - 1) / window_ms);
  return {static_cast<uint32_t>(static_cast<uint64_t>(period)), time_ms - period * window_ms};
}

BurstVerdict Bursts::take(uint32_t* words, const Observation& record) {
  BurstVerdict verdict;
  const Moment now = moment_of(record.time.time_since_epoch().count(), options_.window.count());
  const bool exceeded = record.client_kind == ClientKind::kAddress && is_rate_exceeded(words, now, verdict);
  const bool is_count = record.has(ObservationFlag::kAddressCount);
  const bool failed = is_auth_failure(record.status);
  const bool missed = !is_count && !failed && is_client_error(record.status);
  const bool hit = !is_count && record.rule_hits > 0;
  if (!exceeded && !failed && !missed && !hit) return verdict;

  BurstActivity& client = activity(words);
  if (failed) take_failure(client, record, now, verdict);
  if (missed && client.paths.add(now.period, record.path_hash ^ record.client_hash)) {
    const uint32_t paths = client.paths.count();
    if (paths >= options_.enumeration_paths) verdict.add(BurstReason::kEnumeration, paths);
  }
  if (hit && client.hits.add(now.period, record.rule_hits))
    judge_count(BurstReason::kScanning, client.hits, options_.scanning_hits, now, verdict);
  return verdict;
}

/// A late record is not judged: the newer ones have been.
void Bursts::judge_count(BurstReason reason, const SlidingCount& count, uint32_t least, const Moment& now,
                         BurstVerdict& verdict) const {
  if (count.period != now.period) return;
  const int64_t window_ms = options_.window.count();
  const uint64_t weighted = count.weighted(now.elapsed_ms, window_ms);
  if (weighted >= uint64_t{least} * static_cast<uint64_t>(window_ms)) verdict.add(reason, whole(weighted, window_ms));
}

bool Bursts::is_rate_exceeded(uint32_t* words, const Moment& now, BurstVerdict& verdict) const {
  SlidingCount count = requests(words);
  if (!count.add(now.period, 1)) return false;
  set_requests(words, count);
  if (count.period != now.period) return false;  // a late record: the newer ones have been judged
  const int64_t window_ms = options_.window.count();
  const uint64_t weighted = count.weighted(now.elapsed_ms, window_ms);
  if (weighted <= uint64_t{options_.requests_max} * static_cast<uint64_t>(window_ms)) return false;
  verdict.add(BurstReason::kRequestRate, whole(weighted, window_ms));
  verdict.retry_after = Milliseconds{retry_after_ms(count, now.elapsed_ms)};
  return true;
}

/// How long until one more request would not pass the limit if none came before it.
int64_t Bursts::retry_after_ms(const SlidingCount& requests, int64_t elapsed_ms) const {
  const int64_t window_ms = options_.window.count();
  const int64_t room = int64_t{options_.requests_max} - 1;
  // The time of a period from which on `count` requests of the period before weigh no more than `left`.
  const auto faded = [&](int64_t count, int64_t left) {
    return count <= left ? 0 : window_ms - left * window_ms / count;
  };
  if (requests.current <= room) {
    return std::max<int64_t>(faded(requests.previous, room - requests.current) - elapsed_ms, 1);
  }
  return window_ms - elapsed_ms + faded(requests.current, room);
}

void Bursts::take_failure(BurstActivity& client, const Observation& record, const Moment& now,
                          BurstVerdict& verdict) const {
  if (client.failures.add(now.period, 1))
    judge_count(BurstReason::kFailedAuthentication, client.failures, options_.auth_failures, now, verdict);
  if (!record.has(ObservationFlag::kAddressCount)) return;  // only these name an account of an address
  const uint64_t account = record.path_hash ^ record.client_hash;
  if (client.accounts.add(now.period, account) && client.accounts.count() >= options_.accounts)
    verdict.add(BurstReason::kCredentialStuffing, client.accounts.count());
  const Moment slow = moment_of(record.time.time_since_epoch().count(), options_.spraying_window.count());
  if (!client.slow_accounts.add(slow.period, account) || !client.slow_failures.add(slow.period, 1)) return;
  const uint64_t failures = uint64_t{client.slow_failures.current} + client.slow_failures.previous;
  const uint32_t accounts = client.slow_accounts.count();
  if (accounts >= options_.accounts && failures <= uint64_t{options_.spraying_tries} * accounts)
    verdict.add(BurstReason::kPasswordSpraying, accounts);
}

bool Bursts::is_auth_failure(uint16_t status) const {
  return std::find(options_.auth_failure_statuses.begin(), options_.auth_failure_statuses.end(), status) !=
         options_.auth_failure_statuses.end();
}

void Bursts::set_requests(uint32_t* words, const SlidingCount& count) {
  words[0] = count.period;
  words[1] = count.current;
  words[2] = count.previous;
}

BurstActivity& Bursts::activity(uint32_t* words) {
  if (words[3] == 0) {
    if (free_.empty()) {
      activities_.emplace_back();
      words[3] = static_cast<uint32_t>(activities_.size());
    } else {
      words[3] = free_.back() + 1;
      free_.pop_back();
    }
  }
  return activities_[words[3] - 1];
}

void Bursts::release(uint32_t* words) {
  if (words[3] != 0) {
    activities_[words[3] - 1] = {};
    free_.push_back(words[3] - 1);
  }
  std::fill(words, words + kWords, 0U);
}

void Bursts::clear() {
  activities_.clear();
  free_.clear();
}

}  // namespace weir
