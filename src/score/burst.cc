#include "score/burst.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <utility>

namespace weir {
namespace {

constexpr uint16_t kTooManyRequests = 429;
constexpr size_t kCacheLineBytes = 64;

bool is_client_error(uint16_t status) {
  return status >= 400 && status < 500 && status != kTooManyRequests;
}

int64_t floor_divided(int64_t value, int64_t by) {
  return value >= 0 ? value / by : -((-value + by - 1) / by);
}

uint32_t saturated_sum(uint32_t a, uint32_t b) {
  return a > std::numeric_limits<uint32_t>::max() - b ? std::numeric_limits<uint32_t>::max() : a + b;
}

/// A power of two, so that a pane's place follows from the lower bits of its number.
uint32_t places_for(int64_t lateness_ms, int64_t pane_ms) {
  const int64_t late_panes = std::min<int64_t>((lateness_ms + pane_ms - 1) / pane_ms, Bursts::kPlacesMax);
  const auto places = static_cast<uint32_t>(late_panes + Bursts::kPanes);
  return std::min(std::bit_ceil(places), Bursts::kPlacesMax);
}

size_t value_bytes_of(const BurstActivity& client) {
  size_t bytes = 0;
  for (const auto* panes : {&client.panes, &client.slow_panes})
    for (const BurstPane& pane : *panes)
      bytes += pane.values.bytes();
  return bytes;
}

uint64_t bit_of(uint64_t value_hash) {
  return uint64_t{1} << (value_hash * 0x9e3779b97f4a7c15ULL >> 58);
}

}  // namespace

void CountedRecords::add(uint32_t amount, const LatestRecord& record) {
  count = saturated_sum(count, amount);
  latest.take(record);
}

Bursts::Bursts(const BurstOptions& options, Milliseconds lateness, Milliseconds remembered)
    : options_(options),
      lateness_ms_(lateness.count()),
      remembered_ms_(remembered.count()),
      pane_ms_(std::max<int64_t>(options.window.count() / kPanes, 1)),
      slow_pane_ms_(std::max<int64_t>(options.spraying_window.count() / kPanes, 1)),
      places_(places_for(lateness.count(), pane_ms_)),
      slow_places_(places_for(lateness.count(), slow_pane_ms_)) {}

void Bursts::prefetch_panes(const uint32_t* words) const {
  if (number_of(words) == 0) return;
  const BurstActivity& client = activities_[number_of(words) - 1];
  if (!client.panes.empty()) {
    const auto* newest = reinterpret_cast<const char*>(&client.panes.back());
    for (size_t at = 0; at < sizeof(BurstPane); at += kCacheLineBytes)
      prefetch_to_write(newest + at);
  }
  if (!client.bursts.empty()) prefetch_to_write(&client.bursts.front());
}

bool Bursts::take(uint32_t* words, uint32_t chunk, const Observation& record, BurstFindings& found) {
  const int64_t pane = floor_divided(record.time.time_since_epoch().count(), pane_ms_);
  const bool is_rated = record.client_kind == ClientKind::kAddress && !is_shared(record.address);
  bool in_time = !is_rated || take_request(words, pane, found);
  const Conduct conduct = conduct_of(record);
  if (!conduct.failed && !conduct.missed && !conduct.attacked) return in_time;
  BurstActivity& client = activity(words);
  client.chunk = chunk;
  if (!take_activity(client, pane, record, conduct, found)) in_time = false;
  if (conduct.names_account && !take_account(client, record, found)) in_time = false;
  return in_time;
}

/// Requests, which most clients have nothing else of, are counted in the client's words.
bool Bursts::take_request(uint32_t* words, int64_t pane, BurstFindings& found) {
  const auto number = static_cast<uint32_t>(static_cast<uint64_t>(pane));
  uint32_t* ring = words + 1;
  const auto place = [this](uint32_t of_pane) { return of_pane & (places_ - 1); };
  const bool is_first = ring[place(words[0])] == 0;  // the newest pane has a request
  const auto ahead = static_cast<int32_t>(number - words[0]);
  if (is_first) {
    words[0] = number;
  } else if (ahead > 0) {
    for (uint32_t i = 1; i <= std::min(static_cast<uint32_t>(ahead), places_); ++i)
      ring[place(words[0] + i)] = 0;
    words[0] = number;
  } else if (ahead <= -static_cast<int32_t>(places_)) {
    return false;
  }
  ring[place(number)] = saturated_sum(ring[place(number)], 1);

  // Nearly all requests end here: all panes kept of the client together hold too little for any window.
  const bool has_bursts = (words[places_ + 1] & kHasBursts) != 0;
  const uint64_t kept = std::accumulate(ring, ring + places_, uint64_t{0});
  if (kept <= options_.requests_max && !has_bursts) return true;
  Measure measure{BurstReason::kRequestRate, options_.requests_max + 1, false, {}, {}, {}, pane, pane_ms_, 1, {}, 0};
  const auto first = number - static_cast<uint32_t>(kBefore);
  for (uint32_t i = 0; i < kNear; ++i) {
    const auto behind = static_cast<int32_t>(words[0] - (first + i));
    if (behind < 0 || behind >= static_cast<int32_t>(places_)) continue;
    measure.values[i] = measure.amounts[i] = ring[place(first + i)];
  }
  judge(measure, has_bursts ? find(words) : nullptr, found);
  return true;
}

/// How long after a window's end one more request would be within the limit if none came before it: until so many of the
/// window's panes are past that the others hold less. Zero if it is at once.
Milliseconds Bursts::retry_after(const Near<uint64_t>& requests, size_t window_end) const {
  uint64_t held = 0;
  int64_t panes = 0;
  for (; panes < kPanes; ++panes) {
    held += requests[window_end - static_cast<size_t>(panes)];
    if (held >= options_.requests_max) break;
  }
  return Milliseconds{(kPanes - panes) * pane_ms_};
}

Bursts::Conduct Bursts::conduct_of(const Observation& record) const {
  const bool is_count = record.has(ObservationFlag::kAddressCount);
  Conduct conduct;
  conduct.failed = is_auth_failure(record.status);
  conduct.names_account = conduct.failed && is_count;
  conduct.missed = !is_count && !conduct.failed && is_client_error(record.status);
  conduct.attacked = !is_count && record.evidence;
  return conduct;
}

bool Bursts::take_activity(BurstActivity& client, int64_t pane, const Observation& record, const Conduct& conduct,
                           BurstFindings& found) {
  BurstPane* at = pane_of(client, client.panes, pane, places_);
  if (at == nullptr) return false;
  const LatestRecord this_record{record.time.time_since_epoch().count(), record.at, record.address};
  const auto& [failed, names_account, missed, attacked] = conduct;
  if (failed) at->failures.add(1, this_record);
  if (names_account) at->accounts |= bit_of(record.path_hash ^ record.client_hash);
  if (missed) at->errors.add(1, this_record);
  if (missed) at->paths |= bit_of(record.path_hash ^ record.client_hash);
  if (attacked) at->attacks.add(1, this_record);
  if (attacked) at->rules |= record.evidence.rules;
  if (failed) count_values(client, *at, ValueGroup::kFailures, record);
  if (missed) count_values(client, *at, ValueGroup::kErrors, record);
  if (attacked) count_values(client, *at, ValueGroup::kAttacks, record);

  const auto near = near_of(client.panes, pane);
  const auto measure = [&](BurstReason reason, uint32_t least, bool is_distinct, auto value, auto records) {
    Measure item{reason, least, is_distinct, {}, {}, {}, pane, pane_ms_, 1, {}, 0};
    if (reason == BurstReason::kScanning) item.kinds_least = options_.scanning_rules;
    uint64_t all = 0;
    for (size_t i = 0; i < kNear; ++i) {
      if (near[i] == nullptr) continue;
      item.values[i] = value(*near[i]);
      item.amounts[i] = records(*near[i]).count;
      item.latest[i] = &records(*near[i]).latest;
      item.kinds[i] = near[i]->rules;
      all = is_distinct ? all | item.values[i] : all + item.values[i];
    }
    if (is_distinct) all = static_cast<uint64_t>(std::popcount(all));
    if (all >= least || !client.bursts.empty()) judge(item, &client, found);
  };
  const auto failures = [](const BurstPane& burst_pane) -> const CountedRecords& { return burst_pane.failures; };
  const auto errors = [](const BurstPane& burst_pane) -> const CountedRecords& { return burst_pane.errors; };
  const auto attacks = [](const BurstPane& burst_pane) -> const CountedRecords& { return burst_pane.attacks; };
  if (failed) {
    measure(
        BurstReason::kFailedAuthentication, options_.auth_failures, false,
        [](const BurstPane& burst_pane) { return burst_pane.failures.count; }, failures);
  }
  if (failed && record.client_kind == ClientKind::kAddress) {  // one of its own names no account, but is a failure
    measure(
        BurstReason::kCredentialStuffing, options_.accounts, true,
        [](const BurstPane& burst_pane) { return burst_pane.accounts; }, failures);
  }
  if (missed) {
    measure(
        BurstReason::kEnumeration, options_.enumeration_paths, true,
        [](const BurstPane& burst_pane) { return burst_pane.paths; }, errors);
  }
  if (attacked) {
    measure(
        BurstReason::kScanning, options_.scanning_requests, false,
        [](const BurstPane& burst_pane) { return burst_pane.attacks.count; }, attacks);
  }
  return true;
}

/// Spraying goes over a window of its own. Only counts for an address name accounts.
bool Bursts::take_account(BurstActivity& client, const Observation& record, BurstFindings& found) {
  const int64_t time_ms = record.time.time_since_epoch().count();
  const int64_t pane = floor_divided(time_ms, slow_pane_ms_);
  BurstPane* at = pane_of(client, client.slow_panes, pane, slow_places_);
  if (at == nullptr) return false;
  at->failures.add(1, {time_ms, record.at, record.address});
  at->accounts |= bit_of(record.path_hash ^ record.client_hash);
  count_values(client, *at, ValueGroup::kFailures, record);
  Measure measure{BurstReason::kPasswordSpraying, options_.accounts, true, {}, {}, {}, pane, slow_pane_ms_, 1, {}, 0};
  const auto near = near_of(client.slow_panes, pane);
  for (size_t i = 0; i < kNear; ++i) {
    if (near[i] == nullptr) continue;
    measure.values[i] = near[i]->accounts;
    measure.amounts[i] = near[i]->failures.count;
    measure.latest[i] = &near[i]->failures.latest;
  }
  judge(measure, &client, found);
  return true;
}

uint64_t Bursts::held_by(const Measure& measure, size_t window_end) {
  uint64_t held = 0, kinds = 0;
  for (size_t i = window_end + 1 - kPanes; i <= window_end; ++i) {
    held = measure.is_distinct ? held | measure.values[i] : held + measure.values[i];
    kinds |= measure.kinds[i];
  }
  if (measure.is_distinct) held = static_cast<uint64_t>(std::popcount(held));
  const bool is_burst = held >= measure.least && static_cast<uint32_t>(std::popcount(kinds)) >= measure.kinds_least;
  return is_burst ? held : 0;
}

/// Of the window that ends with this pane.
uint64_t Bursts::requests_in(const Measure& measure, size_t window_end) {
  const auto end = measure.amounts.begin() + static_cast<std::ptrdiff_t>(window_end) + 1;
  return std::accumulate(end - kPanes, end, uint64_t{0});
}

/// Appends a finding for each period in which a window ends that the record is in, if such a window holds enough. A window whose
/// last pane is empty says nothing that the one before did not. Only windows that hold enough are looked at further: each of them
/// is seen with every record in it, whichever of the period's windows was the first to be told. Records of a period that has a burst
/// are told in any case: they are counted.
void Bursts::judge(const Measure& measure, const BurstActivity* client, BurstFindings& found) const {
  const int64_t first = measure.pane - kBefore;  // of the panes near
  const int64_t first_period = floor_divided(measure.pane, kPanes);
  const int64_t last_period = floor_divided(measure.pane + kPanes - 1, kPanes);
  for (int64_t period = first_period; period <= last_period; ++period) {
    uint64_t peak = 0, requests = 0;
    Milliseconds wait{0};
    for (int64_t end = std::max(measure.pane, period * kPanes);
         end < std::min(measure.pane + kPanes, (period + 1) * kPanes); ++end) {
      if (measure.amounts[static_cast<size_t>(end - first)] == 0) continue;
      const uint64_t held = held_by(measure, static_cast<size_t>(end - first));
      if (held == 0) continue;
      peak = std::max(peak, held);
      requests = std::max(requests, requests_in(measure, static_cast<size_t>(end - first)));
      if (measure.reason == BurstReason::kRequestRate)
        wait = std::max(wait, retry_after(measure.values, static_cast<size_t>(end - first)));
    }
    const int64_t begin_ms = period * kPanes * measure.pane_ms;
    const bool is_counted = period == first_period && find_burst(client, measure.reason, begin_ms) != nullptr;
    if (peak == 0 && !is_counted) continue;
    BurstFinding& finding = found.emplace_back();
    finding.reason = measure.reason;
    finding.begin_ms = begin_ms;
    finding.end_ms = (period + 1) * kPanes * measure.pane_ms;
    finding.least = measure.least;
    finding.peak = peak;
    finding.requests = requests;
    finding.retry_after = wait;
    finding.added = period == first_period ? measure.added : 0;
    for (int64_t pane = period * kPanes; pane < (period + 1) * kPanes; ++pane) {
      const auto i = static_cast<size_t>(pane - first);
      if (pane < first || i >= kNear) continue;
      finding.total += measure.amounts[i];
      if (measure.latest[i] != nullptr && measure.latest[i]->at != kNoRecord) finding.latest.take(*measure.latest[i]);
    }
  }
}

/// The pane of a client, made if there is none; null if it is older than all that are kept.
BurstPane* Bursts::pane_of(const BurstActivity& client, std::vector<BurstPane>& panes, int64_t number, int64_t places) {
  if (!panes.empty() && number == panes.back().number) return &panes.back();
  if (!panes.empty() && number <= panes.back().number - places) return nullptr;
  auto at = std::lower_bound(panes.begin(), panes.end(), number,
                             [](const BurstPane& pane, int64_t wanted) { return pane.number < wanted; });
  if (at != panes.end() && at->number == number) return &*at;
  BurstPane made;
  made.number = number;
  at = panes.insert(at, made);
  ++panes_;
  const auto kept = std::find_if(panes.begin(), panes.end(),
                                 [&](const BurstPane& pane) { return pane.number > panes.back().number - places; });
  const auto place = at - kept;
  panes_ -= static_cast<size_t>(kept - panes.begin());
  for (auto pane = panes.begin(); pane != kept; ++pane)
    count_value_bytes(client.chunk, pane->values.bytes(), 0);
  panes.erase(panes.begin(), kept);
  return &panes[static_cast<size_t>(place)];
}

void Bursts::count_values(const BurstActivity& client, BurstPane& pane, ValueGroup group, const Observation& record) {
  const size_t before = pane.values.bytes();
  const size_t used = client.chunk < value_bytes_.size() ? value_bytes_[client.chunk] : 0;
  pane.values.add(group, {record.address, record.status, record.words},
                  kValueBytesMax - std::min(used, kValueBytesMax));
  count_value_bytes(client.chunk, before, pane.values.bytes());
}

void Bursts::count_value_bytes(uint32_t chunk, size_t before, size_t after) {
  if (before == after) return;
  if (chunk >= value_bytes_.size()) value_bytes_.resize(chunk + 1);
  value_bytes_[chunk] = value_bytes_[chunk] + after - before;
  all_value_bytes_ = all_value_bytes_ + after - before;
}

ValueGroup Bursts::group_of(BurstReason reason) {
  if (reason == BurstReason::kEnumeration) return ValueGroup::kErrors;
  return reason == BurstReason::kScanning ? ValueGroup::kAttacks : ValueGroup::kFailures;
}

ValueCounts Bursts::values_of(const uint32_t* words, const BurstFinding& finding) const {
  ValueCounts values;
  const BurstActivity* client = find(words);
  const CountedIn counted = counted_in(finding.reason);
  if (client == nullptr || counted == CountedIn::kRequests) return values;
  const bool is_slow = counted == CountedIn::kSlowPanes;
  const int64_t pane_ms = is_slow ? slow_pane_ms_ : pane_ms_;
  for (const BurstPane& pane : is_slow ? client->slow_panes : client->panes) {
    const int64_t begin_ms = pane.number * pane_ms;
    if (begin_ms >= finding.begin_ms && begin_ms < finding.end_ms) values.merge(pane.values, group_of(finding.reason));
  }
  return values;
}

Bursts::Near<const BurstPane*> Bursts::near_of(const std::vector<BurstPane>& panes, int64_t number) {
  Near<const BurstPane*> near{};
  for (auto pane = panes.rbegin(); pane != panes.rend() && pane->number >= number - kBefore; ++pane) {
    const auto i = static_cast<size_t>(pane->number - (number - kBefore));
    if (i < kNear) near[i] = &*pane;
  }
  return near;
}

const KnownBurst* Bursts::find_burst(const BurstActivity* client, BurstReason reason, int64_t begin_ms) {
  if (client == nullptr) return nullptr;
  const auto found = std::find_if(client->bursts.begin(), client->bursts.end(), [&](const KnownBurst& burst) {
    return burst.reason == reason && burst.begin_ms == begin_ms;
  });
  return found == client->bursts.end() ? nullptr : &*found;
}

Bursts::CountedIn Bursts::counted_in(BurstReason reason) {
  if (reason == BurstReason::kRequestRate) return CountedIn::kRequests;
  return reason == BurstReason::kPasswordSpraying ? CountedIn::kSlowPanes : CountedIn::kPanes;
}

/// What a burst shows to be past is past only for what is counted in the same panes: to others, which may have had nothing
/// since, a record can still add. Of what is past, the last burst of an incident stays as long as the incident is open, and as
/// another one of its stretch could have its number.
void Bursts::add(uint32_t* words, const KnownBurst& burst) {
  auto& bursts = activity(words).bursts;
  const CountedIn panes = counted_in(burst.reason);
  const int64_t kept_ms = panes == CountedIn::kSlowPanes ? slow_places_ * slow_pane_ms_ : int64_t{places_} * pane_ms_;
  const int64_t past_ms = burst.begin_ms - 2 * kept_ms;
  const int64_t stretch_ms = stretch_length(kPanes * (panes == CountedIn::kSlowPanes ? slow_pane_ms_ : pane_ms_));
  const auto is_last = [](const KnownBurst* known_burst, const KnownBurst* end) {  // they stand by begin
    return std::none_of(known_burst + 1, end, [&](const KnownBurst& later) {
      return later.reason == known_burst->reason && later.incident == known_burst->incident;
    });
  };
  const KnownBurst* const end = bursts.data() + bursts.size();
  absl::InlinedVector<KnownBurst, 16> kept;
  for (const KnownBurst& known_burst : bursts) {
    const bool is_past = counted_in(known_burst.reason) == panes && known_burst.begin_ms < past_ms;
    const bool may_count = known_burst.episode != kNoEpisode || known_burst.incident.stretch_ms + stretch_ms > past_ms;
    if (!is_past || (may_count && is_last(&known_burst, end))) kept.push_back(known_burst);
  }
  bursts.assign(kept.begin(), kept.end());
  put_back(words, burst);
}

void Bursts::put_back(uint32_t* words, const KnownBurst& burst) {
  auto& bursts = activity(words).bursts;
  words[places_ + 1] |= kHasBursts;
  const auto key = [](const KnownBurst& known_burst) { return std::pair(known_burst.begin_ms, known_burst.reason); };
  bursts.insert(std::upper_bound(bursts.begin(), bursts.end(), burst,
                                 [&](const KnownBurst& a, const KnownBurst& b) { return key(a) < key(b); }),
                burst);
}

void Bursts::close(uint32_t* words, uint32_t episode) {
  for (KnownBurst& burst : activity(words).bursts) {
    if (burst.episode == episode) burst.episode = kNoEpisode;
  }
}

bool Bursts::has_open(const uint32_t* words) const {
  const BurstActivity* client = find(words);
  return client != nullptr && std::any_of(client->bursts.begin(), client->bursts.end(),
                                          [](const KnownBurst& burst) { return burst.episode != kNoEpisode; });
}

bool Bursts::resume(uint32_t* words, BurstReason reason, const BurstIncident& incident, uint32_t episode) {
  bool any = false;
  for (KnownBurst& burst : activity(words).bursts) {
    if (burst.episode != kEpisodeToCome || burst.reason != reason || burst.incident != incident) continue;
    burst.episode = episode;
    any = true;
  }
  return any;
}

bool Bursts::is_waiting(const uint32_t* words) const {
  const BurstActivity* client = find(words);
  return client != nullptr && std::any_of(client->bursts.begin(), client->bursts.end(),
                                          [](const KnownBurst& burst) { return burst.episode == kEpisodeToCome; });
}

bool Bursts::is_shared(const IpAddress& address) const {
  return std::any_of(options_.shared_networks.begin(), options_.shared_networks.end(),
                     [&](const Cidr& network) { return network.contains(address); });
}

/// Whole periods, as many as a client is surely known for: otherwise it could be told anew under the same identifiers.
int64_t Bursts::stretch_length(int64_t period_ms) const {
  return period_ms * std::clamp<int64_t>(remembered_ms_ / period_ms, 1, kStretchPeriods);
}

int64_t Bursts::stretch_of(const BurstFinding& finding) const {
  const int64_t length = stretch_length(finding.end_ms - finding.begin_ms);
  return floor_divided(finding.begin_ms, length) * length;
}

bool Bursts::is_auth_failure(uint16_t status) const {
  return std::find(options_.auth_failure_statuses.begin(), options_.auth_failure_statuses.end(), status) !=
         options_.auth_failure_statuses.end();
}

BurstActivity& Bursts::activity(uint32_t* words) {
  if (number_of(words) == 0) {
    if (free_.empty()) {
      activities_.emplace_back();
      words[places_ + 1] = static_cast<uint32_t>(activities_.size());
    } else {
      words[places_ + 1] = free_.back() + 1;
      free_.pop_back();
    }
  }
  return activities_[number_of(words) - 1];
}

void Bursts::set_activity(uint32_t* words, uint32_t chunk, BurstActivity saved) {
  saved.chunk = chunk;
  count_value_bytes(chunk, 0, value_bytes_of(saved));
  panes_ += saved.panes.size() + saved.slow_panes.size();
  activity(words) = std::move(saved);
  if (!activity(words).bursts.empty()) words[places_ + 1] |= kHasBursts;
}

void Bursts::release(uint32_t* words) {
  if (const uint32_t number = number_of(words); number != 0) {
    panes_ -= activities_[number - 1].panes.size() + activities_[number - 1].slow_panes.size();
    count_value_bytes(activities_[number - 1].chunk, value_bytes_of(activities_[number - 1]), 0);
    activities_[number - 1] = {};
    free_.push_back(number - 1);
  }
  std::fill_n(words, this->words(), 0U);
}

void Bursts::clear() {
  activities_.clear();
  free_.clear();
  value_bytes_.clear();
  panes_ = all_value_bytes_ = 0;
}

}  // namespace weir
