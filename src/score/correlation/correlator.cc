#include "score/correlation/correlator.h"

#include <xxhash.h>

#include <array>
#include <bit>
#include <cstdio>

#include "base/assert.h"
#include "score/alert_id.h"

namespace weir {
namespace {

constexpr size_t kDefinitionsMin = 512;      // so many may be kept that no group needs
constexpr size_t kDeadlinesPerGroupMax = 3;  // before those that hold no more are dropped

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

/// What stands for the client in the text that identifiers are made of.
std::string identity_of(const CorrelationGroup& group) {
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(group.hash));
  return group.definition->id + "/" + hex.data();
}

std::vector<uint64_t> update_counts(const EpisodeOptions& options) {
  auto counts = options.update_counts;
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  counts.erase(counts.begin(), std::upper_bound(counts.begin(), counts.end(), 1U));
  return counts;
}

}  // namespace

Correlator::Correlator(const ScoreOptions& options, TopicTable topics, uint32_t chunk_count)
    : lateness_ms_(options.lateness.count()),
      episodes_(options.episodes),
      chunk_bytes_max_(
          std::max<uint64_t>(options.correlation_bytes_max / std::max(1U, chunk_count), 4 * CorrelationGroup::kBytes)),
      topics_(std::move(topics)),
      chunks_(std::max(1U, chunk_count)),
      groups_(std::max(1U, chunk_count)),
      definitions_max_(kDefinitionsMin) {
  episodes_.update_counts = update_counts(options.episodes);
}

// --- records

void Correlator::observe(std::span<const CorrelationEvent> events, int64_t partition_ms, std::vector<Alert>& alerts,
                         TimeFrom time_from) {
  if (definitions_.size() > definitions_max_) forget_unused_definitions();
  for (size_t begin = 0; begin < events.size(); begin += kBatch) {
    const auto batch = events.subspan(begin, std::min(kBatch, events.size() - begin));
    load_ahead(batch);
    for (const CorrelationEvent& event : batch) {
      const int64_t time_ms = event.time.time_since_epoch().count();
      if (time_from != TimeFrom::kCaller) {
        clock_.advance(time_from == TimeFrom::kEvents ? time_ms : std::min(time_ms, partition_ms));
        run_deadlines(settled_ms(), alerts);
      }
      take(*keep(*event.definition),
           {event.group_hash,
            event.group,
            {time_ms, event.sources, event.value},
            {event.at, time_ms, event.address, event.client_kind}},
           alerts);
      if (!results_.empty()) take_results(alerts);
    }
  }
  if (time_from == TimeFrom::kCaller) return;
  partition_ms_ = std::max(partition_ms_, partition_ms);
  run_deadlines(settled_ms(), alerts);
}

void Correlator::settle(int64_t partition_ms, std::vector<Alert>& alerts) {
  run_deadlines(partition_ms - lateness_ms_, alerts, Steps::kEach);
  partition_ms_ = std::max(partition_ms_, partition_ms);
}

/// Most groups lie in no cache: has the memory of a few events' groups loaded at once. Changes nothing.
void Correlator::load_ahead(std::span<const CorrelationEvent> batch) {
  std::array<uint64_t, kBatch> keys;
  std::array<GroupSlot, kBatch> slots;
  for (size_t i = 0; i < batch.size(); ++i) {
    const Known& definition = *keep(*batch[i].definition);
    keys[i] = GroupTable::key_of(batch[i].group_hash, definition);
    groups_.prefetch_index(keys[i], groups_.chunk_of(batch[i].group_hash), definition.number);
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    slots[i] = groups_.find(keys[i]);
    if (slots[i] != kNoGroup) groups_.prefetch(slots[i]);
  }
  for (size_t i = 0; i < batch.size(); ++i)
    if (slots[i] != kNoGroup) groups_.at(slots[i]).window.prefetch();
}

/// Definitions that reloads have replaced go when they are many.
void Correlator::forget_unused_definitions() {
  std::vector<const CorrelationDefinition*> used;
  groups_.for_each_definition([&](const CorrelationDefinition& definition) { append_with_fed(definition, used); });
  absl::erase_if(definitions_, [&](const auto& item) {
    const bool is_unused = std::find(used.begin(), used.end(), item.second.get()) == used.end();
    if (is_unused) free_numbers_.push_back(item.second->number);
    return is_unused;
  });
  definitions_max_ = std::max(kDefinitionsMin, 2 * definitions_.size());
}

/// Our own copy of a definition, with all that it feeds.
const Correlator::Known* Correlator::keep(const CorrelationDefinition& definition) {
  const auto known = definitions_.find(definition.hash);
  if (known != definitions_.end()) return known->second.get();
  auto copy = std::make_unique<Known>(definition);
  copy->at_end = definition.judged_at_end();
  for (auto& feed : copy->feeds) {
    feed.definition = keep(*feed.definition);
    definitions_.find(feed.definition->hash)->second->is_fed = true;
  }
  copy->number = static_cast<uint32_t>(definitions_.size());
  if (!free_numbers_.empty()) {
    copy->number = free_numbers_.back();
    free_numbers_.pop_back();
  }
  return definitions_.emplace(definition.hash, std::move(copy)).first->second.get();
}

void Correlator::take(const Known& definition, const Occurrence& occurrence, std::vector<Alert>& alerts) {
  if (chunks_[groups_.chunk_of(occurrence.group_hash)].absent) return;
  ++statistics_.events;
  const GroupSlot slot = group_of(definition, occurrence);
  CorrelationGroup& group = groups_.at(slot);
  const int64_t time_ms = occurrence.record.time_ms;
  if (definition.at_end && group.begin_ms != kNoTime && time_ms >= group.begin_ms + definition.timespan_ms)
    judge(slot, alerts);
  if (group.episode && time_ms >= group.episode->last_seen_ms + idle_of(definition)) close_episode(slot, alerts);
  const bool is_late = definition.at_end
                           ? time_ms < group.judged_until_ms
                           : group.newest_ms != kNoTime && time_ms <= group.newest_ms - definition.timespan_ms;
  if (is_late) {
    ++statistics_.late;
    return;
  }
  group.newest_ms = std::max(group.newest_ms, time_ms);
  group.clock_ms = now_ms();
  group.last = occurrence.last;
  if (definition.at_end) {
    if (group.begin_ms == kNoTime) {
      group.begin_ms = time_ms;
      group.begin_clock_ms = now_ms();
    }
    group.window.tumble(definition, occurrence.record);
  } else if (const auto value = group.window.slide(definition, occurrence.record, group.newest_ms)) {
    const auto* first = group.window.begin();
    const bool has_times = definition.type != CorrelationType::kTemporalOrdered && first != group.window.end();
    on_match(slot, *value, has_times ? std::min(first->time_ms, time_ms) : time_ms, alerts);
  }
  groups_.account(slot, group.bytes());
  set_deadline(slot);
  if (groups_.bytes(group.chunk) > chunk_bytes_max_) make_room(group.chunk, slot, alerts);
}

GroupSlot Correlator::group_of(const Known& definition, const Occurrence& occurrence) {
  const GroupSlot known = groups_.find(GroupTable::key_of(occurrence.group_hash, definition));
  if (known != kNoGroup) {
    groups_.touch(known);
    return known;
  }
  uint64_t& next_sequence = chunks_[groups_.chunk_of(occurrence.group_hash)].next_sequence;
  const GroupSlot slot = groups_.add(definition, definition.number, occurrence.group_hash, next_sequence++);
  groups_.at(slot).text = occurrence.group;
  return slot;
}

/// The condition holds: the episode goes on or begins, and the correlations that take this one in hear of it.
void Correlator::on_match(GroupSlot slot, double value, int64_t oldest_ms, std::vector<Alert>& alerts) {
  CorrelationGroup& group = groups_.at(slot);
  if (group.definition->alerts) {
    const bool is_new = group.episode == nullptr;
    if (is_new) {
      group.episode = std::make_unique<CorrelationEpisode>();
      groups_.set_episode_open(slot, true);
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
    // What is looked at over a day is no news each minute.
    const int64_t update_every_ms = std::max(episodes_.update_interval.count(), group.definition->timespan_ms);
    if (is_new)
      alerts.push_back(make_alert(group, EpisodePhase::kOpened));
    else if (count_reached || episode.last_seen_ms - episode.alerted_ms >= update_every_ms)
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
  for (const auto& feed : definition.feeds)
    results_.push_back({static_cast<const Known*>(feed.definition),
                        group.text,
                        {group.hash, {}, {last.time_ms, uint64_t{1} << feed.source, 0}, last}});
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
void Correlator::judge(GroupSlot slot, std::vector<Alert>& alerts) {
  CorrelationGroup& group = groups_.at(slot);
  const double value = group.window.total(*group.definition);
  const int64_t begin_ms = group.begin_ms;
  group.window.clear();
  group.judged_until_ms = begin_ms + group.definition->timespan_ms;
  group.begin_ms = group.begin_clock_ms = kNoTime;
  if (holds(group.definition->bounds, value))
    on_match(slot, value, begin_ms, alerts);
  else if (group.episode)
    close_episode(slot, alerts);
}

void Correlator::close_episode(GroupSlot slot, std::vector<Alert>& alerts) {
  CorrelationGroup& group = groups_.at(slot);
  groups_.set_episode_open(slot, false);
  alerts.push_back(make_alert(group, EpisodePhase::kClosed));
  group.episode.reset();
}

Alert Correlator::make_alert(CorrelationGroup& group, EpisodePhase phase) const {
  const CorrelationDefinition& definition = *group.definition;
  CorrelationEpisode& episode = *group.episode;
  const std::string identity = identity_of(group);
  const EpisodeOrigin origin{topics_.name(episode.first.topic), episode.first, AlertKind::kCorrelation, identity};
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
  if (phase != EpisodePhase::kClosed) relate(group, alert);
  return alert;
}

/// Names the results it was made of, and what is open of the client if that is the whole group. What is judged when its timespan is
/// over comes when the partition's time says so: by then the client's may be open or not.
void Correlator::relate(const CorrelationGroup& group, Alert& alert) const {
  if (static_cast<const Known*>(group.definition)->is_fed) relate_to_sources(group, alert.related);
  if (!relate_to_client_ || alert.client_kind == ClientKind::kGroup || group.definition->judged_at_end()) return;
  relate_to_client_({group.hash, alert.client_kind, alert.client, group.last.time_ms, group.last.at}, alert.related);
}

void Correlator::relate_to_sources(const CorrelationGroup& group, std::vector<RelatedEpisode>& related) const {
  for (const auto& [hash, source] : definitions_) {
    const bool is_source =
        source->alerts && std::any_of(source->feeds.begin(), source->feeds.end(),
                                      [&](const auto& item) { return item.definition == group.definition; });
    const GroupSlot slot = is_source ? groups_.find(GroupTable::key_of(group.hash, *source)) : kNoGroup;
    if (slot == kNoGroup || !groups_.at(slot).episode) continue;
    const CorrelationEpisode& episode = *groups_.at(slot).episode;
    if (group.last.time_ms >= episode.last_seen_ms + idle_of(*source)) continue;
    const std::string identity = identity_of(groups_.at(slot));
    const EpisodeOrigin origin{topics_.name(episode.first.topic), episode.first, AlertKind::kCorrelation, identity};
    related.push_back(
        {alert_id(origin, EpisodePhase::kOpened, 1), episode_id(origin), AlertKind::kCorrelation, source->title});
  }
  std::sort(related.begin(), related.end(),
            [](const RelatedEpisode& a, const RelatedEpisode& b) { return a.opening_id < b.opening_id; });
  if (related.size() > kRelatedMax) related.resize(kRelatedMax);
}

void Correlator::finish(std::vector<Alert>& alerts) {
  run_deadlines(std::numeric_limits<int64_t>::max(), alerts);
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

/// A deadline that has moved on is found out when the earlier one comes.
void Correlator::set_deadline(GroupSlot slot) {
  const CorrelationGroup& group = groups_.at(slot);
  const int64_t deadline = deadline_of(group);
  const int64_t set = groups_.deadline_ms(slot);
  if (set != kNoTime && set <= deadline) return;
  groups_.set_deadline(slot, deadline);
  deadlines_.push({deadline, groups_.sequence(slot), group.chunk, slot});
  if (deadlines_.size() > kDeadlinesPerGroupMax * (groups_.size() + 1024))
    deadlines_.keep_if([&](const auto& item) { return still_holds(item); });
}

bool Correlator::still_holds(const DeadlineQueue::Deadline& deadline) const {
  return groups_.sequence(deadline.slot) == deadline.sequence && groups_.chunk(deadline.slot) == deadline.chunk &&
         groups_.deadline_ms(deadline.slot) == deadline.time_ms;
}

void Correlator::run_deadlines(int64_t clock_ms, std::vector<Alert>& alerts, Steps steps) {
  DeadlineQueue::Deadline due;
  while (deadlines_.pop_due(clock_ms, due)) {
    if (!still_holds(due)) continue;
    if (steps == Steps::kEach) partition_ms_ = std::max(partition_ms_, due.time_ms + lateness_ms_);
    groups_.set_deadline(due.slot, kNoTime);
    if (deadline_of(groups_.at(due.slot)) <= due.time_ms)
      attend(due.slot, due.time_ms, alerts);
    else
      set_deadline(due.slot);
  }
}

/// Does what a group's deadline is for: judges its window, closes its episode, or forgets it.
void Correlator::attend(GroupSlot slot, int64_t clock_ms, std::vector<Alert>& alerts) {
  CorrelationGroup& group = groups_.at(slot);
  const bool is_over = group.begin_ms != kNoTime &&
                       std::max(group.begin_ms, group.begin_clock_ms) + group.definition->timespan_ms <= clock_ms;
  if (!is_over && !group.episode) return groups_.remove(slot);
  if (is_over)
    judge(slot, alerts);
  else
    close_episode(slot, alerts);
  groups_.account(slot, group.bytes());
  set_deadline(slot);
  take_results(alerts);
}

// --- memory

/// Frees a little more than has to be, so that the search is not made for each record.
void Correlator::make_room(uint32_t chunk, GroupSlot keep, std::vector<Alert>& alerts) {
  victims_.clear();
  groups_.choose_victims(chunk, chunk_bytes_max_ - chunk_bytes_max_ / 32, keep, victims_);
  for (const GroupSlot slot : victims_)
    groups_.prefetch_for_removal(slot);
  for (const GroupSlot slot : victims_) {
    if (groups_.at(slot).episode) close_episode(slot, alerts);  // its count must not be lost
    groups_.remove(slot);
  }
  statistics_.evicted += victims_.size();
}

}  // namespace weir
