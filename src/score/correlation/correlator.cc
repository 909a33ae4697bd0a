#include "score/correlation/correlator.h"

#include <xxhash.h>

#include <array>
#include <bit>
#include <cstdio>

#include "base/assert.h"
#include "score/alert_id.h"

namespace weir {
namespace {

constexpr size_t kDefinitionsMax = 4'096;
constexpr int kSecondChances = 8;   // bounds the search for a group to evict
constexpr int kEvictedAtOnce = 16;  // of one correlation, before it is looked again which has the most

/// Event time without a matching record that ends an episode. For judged timespans the next one has its time, too.
int64_t idle_of(const CorrelationDefinition& definition) {
  return definition.judged_at_end() ? 2 * definition.timespan_ms : definition.timespan_ms;
}

/// The values of a group's text; what is malformed gives empty ones.
std::vector<std::string> values_of(std::string_view text, size_t count) {
  std::vector<std::string> values;
  BinaryReader in(text);
  for (size_t i = 0; i < count; ++i)
    values.emplace_back(in.text());
  return values;
}

std::vector<uint64_t> update_counts(const EpisodeOptions& options) {
  auto counts = options.update_counts;
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  counts.erase(counts.begin(), std::upper_bound(counts.begin(), counts.end(), 1U));
  return counts;
}

}  // namespace

Correlator::Correlator(const ScoreOptions& options, std::span<const std::string> topics, uint32_t chunk_count)
    : lateness_ms_(options.lateness.count()),
      episodes_(options.episodes),
      chunk_bytes_max_(
          std::max<uint64_t>(options.correlation_bytes_max / std::max(1U, chunk_count), 4 * CorrelationGroup::kBytes)),
      chunk_bits_(static_cast<uint32_t>(std::bit_width(std::max(1U, chunk_count)) - 1)),
      topics_(topics.begin(), topics.end()),
      chunks_(std::max(1U, chunk_count)) {
  WEIR_ASSERT(std::has_single_bit(chunks_.size()), "a power of two");
  episodes_.update_counts = update_counts(options.episodes);
}

uint32_t Correlator::chunk_of(uint64_t group_hash) const {
  // The partition is a function of the hash, so its low bits are not evenly spread within one.
  const uint64_t mixed = group_hash * 0x9e3779b97f4a7c15ULL;
  return chunk_bits_ == 0 ? 0 : static_cast<uint32_t>(mixed >> (64 - chunk_bits_));
}

uint64_t Correlator::key_of(uint64_t group_hash, const CorrelationDefinition& definition) {
  const uint64_t mixed = (group_hash ^ std::rotl(definition.hash, 32)) * 0x9e3779b97f4a7c15ULL;
  return mixed ^ (mixed >> 32);
}

// --- records

void Correlator::observe(std::span<const CorrelationEvent> events, int64_t partition_ms, std::vector<Alert>& alerts) {
  if (definitions_.size() > kDefinitionsMax) forget_unused_definitions();
  for (const CorrelationEvent& event : events) {
    const int64_t time_ms = event.time.time_since_epoch().count();
    clock_.advance(time_ms);
    run_timers(now_ms() - lateness_ms_, alerts);
    take(*keep(*event.definition),
         {event.group_hash,
          event.group,
          {time_ms, event.sources, event.value},
          {event.at, time_ms, event.address, event.client_kind}},
         alerts);
    take_results(alerts);
  }
  partition_ms_ = std::max(partition_ms_, partition_ms);
  if (!timers_.empty()) run_timers(now_ms() - lateness_ms_, alerts);
}

/// Definitions that reloads have replaced go when they are many.
void Correlator::forget_unused_definitions() {
  std::vector<const CorrelationDefinition*> used;
  for (const Chunk& chunk : chunks_)
    for (const auto& [hash, queue] : chunk.queues)
      append_with_fed(*groups_[queue.front].definition, used);
  absl::erase_if(definitions_,
                 [&](const auto& one) { return std::find(used.begin(), used.end(), one.second.get()) == used.end(); });
}

/// Our own copy of a definition, with all that it feeds.
const CorrelationDefinition* Correlator::keep(const CorrelationDefinition& definition) {
  const auto known = definitions_.find(definition.hash);
  if (known != definitions_.end()) return known->second.get();
  auto copy = std::make_unique<CorrelationDefinition>(definition);
  for (auto& feed : copy->feeds)
    feed.definition = keep(*feed.definition);
  return definitions_.emplace(definition.hash, std::move(copy)).first->second.get();
}

void Correlator::take(const CorrelationDefinition& definition, const Occurrence& occurrence,
                      std::vector<Alert>& alerts) {
  if (chunks_[chunk_of(occurrence.group_hash)].absent) return;
  ++statistics_.events;
  const GroupSlot slot = group_of(definition, occurrence);
  CorrelationGroup& group = groups_[slot];
  const int64_t time_ms = occurrence.record.time_ms;
  const bool at_end = definition.judged_at_end();
  if (at_end && group.begin_ms != kNoTime && time_ms >= group.begin_ms + definition.timespan_ms) judge(group, alerts);
  if (group.episode && time_ms >= group.episode->last_seen_ms + idle_of(definition)) close_episode(group, alerts);
  const bool is_late = at_end ? time_ms < group.judged_until_ms
                              : group.newest_ms != kNoTime && time_ms <= group.newest_ms - definition.timespan_ms;
  if (is_late) {
    ++statistics_.late;
    return;
  }
  group.newest_ms = std::max(group.newest_ms, time_ms);
  group.clock_ms = now_ms();
  group.last = occurrence.last;
  if (at_end) {
    if (group.begin_ms == kNoTime) {
      group.begin_ms = time_ms;
      group.begin_clock_ms = now_ms();
    }
    group.window.tumble(definition, occurrence.record);
  } else if (const auto value = group.window.slide(definition, occurrence.record, group.newest_ms)) {
    const auto* first = group.window.begin();
    const bool has_times = definition.type != CorrelationType::kTemporalOrdered && first != group.window.end();
    on_match(group, *value, has_times ? std::min(first->time_ms, time_ms) : time_ms, alerts);
  }
  account(group);
  set_timer(slot);
  make_room(group.chunk, slot, alerts);
}

GroupSlot Correlator::group_of(const CorrelationDefinition& definition, const Occurrence& occurrence) {
  const uint64_t key = key_of(occurrence.group_hash, definition);
  const auto found = index_.find(key);
  if (found != index_.end()) {
    groups_[found->second].touched = true;
    return found->second;
  }
  const GroupSlot slot = add_group(definition, occurrence.group_hash);
  groups_[slot].text = occurrence.group;
  groups_[slot].sequence = chunks_[groups_[slot].chunk].next_sequence++;
  return slot;
}

/// The condition holds: the episode goes on or begins, and the correlations that take this one in hear of it.
void Correlator::on_match(CorrelationGroup& group, double value, int64_t oldest_ms, std::vector<Alert>& alerts) {
  if (group.definition->alerts) {
    const bool is_new = group.episode == nullptr;
    if (is_new) {
      group.episode = std::make_unique<CorrelationEpisode>();
      group.episode->first = group.last.at;
      group.episode->first_seen_ms = oldest_ms;
      group.episode->last_seen_ms = group.last.time_ms;
    }
    CorrelationEpisode& episode = *group.episode;
    ++episode.count;
    episode.first_seen_ms = std::min(episode.first_seen_ms, oldest_ms);
    episode.last_seen_ms = std::max(episode.last_seen_ms, group.last.time_ms);
    episode.clock_ms = now_ms();
    episode.value = value;
    const auto& counts = episodes_.update_counts;
    const bool count_reached = episode.next_update < counts.size() && episode.count >= counts[episode.next_update];
    if (count_reached) ++episode.next_update;
    if (is_new)
      alerts.push_back(make_alert(group, EpisodePhase::kOpened));
    else if (count_reached || episode.last_seen_ms - episode.alerted_ms >= episodes_.update_interval.count())
      alerts.push_back(make_alert(group, EpisodePhase::kUpdated));
    else
      ++statistics_.suppressed;
  }
  if (!group.definition->feeds.empty()) feed(group);
}

/// At most one result for a group and timespan.
void Correlator::feed(CorrelationGroup& group) {
  const CorrelationDefinition& definition = *group.definition;
  const CorrelationLast& last = group.last;
  if (group.fed_ms != kNoTime && last.time_ms - group.fed_ms < definition.timespan_ms) return;
  group.fed_ms = last.time_ms;
  for (const auto& one : definition.feeds)
    results_.push_back(
        {one.definition, group.text, {group.hash, {}, {last.time_ms, uint64_t{1} << one.source, 0}, last}});
}

/// Chains have no cycles and a bounded length, so this ends.
void Correlator::take_results(std::vector<Alert>& alerts) {
  for (size_t i = 0; i < results_.size(); ++i) {
    Result result = std::move(results_[i]);
    result.occurrence.group = result.group;
    take(*result.definition, result.occurrence, alerts);
  }
  results_.clear();
}

/// A tumbling window is over.
void Correlator::judge(CorrelationGroup& group, std::vector<Alert>& alerts) {
  const double value = group.window.total(*group.definition);
  const int64_t begin_ms = group.begin_ms;
  group.window.clear();
  group.judged_until_ms = begin_ms + group.definition->timespan_ms;
  group.begin_ms = group.begin_clock_ms = kNoTime;
  if (holds(group.definition->bounds, value))
    on_match(group, value, begin_ms, alerts);
  else if (group.episode)
    close_episode(group, alerts);
}

void Correlator::close_episode(CorrelationGroup& group, std::vector<Alert>& alerts) {
  alerts.push_back(make_alert(group, EpisodePhase::kClosed));
  group.episode.reset();
}

Alert Correlator::make_alert(CorrelationGroup& group, EpisodePhase phase) const {
  const CorrelationDefinition& definition = *group.definition;
  CorrelationEpisode& episode = *group.episode;
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(group.hash));
  const std::string identity = definition.id + "/" + hex.data();
  const size_t topic = episode.first.topic;
  const EpisodeOrigin origin{topic < topics_.size() ? std::string_view(topics_[topic]) : std::string_view(),
                             episode.first, AlertKind::kCorrelation, identity};
  const auto time = [](int64_t ms) { return EventTime{Milliseconds{ms}}; };
  episode.alerted_ms = episode.last_seen_ms;
  Alert alert;
  alert.id = alert_id(origin, phase, episode.count);
  alert.episode_id = episode_id(origin);
  alert.kind = AlertKind::kCorrelation;
  alert.phase = phase;
  alert.address = group.last.address;
  alert.at = group.last.at;
  alert.time = time(group.last.time_ms);
  alert.first_seen = time(episode.first_seen_ms);
  alert.last_seen = time(episode.last_seen_ms);
  alert.count = episode.count;
  alert.severity = definition.level;
  CorrelationFinding finding;
  finding.rule_id = definition.id;
  finding.title = definition.title;
  finding.type = to_string(definition.type);
  finding.tags = definition.tags;
  finding.value = episode.value;
  finding.timespan = Milliseconds{definition.timespan_ms};
  auto values = values_of(group.text, definition.group_by.size());
  alert.client_kind = ClientKind::kGroup;
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string& name = definition.group_by[i];
    alert.client += (i > 0 ? " " : "") + (values.size() > 1 ? name + "=" + values[i] : values[i]);
    finding.group.emplace_back(name, std::move(values[i]));
  }
  if (definition.group_by.size() == 1 && definition.group_by[0] == "weir.client")
    alert.client_kind = group.last.client_kind;
  else if (definition.group_by.size() == 1 && alert.client == alert.address.counting_unit_text())
    alert.client_kind = ClientKind::kAddress;
  alert.correlation = std::move(finding);
  return alert;
}

void Correlator::finish(std::vector<Alert>& alerts) {
  run_timers(std::numeric_limits<int64_t>::max(), alerts);
}

// --- time

int64_t Correlator::deadline_of(const CorrelationGroup& group) const {
  const int64_t span_ms = group.definition->timespan_ms;
  int64_t deadline = std::numeric_limits<int64_t>::max();
  if (group.begin_ms != kNoTime) deadline = std::max(group.begin_ms, group.begin_clock_ms) + span_ms;
  if (group.episode)
    deadline =
        std::min(deadline, std::max(group.episode->last_seen_ms, group.episode->clock_ms) + idle_of(*group.definition));
  if (deadline != std::numeric_limits<int64_t>::max()) return deadline;
  return std::max(group.newest_ms, group.clock_ms) + span_ms;
}

void Correlator::set_timer(GroupSlot slot) {
  CorrelationGroup& group = groups_[slot];
  const int64_t deadline = deadline_of(group);
  if (group.timer_ms != kNoTime && group.timer_ms <= deadline) return;
  group.timer_ms = deadline;
  timers_.push({deadline, group.chunk, group.sequence, slot});
}

void Correlator::run_timers(int64_t clock_ms, std::vector<Alert>& alerts) {
  while (!timers_.empty() && timers_.top().time_ms <= clock_ms) {
    const Timer top = timers_.top();
    timers_.pop();
    CorrelationGroup& group = groups_[top.slot];
    const bool is_valid = group.definition != nullptr && group.chunk == top.chunk && group.sequence == top.sequence &&
                          group.timer_ms == top.time_ms;
    if (!is_valid) continue;
    group.timer_ms = kNoTime;
    if (deadline_of(group) <= top.time_ms)
      attend(top.slot, top.time_ms, alerts);
    else
      set_timer(top.slot);
  }
}

/// Does what a group's deadline is for: judges its window, closes its episode, or forgets it.
void Correlator::attend(GroupSlot slot, int64_t clock_ms, std::vector<Alert>& alerts) {
  CorrelationGroup& group = groups_[slot];
  const bool is_over = group.begin_ms != kNoTime &&
                       std::max(group.begin_ms, group.begin_clock_ms) + group.definition->timespan_ms <= clock_ms;
  if (!is_over && !group.episode) return remove(slot);
  if (is_over)
    judge(group, alerts);
  else
    close_episode(group, alerts);
  account(group);
  set_timer(slot);
  take_results(alerts);
}

// --- memory

GroupSlot Correlator::add_group(const CorrelationDefinition& definition, uint64_t group_hash) {
  GroupSlot slot = 0;
  if (free_.empty()) {
    slot = static_cast<GroupSlot>(groups_.size());
    groups_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  CorrelationGroup& group = groups_[slot];
  group.definition = &definition;
  group.hash = group_hash;
  group.chunk = chunk_of(group_hash);
  index_.emplace(key_of(group_hash, definition), slot);
  append_to_queue(slot);
  ++statistics_.groups;
  return slot;
}

void Correlator::append_to_queue(GroupSlot slot) {
  CorrelationGroup& group = groups_[slot];
  Queue& queue = queue_of(group);
  group.previous = queue.back;
  group.next = kNoGroup;
  group.touched = false;
  if (queue.back != kNoGroup) groups_[queue.back].next = slot;
  queue.back = slot;
  if (queue.front == kNoGroup) queue.front = slot;
}

void Correlator::unlink(GroupSlot slot) {
  CorrelationGroup& group = groups_[slot];
  Queue& queue = queue_of(group);
  (group.previous == kNoGroup ? queue.front : groups_[group.previous].next) = group.next;
  (group.next == kNoGroup ? queue.back : groups_[group.next].previous) = group.previous;
}

void Correlator::remove(GroupSlot slot) {
  CorrelationGroup& group = groups_[slot];
  Chunk& chunk = chunks_[group.chunk];
  unlink(slot);
  chunk.bytes -= group.bytes;
  statistics_.bytes -= group.bytes;
  const auto queue = chunk.queues.find(group.definition->hash);
  queue->second.bytes -= group.bytes;
  if (queue->second.front == kNoGroup) chunk.queues.erase(queue);
  index_.erase(key_of(group.hash, *group.definition));
  group = CorrelationGroup{};
  free_.push_back(slot);
  --statistics_.groups;
}

/// Brings the accounts up to date with a group's size.
void Correlator::account(CorrelationGroup& group) {
  const uint64_t bytes = CorrelationGroup::kBytes + group.text.size() +
                         group.window.size() * sizeof(CorrelationWindow::Sample) +
                         (group.episode ? sizeof(CorrelationEpisode) : 0);
  if (bytes == group.bytes) return;
  Chunk& chunk = chunks_[group.chunk];
  chunk.bytes += bytes - group.bytes;
  queue_of(group).bytes += bytes - group.bytes;
  statistics_.bytes += bytes - group.bytes;
  group.bytes = bytes;
}

/// Takes room from the correlation that has the most in the chunk, so that a flood of groups evicts its own.
void Correlator::make_room(uint32_t number, GroupSlot keep, std::vector<Alert>& alerts) {
  Chunk& chunk = chunks_[number];
  if (chunk.bytes <= chunk_bytes_max_) return;
  // A little more than has to be, so that the search is not made for each record.
  const uint64_t goal = chunk_bytes_max_ - chunk_bytes_max_ / 32;
  while (chunk.bytes > goal) {
    auto largest = chunk.queues.begin();
    for (auto one = chunk.queues.begin(); one != chunk.queues.end(); ++one)
      if (one->second.bytes > largest->second.bytes) largest = one;
    const uint64_t hash = largest->first;
    for (int i = 0; i < kEvictedAtOnce && chunk.bytes > goal; ++i) {
      const auto queue = chunk.queues.find(hash);
      if (queue == chunk.queues.end()) break;  // gone with its last group
      const GroupSlot slot = least_telling(queue->second, keep);
      if (slot == kNoGroup) return;                                     // nothing but the group at hand
      if (groups_[slot].episode) close_episode(groups_[slot], alerts);  // its count must not be lost
      remove(slot);
      ++statistics_.evicted;
    }
  }
}

/// The longest queued group that has had no record since and has no open episode, as far as a bounded search finds one.
GroupSlot Correlator::least_telling(Queue& queue, GroupSlot keep) {
  for (int chances = kSecondChances; chances > 0; --chances) {
    const GroupSlot slot = queue.front;
    if (slot != keep && !groups_[slot].touched && !groups_[slot].episode) return slot;
    unlink(slot);
    append_to_queue(slot);
  }
  return queue.front != keep ? queue.front : groups_[keep].next;
}

}  // namespace weir
