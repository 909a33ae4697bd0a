#include "score/episodes.h"

#include <algorithm>
#include <utility>

#include "alert/message.h"
#include "base/assert.h"
#include "score/alert_id.h"

namespace weir {
Episodes::Episodes(const EpisodeOptions& options, Milliseconds burst_window, TopicTable topics)
    : options_(options), burst_window_(burst_window), topics_(std::move(topics)) {
  auto& counts = options_.update_counts;
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  counts.erase(counts.begin(),
               std::upper_bound(counts.begin(), counts.end(), 1U));  // the first record has its own alert
}

uint32_t Episodes::take_number() {
  if (free_.empty()) {
    episodes_.emplace_back();
    return static_cast<uint32_t>(episodes_.size() - 1);
  }
  const uint32_t number = free_.back();
  free_.pop_back();
  return number;
}

uint32_t Episodes::open(AlertKind kind, ClientSlot owner, uint32_t chunk, const Occurrence& occurrence,
                        std::vector<Alert>& alerts) {
  Episode episode;
  episode.kind = kind;
  episode.client_kind = occurrence.observation.client_kind;
  episode.client = occurrence.observation.client;
  episode.owner = owner;
  episode.chunk = chunk;
  return begin(std::move(episode), occurrence, alerts);
}

uint32_t Episodes::open_summary(AlertKind kind, uint32_t chunk, const Occurrence& occurrence,
                                std::vector<Alert>& alerts) {
  Episode episode;
  episode.kind = kind;
  episode.client_kind = ClientKind::kGroup;
  episode.client = kSummaryClient;
  episode.chunk = chunk;
  return begin(std::move(episode), occurrence, alerts);
}

uint32_t Episodes::begin(Episode begun, const Occurrence& occurrence, std::vector<Alert>& alerts) {
  const Observation& record = occurrence.observation;
  begun.first = record.at;
  begun.first_seen_ms = begun.last_seen_ms = record.time.time_since_epoch().count();
  if (begun.kind == AlertKind::kAttack) begun.story = std::make_unique<AttackStory>();
  const News news = take_in(begun, occurrence);
  const uint32_t number = add(std::move(begun));
  show(episodes_[number], occurrence, news, EpisodePhase::kOpened, alerts);
  return number;
}

/// Makes the alert of a record.
void Episodes::show(Episode& episode, const Occurrence& occurrence, const News& news, EpisodePhase phase,
                    std::vector<Alert>& alerts) {
  alerts.push_back(make_alert(episode, phase));
  const PackedEvidence& evidence = occurrence.observation.evidence;
  if (!evidence || episode.kind != AlertKind::kAttack) return;
  alerts.back().evidence = unpack_evidence(evidence);
  alerts.back().record_outcome = news.outcome;
  episode.story->shown(evidence);
}

uint32_t Episodes::add(Episode episode) {
  const uint32_t number = take_number();
  if (episode.story) {
    const size_t kept = episode.story->kept_bytes();
    ++stories_;
    kept_bytes(episode.chunk) += kept;
    all_kept_bytes_ += kept;
  }
  episode.sequence = next_sequence_++;
  ++open_count_;
  text_bytes_ += episode.client.size() + episode.values.bytes();
  episodes_[number] = std::move(episode);
  push_deadline(number);
  return number;
}

uint32_t Episodes::open_burst(ClientSlot owner, uint32_t chunk, const BurstOccurrence& occurrence,
                              std::vector<Alert>& alerts) {
  const BurstFinding& finding = occurrence.finding;
  Episode burst;
  burst.kind = AlertKind::kBurst;
  burst.client_kind = occurrence.observation.client_kind;
  burst.client = occurrence.observation.client;
  burst.owner = owner;
  burst.chunk = chunk;
  burst.first = burst.last = kNoRecord;
  burst.first_seen_ms = finding.begin_ms;
  burst.last_seen_ms = finding.end_ms - 1;
  burst.severity = occurrence.severity;
  burst.burst.reasons = static_cast<BurstReasons>(finding.reason);
  burst.least = finding.least;
  burst.incident = occurrence.incident;
  if (burst.client_kind == ClientKind::kAddress) burst.address = occurrence.observation.address.counting_unit();
  burst.count = finding.total - finding.added;
  take_in(burst, occurrence);
  const uint32_t number = add(std::move(burst));
  alerts.push_back(make_burst_alert(episodes_[number], EpisodePhase::kOpened, finding.least));
  update_burst(episodes_[number], alerts);
  return number;
}

void Episodes::count_burst(uint32_t number, const BurstOccurrence& occurrence, std::vector<Alert>& alerts) {
  const size_t before = alerts.size();
  take_in(episodes_[number], occurrence);
  update_burst(episodes_[number], alerts);
  if (alerts.size() == before) ++suppressed_;
}

void Episodes::extend_burst(uint32_t number, const BurstOccurrence& occurrence, std::vector<Alert>& alerts) {
  Episode& burst = episodes_[number];
  const BurstFinding& finding = occurrence.finding;
  burst.first_seen_ms = std::min(burst.first_seen_ms, finding.begin_ms);
  burst.last_seen_ms = std::max(burst.last_seen_ms, finding.end_ms - 1);
  burst.count += finding.total - finding.added;
  count_burst(number, occurrence, alerts);
}

/// With each count that the incident's total has reached: it says that count, not the total, which a record may have taken past
/// several at once.
void Episodes::update_burst(Episode& episode, std::vector<Alert>& alerts) {
  const auto& counts = options_.update_counts;
  for (; episode.next_update < counts.size() && counts[episode.next_update] <= episode.count; ++episode.next_update) {
    const uint64_t count = counts[episode.next_update];
    if (count > episode.least) alerts.push_back(make_burst_alert(episode, EpisodePhase::kUpdated, count));
  }
}

void Episodes::count(uint32_t number, const Occurrence& occurrence, std::vector<Alert>& alerts) {
  Episode& episode = episodes_[number];
  const News news = take_in(episode, occurrence);
  const auto& counts = options_.update_counts;
  const bool count_reached = episode.next_update < counts.size() && episode.count >= counts[episode.next_update];
  if (count_reached) ++episode.next_update;
  const bool interval_passed = episode.last_seen_ms - episode.alerted_ms >= options_.update_interval.count();
  if (count_reached || interval_passed || news.is_worse || news.is_new)
    return show(episode, occurrence, news, EpisodePhase::kUpdated, alerts);
  ++suppressed_;
  if (!episode.story) return;
  size_t& kept = kept_bytes(episode.chunk);
  const size_t added =
      episode.story->keep(occurrence.observation.evidence, kKeptBytesMax - std::min(kept, kKeptBytesMax));
  kept += added;
  all_kept_bytes_ += added;
}

size_t& Episodes::kept_bytes(uint32_t chunk) {
  if (chunk >= kept_bytes_.size()) kept_bytes_.resize(chunk + 1);
  return kept_bytes_[chunk];
}

void Episodes::close(uint32_t number, std::vector<Alert>& alerts) {
  Episode& episode = episodes_[number];
  WEIR_ASSERT(episode.sequence != 0, "an episode closes once");
  alerts.push_back(episode.is_clients_burst() ? make_burst_alert(episode, EpisodePhase::kClosed, episode.count)
                                              : make_alert(episode, EpisodePhase::kClosed));
  text_bytes_ -= episode.client.size() + episode.values.bytes();
  if (episode.story) {
    alerts.back().further = episode.story->kept();
    const size_t kept = episode.story->kept_bytes();
    --stories_;
    kept_bytes(episode.chunk) -= kept;
    all_kept_bytes_ -= kept;
  }
  episode = Episode{};
  free_.push_back(number);
  --open_count_;
}

uint32_t Episodes::restore(Episode episode) {
  const auto& counts = options_.update_counts;
  const auto next_update = std::upper_bound(counts.begin(), counts.end(), episode.count);
  episode.next_update = static_cast<size_t>(next_update - counts.begin());
  return add(std::move(episode));
}

void Episodes::clear() {
  episodes_.clear();
  free_.clear();
  deadlines_ = {};
  kept_bytes_.clear();
  open_count_ = text_bytes_ = stories_ = all_kept_bytes_ = 0;
}

uint32_t Episodes::first_due(int64_t clock_ms) {
  while (!deadlines_.empty() && deadlines_.top().time_ms <= clock_ms) {
    const Deadline top = deadlines_.top();
    const Episode& episode = episodes_[top.number];
    const bool is_open = episode.sequence == top.sequence;
    if (is_open && deadline_ms(episode) <= top.time_ms) return top.number;
    deadlines_.pop();
    if (is_open) push_deadline(top.number);
  }
  return kNoEpisode;
}

void Episodes::push_deadline(uint32_t number) {
  // Nodes of episodes that closed early (a client came back late, an eviction) must not pile up.
  if (deadlines_.size() > 2 * open_count_ + 1024) {
    Deadlines kept;
    for (uint32_t i = 0; i < episodes_.size(); ++i) {
      if (episodes_[i].sequence != 0 && i != number) kept.push(deadline_of(i));
    }
    deadlines_ = std::move(kept);
  }
  deadlines_.push(deadline_of(number));
}

Episodes::Deadline Episodes::deadline_of(uint32_t number) const {
  const Episode& episode = episodes_[number];
  return {deadline_ms(episode), episode.chunk, episode.sequence, number};
}

Episodes::News Episodes::take_in(Episode& episode, const Occurrence& occurrence) {
  const Observation& record = occurrence.observation;
  News news;
  Level severity = occurrence.severity;
  if (episode.story) {
    const AttackStory::Step step = episode.story->take(record.evidence);
    news.is_new = step.is_new;
    news.outcome = step.outcome;
    severity = severity_with(severity, step.outcome);
    ++outcomes_[static_cast<size_t>(step.outcome)];
  }
  if (!episode.story) count_values(episode, record);
  news.is_worse = severity > episode.severity;
  ++episode.count;
  episode.last = record.at;
  episode.address = record.address;
  episode.counted_clock_ms = occurrence.clock_ms;
  episode.last_ms = record.time.time_since_epoch().count();
  episode.first_seen_ms = std::min(episode.first_seen_ms, episode.last_ms);
  episode.last_seen_ms = std::max(episode.last_seen_ms, episode.last_ms);
  episode.severity = std::max(episode.severity, severity);
  episode.categories = static_cast<CategoryMask>(episode.categories | occurrence.categories);
  episode.verdict = occurrence.verdict;
  episode.burst.reasons = static_cast<BurstReasons>(episode.burst.reasons | occurrence.burst_reasons);
  return news;
}

void Episodes::count_values(Episode& episode, const Observation& record) {
  const size_t before = episode.values.bytes();
  episode.values.add(ValueGroup::kAll, {record.address, record.status, record.words});
  if (episode.sequence != 0) text_bytes_ = text_bytes_ + episode.values.bytes() - before;
}

void Episodes::take_in(Episode& episode, const BurstOccurrence& occurrence) {
  const BurstFinding& finding = occurrence.finding;
  if (!occurrence.values.empty()) {
    const size_t before = episode.values.bytes();
    episode.values.merge(occurrence.values, ValueGroup::kAll);
    if (episode.sequence != 0) text_bytes_ = text_bytes_ + episode.values.bytes() - before;
  } else if (finding.added > 0) {
    count_values(episode, occurrence.observation);
  }
  LatestRecord latest{episode.last_ms, episode.last, episode.address};
  if (finding.latest.at != kNoRecord) latest.take(finding.latest);
  episode.last = latest.at;
  episode.last_ms = latest.time_ms;
  if (episode.client_kind != ClientKind::kAddress) episode.address = latest.address;  // else that of the client itself
  episode.count += finding.added;
  episode.counted_clock_ms = occurrence.clock_ms;
  episode.burst.held = std::max(episode.burst.held, finding.peak);
  episode.burst.requests = std::max(episode.burst.requests, finding.requests);
  episode.burst.retry_after = std::max(episode.burst.retry_after, finding.retry_after);
}

/// Before the closing alert nothing is said that depends on which records have come so far.
std::string Episodes::id_of(uint32_t number) const {
  const Episode& episode = episodes_[number];
  return episode.is_clients_burst() ? episode_id(burst_origin_of(episode)) : episode_id(origin_of(episode));
}

EpisodeOrigin Episodes::origin_of(const Episode& episode) const {
  return {topics_.name(episode.first.topic), episode.first, episode.kind, episode.client};
}

BurstOrigin Episodes::burst_origin_of(const Episode& episode) {
  return {static_cast<BurstReason>(episode.burst.reasons), episode.incident.stretch_ms, episode.incident.number,
          episode.client_kind, episode.client};
}

Alert Episodes::make_burst_alert(const Episode& episode, EpisodePhase phase, uint64_t count) const {
  const bool is_closing = phase == EpisodePhase::kClosed;
  const BurstOrigin origin = burst_origin_of(episode);
  Alert alert;
  alert.id = alert_id(origin, phase, count);
  alert.episode_id = episode_id(origin);
  alert.kind = AlertKind::kBurst;
  alert.phase = phase;
  alert.client_kind = episode.client_kind;
  alert.client = episode.client;
  if (is_closing || episode.client_kind == ClientKind::kAddress) alert.address = episode.address;
  alert.at = is_closing ? episode.last : kNoRecord;
  alert.first_seen = EventTime{Milliseconds{episode.first_seen_ms}};
  alert.last_seen = is_closing ? EventTime{Milliseconds{episode.last_seen_ms}} : alert.first_seen;
  alert.time = alert.last_seen;
  alert.count = count;
  alert.severity = episode.severity;
  alert.burst.reasons = episode.burst.reasons;
  alert.burst.held = is_closing ? episode.burst.held : episode.least;
  alert.burst.requests = is_closing ? episode.burst.requests : episode.least;
  alert.made_of = episode.values.lists();
  const bool is_rate = alert.burst.reasons == static_cast<BurstReasons>(BurstReason::kRequestRate);
  // At the latest a window's length after the last request, however the requests are spread over it.
  const Milliseconds window{is_rate ? burst_window_.count() : 0};
  alert.burst.retry_after = is_closing ? episode.burst.retry_after : window;
  return alert;
}

RelatedEpisode Episodes::related(uint32_t number) const {
  const Episode& episode = episodes_[number];
  Alert named;  // as much of an alert as its title is made of
  named.kind = episode.kind;
  named.client_kind = episode.client_kind;
  named.categories = episode.categories;
  named.verdict = episode.verdict;
  named.burst = episode.burst;
  if (episode.is_clients_burst()) {
    const BurstOrigin origin = burst_origin_of(episode);
    return {alert_id(origin, EpisodePhase::kOpened, episode.least), episode_id(origin), episode.kind, title_of(named)};
  }
  const EpisodeOrigin origin{topics_.name(episode.first.topic), episode.first, episode.kind, episode.client};
  return {alert_id(origin, EpisodePhase::kOpened, 1), episode_id(origin), episode.kind, title_of(named)};
}

Alert Episodes::make_alert(Episode& episode, EpisodePhase phase) const {
  const EpisodeOrigin origin = origin_of(episode);
  const auto time = [](int64_t ms) { return EventTime{Milliseconds{ms}}; };
  episode.alerted_ms = episode.last_seen_ms;
  Alert alert;
  alert.id = alert_id(origin, phase, episode.count);
  alert.episode_id = episode_id(origin);
  alert.kind = episode.kind;
  alert.phase = phase;
  alert.client_kind = episode.client_kind;
  alert.client = episode.client;
  alert.address = episode.address;
  alert.at = episode.last;
  alert.time = time(episode.last_ms);
  alert.first_seen = time(episode.first_seen_ms);
  alert.last_seen = time(episode.last_seen_ms);
  alert.count = episode.count;
  alert.severity = episode.severity;
  alert.categories = episode.categories;
  alert.verdict = episode.verdict;
  alert.burst = episode.burst;
  alert.made_of = episode.values.lists();
  if (episode.story) {
    alert.outcome = episode.story->outcome();
    alert.summary = episode.story->summary();
  }
  return alert;
}

}  // namespace weir
