#include "score/saved_client.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "score/client_window.h"
#include "score/saved_record.h"

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

constexpr size_t kWindowBytesMax = 512;  // of a client without what it has of bursts

/// The ring places of a window from the oldest request to the newest.
class Places {
 public:
  Places(const ClientEntry& client, uint32_t capacity)
      : oldest_(client.window_size == capacity ? client.window_next : 0), capacity_(capacity) {}
  uint32_t operator[](uint32_t i) const { return oldest_ + i < capacity_ ? oldest_ + i : oldest_ + i - capacity_; }

 private:
  uint32_t oldest_, capacity_;
};

char* put_ring(char* at, const uint32_t* ring, const Places& places, uint32_t size, bool item) {
  if (size == 0) return at;
  if (!item) {
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

bool read_ring(BinaryReader& in, uint32_t* ring, uint32_t size, bool item) {
  if (size == 0) return !item;
  const uint64_t changes = item ? 0 : in.varint();
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

bool is_burst_reason(uint8_t bits) {
  return std::popcount(bits) == 1 && bits < 1U << kBurstReasons;
}

void put_counted(BinaryWriter& out, const CountedRecords& records) {
  out.varint(records.count);
  if (records.count == 0) return;
  out.zigzag(records.latest.time_ms);
  write_coordinates(out, records.latest.at);
  write_address(out, records.latest.address);
}

void put_panes(BinaryWriter& out, const std::vector<BurstPane>& panes) {
  out.varint(panes.size());
  int64_t before = 0;
  for (const BurstPane& pane : panes) {
    out.zigzag(pane.number - before);
    before = pane.number;
    for (const CountedRecords* records : {&pane.failures, &pane.errors, &pane.attacks})
      put_counted(out, *records);
    out.varint(pane.paths);
    out.varint(pane.accounts);
    out.varint(pane.rules);
    out.text(pane.values.packed());
  }
}

bool read_counted(BinaryReader& in, CountedRecords& records) {
  records.count = in.number<uint32_t>();
  if (records.count == 0) return true;
  records.latest.time_ms = in.signed_number<int64_t>();
  records.latest.at = read_coordinates(in);
  records.latest.address = read_address(in);
  return is_plausible_time(records.latest.time_ms);
}

bool read_panes(BinaryReader& in, ChunkLayout layout, std::vector<BurstPane>& panes) {
  const auto count = in.number<uint32_t>();
  if (count > Bursts::kPlacesMax) return false;
  int64_t number = 0;
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    BurstPane& pane = panes.emplace_back();
    const auto step = in.signed_number<int64_t>();
    if (!is_plausible_time(step) || (i > 0 && step <= 0)) return false;
    pane.number = number += step;
    if (!is_plausible_time(number)) return false;
    for (CountedRecords* records : {&pane.failures, &pane.errors, &pane.attacks}) {
      if (!read_counted(in, *records)) return false;
    }
    pane.paths = in.varint();
    pane.accounts = in.varint();
    if (layout != ChunkLayout::kWithoutSources) pane.rules = in.varint();
    if (layout < ChunkLayout::kWithValues) continue;
    auto values = ValueCounts::read(in.text());
    if (!values) return false;
    pane.values = std::move(*values);
  }
  return in.ok();
}

void put_activity(BinaryWriter& out, const BurstActivity& activity) {
  put_panes(out, activity.panes);
  put_panes(out, activity.slow_panes);
  out.varint(activity.bursts.size());
  for (const KnownBurst& burst : activity.bursts) {
    out.byte(static_cast<uint8_t>(burst.reason));
    out.byte(burst.episode == kNoEpisode ? 0 : 1);
    out.zigzag(burst.begin_ms);
    out.zigzag(burst.begin_ms - burst.incident.stretch_ms);
    out.varint(burst.incident.number);
  }
}

bool read_activity(BinaryReader& in, ChunkLayout layout, BurstActivity& activity) {
  if (!read_panes(in, layout, activity.panes) || !read_panes(in, layout, activity.slow_panes)) return false;
  const auto count = in.number<uint32_t>();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const uint8_t reason = in.byte();
    // Those of the oldest layout are closed and of no incident; open ones follow from their episodes.
    const bool is_oldest = layout == ChunkLayout::kWithoutSources;
    const bool is_open = !is_oldest && in.enumerator<uint8_t>(2) == 1;
    const auto begin_ms = in.signed_number<int64_t>();
    const auto before_ms = is_oldest ? int64_t{0} : in.signed_number<int64_t>();
    if (!is_burst_reason(reason) || !is_plausible_time(begin_ms) || !is_plausible_time(before_ms)) return false;
    activity.bursts.push_back({static_cast<BurstReason>(reason),
                               is_open ? kEpisodeToCome : kNoEpisode,
                               begin_ms,
                               {begin_ms - before_ms, is_oldest ? 0U : in.number<uint32_t>()}});
  }
  return in.ok();
}

/// The panes with requests, from the oldest to the newest.
void put_requests(BinaryWriter& out, const Bursts& bursts, const uint32_t* words) {
  uint32_t panes = 0;
  for (uint32_t i = 0; i < bursts.places(); ++i)
    panes += bursts.requests(words, i) != 0 ? 1U : 0U;
  out.varint(Bursts::newest_pane(words));
  out.varint(panes);
  for (uint32_t i = bursts.places(); i-- > 0;) {
    const uint32_t count = bursts.requests(words, i);
    if (count == 0) continue;
    out.varint(i);
    out.varint(count);
  }
}

bool read_requests(BinaryReader& in, SavedClient& saved) {
  saved.newest_pane = in.number<uint32_t>();
  const auto panes = in.number<uint32_t>();
  if (panes == 0 || panes > Bursts::kPlacesMax) return false;
  for (uint32_t i = 0; i < panes && in.ok(); ++i) {
    const auto before = in.number<uint32_t>();
    const auto count = in.number<uint32_t>();
    if (before >= Bursts::kPlacesMax || count == 0) return false;
    saved.requests.push_back({before, count});
  }
  return in.ok() && saved.requests.back().before_newest == 0;
}

}  // namespace

void put_client(const ClientEntry& client, const uint32_t* window, uint32_t capacity, int64_t clock_ms,
                const Bursts& bursts, const uint32_t* burst_words, std::string& out) {
  std::array<char, kWindowBytesMax> bytes;
  char* at = bytes.data();
  const BurstActivity* activity = bursts.find(burst_words);
  const uint32_t size = client.window_size;
  const uint32_t* addresses = window;
  const uint32_t* agents = window + capacity;
  const uint32_t* intervals = window + size_t{2} * capacity;
  const Places places(client, capacity);
  const bool one_address = all_same(addresses, size), one_agent = all_same(agents, size);
  const bool has_requests = bursts.requests(burst_words, 0) != 0;
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
  out.append(bytes.data(), static_cast<size_t>(at - bytes.data()));
  BinaryWriter writer(out);
  if (has_requests) put_requests(writer, bursts, burst_words);
  if (activity != nullptr) put_activity(writer, *activity);
}

bool read_client(BinaryReader& in, ChunkLayout layout, SavedClient& saved, uint32_t capacity, int64_t clock_ms) {
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
  saved.requests.clear();
  saved.activity = {};
  saved.has_activity = (shape & kHasActivity) != 0;
  if ((shape & kHasRequests) != 0 && !read_requests(in, saved)) return false;
  if (saved.has_activity && !read_activity(in, layout, saved.activity)) return false;
  client.window_size = static_cast<uint8_t>(size);
  client.window_next = static_cast<uint8_t>(size == capacity ? 0 : size);
  client.distinct_addresses = distinct(addresses, size);
  client.distinct_agents = distinct(agents, size);
  return in.ok();
}

}  // namespace weir
