#include "score/saved_client.h"

#include <algorithm>

#include "score/client_window.h"

namespace weir {
namespace {

// The first byte; the second is the number of requests in the window.
constexpr uint32_t kTouched = 1 << 0;
constexpr uint32_t kHasBots = 1 << 1;
constexpr uint32_t kOneAddress = 1 << 2;  // the same at all requests
constexpr uint32_t kOneAgent = 1 << 3;
constexpr uint32_t kHasRequests = 1 << 4;  // counted for bursts
constexpr uint32_t kHasActivity = 1 << 5;
constexpr uint32_t kShapes = 1 << 6;

/// The ring places of a window from the oldest request to the newest.
class Places {
 public:
  Places(const ClientEntry& client, uint32_t capacity)
      : oldest_(client.window_size == capacity ? client.window_next : 0), capacity_(capacity) {}
  uint32_t operator[](uint32_t i) const { return oldest_ + i < capacity_ ? oldest_ + i : oldest_ + i - capacity_; }

 private:
  uint32_t oldest_, capacity_;
};

char* put_ring(char* at, const uint32_t* ring, const Places& places, uint32_t size, bool one) {
  if (size == 0) return at;
  if (!one) {
    uint64_t changes = 0;  // bit i: request i's differs from that of the request before
    for (uint32_t i = 1; i < size; ++i)
      changes |= static_cast<uint64_t>(ring[places[i]] != ring[places[i - 1]]) << i;
    at = put_varint(at, changes);
    at = put_fixed(at, ring[places[0]], 4);
    for (uint32_t i = 1; i < size; ++i) {
      if ((changes >> i & 1) != 0) at = put_fixed(at, ring[places[i]], 4);
    }
    return at;
  }
  return put_fixed(at, ring[places[0]], 4);
}

bool read_ring(BinaryReader& in, uint32_t* ring, uint32_t size, bool one) {
  if (size == 0) return !one;
  const uint64_t changes = one ? 0 : in.varint();
  if (changes >> size != 0 || (changes & 1) != 0) return false;
  for (uint32_t i = 0; i < size; ++i)
    ring[i] = i == 0 || (changes >> i & 1) != 0 ? static_cast<uint32_t>(in.fixed(4)) : ring[i - 1];
  return in.ok();
}

bool all_same(const uint32_t* ring, uint32_t size) {
  // The places in use are the first `size`, whatever their order.
  return size > 0 && std::all_of(ring, ring + size, [first = ring[0]](uint32_t value) { return value == first; });
}

uint8_t distinct(const uint32_t* ring, uint32_t size) {
  uint8_t count = 0;
  for (uint32_t i = 0; i < size; ++i)
    count = static_cast<uint8_t>(count + (std::find(ring, ring + i, ring[i]) == ring + i));
  return count;
}

char* put_count(char* at, const SlidingCount& count) {
  at = put_varint(at, count.period);
  at = put_varint(at, count.current);
  return put_varint(at, count.previous);
}

void read_count(BinaryReader& in, SlidingCount& count) {
  count.period = in.number<uint32_t>();
  count.current = in.number<uint32_t>();
  count.previous = in.number<uint32_t>();
}

char* put_distinct(char* at, const DistinctCount& count) {
  at = put_varint(at, count.period);
  at = put_varint(at, count.current);
  return put_varint(at, count.previous);
}

void read_distinct(BinaryReader& in, DistinctCount& count) {
  count.period = in.number<uint32_t>();
  count.current = in.varint();
  count.previous = in.varint();
}

}  // namespace

char* put_client(char* at, const ClientEntry& client, const uint32_t* window, uint32_t capacity, int64_t clock_ms,
                 const SlidingCount& requests, const BurstActivity* activity) {
  const uint32_t size = client.window_size;
  const uint32_t* addresses = window;
  const uint32_t* agents = window + capacity;
  const uint32_t* intervals = window + size_t{2} * capacity;
  const Places places(client, capacity);
  const bool one_address = all_same(addresses, size), one_agent = all_same(agents, size);
  const bool has_requests = requests != SlidingCount{};
  *at++ = static_cast<char>((client.touched ? kTouched : 0U) | (client.bots != 0 ? kHasBots : 0U) |
                            (one_address ? kOneAddress : 0U) | (one_agent ? kOneAgent : 0U) |
                            (has_requests ? kHasRequests : 0U) | (activity != nullptr ? kHasActivity : 0U));
  *at++ = static_cast<char>(size);
  at = put_fixed(at, client.hash, 8);
  at = put_fixed(at, client.check, 8);
  at = put_varint(at, zigzag_of(clock_ms - client.newest_ms));
  at = put_varint(at, zigzag_of(client.newest_ms - client.last_ms));
  at = put_varint(at, zigzag_of(clock_ms - client.queued_clock_ms));
  if (client.bots != 0) {
    uint64_t bots = 0;
    for (uint32_t i = 0; i < size; ++i)
      bots |= static_cast<uint64_t>(client.bots >> places[i] & 1) << i;
    at = put_varint(at, bots);
  }
  at = put_ring(at, addresses, places, size, one_address);
  at = put_ring(at, agents, places, size, one_agent);
  for (uint32_t i = 1; i < size; ++i)  // the oldest request's interval is never looked at
    at = put_varint(at, zigzag_of(static_cast<int32_t>(intervals[places[i]])));
  if (has_requests) at = put_count(at, requests);
  if (activity == nullptr) return at;
  for (const SlidingCount* count : {&activity->failures, &activity->hits, &activity->slow_failures})
    at = put_count(at, *count);
  for (const DistinctCount* count : {&activity->paths, &activity->accounts, &activity->slow_accounts})
    at = put_distinct(at, *count);
  return at;
}

bool read_client(BinaryReader& in, SavedClient& saved, uint32_t capacity, int64_t clock_ms) {
  ClientEntry& client = saved.entry;
  client = ClientEntry{};
  const uint8_t shape = in.byte();
  const uint32_t size = in.byte();
  if (size > capacity || shape >= kShapes) return false;
  client.touched = (shape & kTouched) != 0;
  client.hash = in.fixed64();
  client.check = in.fixed64();
  const auto difference = [&in] {
    const auto ms = in.signed_number<int64_t>();
    return is_plausible_time(ms) ? ms : std::numeric_limits<int64_t>::max() / 2;
  };
  client.newest_ms = clock_ms - difference();
  client.last_ms = client.newest_ms - difference();
  client.queued_clock_ms = clock_ms - difference();
  for (const int64_t time : {client.newest_ms, client.last_ms, client.queued_clock_ms}) {
    if (!is_plausible_time(time)) return false;
  }
  const uint64_t bots = (shape & kHasBots) != 0 ? in.varint() : 0;
  if (bots >> size != 0) return false;
  client.bots = static_cast<uint16_t>(bots);
  uint32_t* addresses = saved.window;
  uint32_t* agents = addresses + capacity;
  uint32_t* intervals = agents + capacity;
  if (!read_ring(in, addresses, size, (shape & kOneAddress) != 0)) return false;
  if (!read_ring(in, agents, size, (shape & kOneAgent) != 0)) return false;
  intervals[0] = 0;
  for (uint32_t i = 1; i < size; ++i)
    intervals[i] = static_cast<uint32_t>(in.signed_number<int32_t>());
  saved.requests = {};
  saved.activity = {};
  saved.has_activity = (shape & kHasActivity) != 0;
  if ((shape & kHasRequests) != 0) read_count(in, saved.requests);
  if (saved.has_activity) {
    for (SlidingCount* count : {&saved.activity.failures, &saved.activity.hits, &saved.activity.slow_failures})
      read_count(in, *count);
    for (DistinctCount* count : {&saved.activity.paths, &saved.activity.accounts, &saved.activity.slow_accounts})
      read_distinct(in, *count);
  }
  client.window_size = static_cast<uint8_t>(size);
  client.window_next = static_cast<uint8_t>(size == capacity ? 0 : size);
  client.distinct_addresses = distinct(addresses, size);
  client.distinct_agents = distinct(agents, size);
  return in.ok();
}

}  // namespace weir
