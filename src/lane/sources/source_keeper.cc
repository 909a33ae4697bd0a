#include "lane/sources/source_keeper.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace weir {
namespace {

constexpr Milliseconds kTellAllEvery{500};  // in blocks that go anyway
// So many wrong records in a row, of so many clients: then it is the estimate that is wrong.
constexpr size_t kWrongRunMax = 2 * SourceEstimate::kClients;
constexpr size_t kWrongClientsMax = SourceEstimate::kClientsTelling;
// Records from the first on that lies beyond the limit, to see whether its clock is wrong.
constexpr int64_t kFollowing = 2 * SourceEstimate::kClients;

/// A record may hold several requests.
bool is_of(const RecordCoordinates& request, const RecordCoordinates& record) {
  return request.offset == record.offset && request.partition == record.partition && request.topic == record.topic;
}

}  // namespace

SourceKeeper::SourceKeeper(SourceBoard& board, size_t lane, std::vector<int32_t> inputs, int32_t targets,
                           KafkaCounters& kafka_counters)
    : board_(board),
      lane_(lane),
      inputs_(std::move(inputs)),
      kafka_counters_(kafka_counters),
      told_(static_cast<size_t>(targets)) {}

void SourceKeeper::assigned(std::span<const AssignedPartition> partitions, Clock::time_point now) {
  revoked(now);
  for (const AssignedPartition& partition : partitions) {
    State& state = states_.emplace_back();
    state.topic = state.report.topic = partition.topic;
    state.partition = state.report.partition = partition.partition;
    own_.push_back({state.report});
  }
  // The others must not run ahead before these were read at all; nor must this lane ahead of what others are about to read.
  board_.report(lane_, own_, now);
  mention_others();
  board_.hear(mentions_, now);
}

void SourceKeeper::mention_others() {
  for (size_t topic = 0; topic < inputs_.size(); ++topic) {
    for (int32_t partition = 0; partition < inputs_[topic]; ++partition) {
      const bool own = std::any_of(states_.begin(), states_.end(), [&](const State& state) {
        return state.topic == topic && state.partition == partition;
      });
      if (own || states_.size() + mentions_.size() >= SourceTimes::kSourcesMax) continue;
      SourceReport& mention = mentions_.emplace_back();
      mention.topic = static_cast<uint16_t>(topic);
      mention.partition = partition;
      mention.is_mention = true;
    }
  }
}

void SourceKeeper::revoked(Clock::time_point now) {
  states_.clear();
  own_.clear();
  mentions_.clear();
  last_state_ = 0;
  bounds_ = {};
  tell_all_anew();
  board_.leave(lane_, now);
}

void SourceKeeper::rewound() {
  for (State& state : states_) {
    state.estimate.clear();
    state.passed_ms = SourceReport::kNoTime;
    state.is_held = state.is_bounded = false;
    state.kept = {};
  }
  tell_all_anew();
}

SourceKeeper::State& SourceKeeper::state_of(const RecordCoordinates& at) {
  const auto is_it = [&](const State& state) { return state.partition == at.partition && state.topic == at.topic; };
  if (last_state_ < states_.size() && is_it(states_[last_state_])) return states_[last_state_];
  const auto found = std::find_if(states_.begin(), states_.end(), is_it);
  if (found != states_.end()) {
    last_state_ = static_cast<size_t>(found - states_.begin());
    return *found;
  }
  // Of a source that says no assignments: tests.
  State& state = states_.emplace_back();
  state.topic = state.report.topic = at.topic;
  state.partition = state.report.partition = at.partition;
  last_state_ = states_.size() - 1;
  return state;
}

void SourceKeeper::steer(RecordSource& source, Clock::time_point now) {
  report(source, now);
  for (State& state : states_) {
    if (state.is_held && bounds_.limit_ms && state.head_ms > *bounds_.limit_ms) continue;
    const bool was_held = std::exchange(state.is_held, false);
    // At most so far as others have come, or near.
    if (was_held) state.passed_ms = bounds_.limit_ms ? state.head_ms : SourceReport::kNoTime;
    if (!was_held && !state.is_bounded) continue;
    const auto beyond = bounds_.limit_ms ? state.kept.first_after(*bounds_.limit_ms) : std::nullopt;
    state.is_bounded = beyond.has_value();
    if (!beyond) {
      source.let_go(state.topic, state.partition, PartitionOffset::kUnknown);
      continue;
    }
    // That record is the next to wait, unless its clock may be wrong: what follows tells.
    const auto time_ms = state.estimate.time_ms();
    const bool may_be_wrong = !time_ms || beyond->time_ms - *time_ms > SourceEstimate::kAheadMax.count() / 2;
    source.let_go(state.topic, state.partition, beyond->offset + (may_be_wrong ? kFollowing : 1));
  }
}

void SourceKeeper::report(RecordSource& source, Clock::time_point now) {
  if (const auto ends = source.take_ends()) board_.answer(*ends);
  const bool is_doubted = source.ends_doubted();
  // Before anything else is told of what comes now.
  if (is_doubted && !is_doubted_) tell_all_anew();
  is_doubted_ = is_doubted;
  own_.clear();
  for (State& state : states_) {
    SourceBoard::Own& own = own_.emplace_back();
    own.read_to = source.read_to(state.topic, state.partition);
    own.report = {state.topic, state.partition, SourceReport::kNoTime, false, state.is_held};
    own.report.time_ms = state.is_held
                             ? state.head_ms
                             : std::max(state.estimate.time_ms().value_or(SourceReport::kNoTime), state.passed_ms);
    own.report.at_end = !state.is_held && source.at_end(state.topic, state.partition);
    own.report.is_doubted = is_doubted;
  }
  board_.report(lane_, own_, now);
  for (size_t i = 0; i < states_.size(); ++i) {
    if (own_[i].report != states_[i].report) moved_at_ = now;
    states_[i].report = own_[i].report;
    states_[i].asked_end = own_[i].asked_end;
  }
  bounds_ = board_.bounds(now);
}

/// The next block for each target says all there is, and that no end that was told before holds.
void SourceKeeper::tell_all_anew() {
  std::fill(told_.begin(), told_.end(), Clock::time_point());
}

std::span<const RawRecord> SourceKeeper::unknown_of(std::span<const RawRecord> batch) {
  bool any = false;
  for (State& state : states_) {
    state.kept.begin_batch();
    any = any || !state.kept.empty();
  }
  are_some_known_ = false;
  if (!any) return batch;
  unknown_.clear();
  for (const RawRecord& record : batch) {
    if (!state_of(record.at).kept.knows(record.at.offset)) unknown_.push_back(record);
  }
  are_some_known_ = unknown_.size() != batch.size();
  return unknown_;
}

void SourceKeeper::join(std::span<const RawRecord> batch, AnalyzedBatch& analyzed) {
  if (!are_some_known_) return;
  joined_.observations.clear();
  joined_.correlation_events.clear();
  joined_.rejected.clear();
  auto observation = analyzed.observations.begin();
  auto event = analyzed.correlation_events.begin();
  auto reject = analyzed.rejected.begin();
  uint32_t unknown = 0;
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const RecordCoordinates& at = batch[i].at;
    if (KeptRecords& kept = state_of(at).kept; kept.knows(at.offset)) {
      kept.give(at.offset, i, joined_);
      continue;
    }
    for (; observation != analyzed.observations.end() && is_of(observation->at, at); ++observation)
      joined_.observations.push_back(*observation);
    for (; event != analyzed.correlation_events.end() && is_of(event->at, at); ++event)
      joined_.correlation_events.push_back(*event);
    for (; reject != analyzed.rejected.end() && reject->index == unknown; ++reject) {
      joined_.rejected.push_back(std::move(*reject));
      joined_.rejected.back().index = i;
    }
    ++unknown;
  }
  std::swap(analyzed.observations, joined_.observations);
  std::swap(analyzed.correlation_events, joined_.correlation_events);
  std::swap(analyzed.rejected, joined_.rejected);
}

void SourceKeeper::take(std::span<const RawRecord> batch, AnalyzedBatch& analyzed, RecordSource& source,
                        Clock::time_point now, EventTime wall) {
  old_before_ms_ = (wall - board_.ahead_max()).time_since_epoch().count();
  find_cuts(batch, analyzed);
  if (question_ms_) ask_for_ends(source, now);
  for (State& state : states_) {
    if (state.next == PartitionOffset::kUnknown || state.is_held) continue;  // or what comes first waits already
    state.kept.pass(state.cut != PartitionOffset::kUnknown ? state.cut : state.next);
  }
  const bool any = std::any_of(states_.begin(), states_.end(),
                               [](const State& state) { return state.cut != PartitionOffset::kUnknown; });
  if (!any) return;
  keep_waiting(batch, analyzed);
  std::erase_if(analyzed.observations, [this](const Observation& observation) { return waits(observation.at); });
  std::erase_if(analyzed.correlation_events, [this](const CorrelationEvent& event) { return waits(event.at); });
  std::erase_if(analyzed.rejected, [&](const RejectedRecord& record) { return waits(batch[record.index].at); });
  for (State& state : states_) {
    if (state.cut == PartitionOffset::kUnknown || std::exchange(state.is_held, true)) continue;
    source.hold_back({state.topic, state.partition, state.cut});
    kafka_counters_.holds.add();
  }
}

/// Of all sources of this process: what came at once does not arrive for all of them at once.
void SourceKeeper::ask_for_ends(RecordSource& source, Clock::time_point now) {
  const auto of = board_.begin_question(lane_, *question_ms_, now);
  if (of.empty()) return;
  if (!source.ask_ends(of)) return board_.answer({});
  // Those of other processes are not asked for: they tell again.
  if (now - doubt_told_ < kTellMoving) return;
  tell_all_anew();
  doubt_told_ = now;
}

/// The first record of each source that must wait.
void SourceKeeper::find_cuts(std::span<const RawRecord> batch, AnalyzedBatch& analyzed) {
  for (State& state : states_) {
    state.times.clear();
    state.seen = 0;
    state.cut = state.next = PartitionOffset::kUnknown;
  }
  corrected_.clear();
  question_ms_.reset();
  for (const RawRecord& record : batch) {
    State& state = state_of(record.at);
    // Held back by an earlier part of the same batch.
    if (state.is_held && state.cut == PartitionOffset::kUnknown) state.cut = record.at.offset;
    state.next = record.at.offset + 1;
  }
  for (const Observation& observation : analyzed.observations) {
    if (!observation.has(ObservationFlag::kAddressCount))
      state_of(observation.at).times.push_back({observation.client_hash, observation.time.time_since_epoch().count()});
  }
  size_t raw = 0;
  for (Observation& observation : analyzed.observations) {
    while (!is_of(observation.at, batch[raw].at))
      ++raw;
    judge(batch[raw], observation);
  }
  corrected_.apply(analyzed.correlation_events);
}

bool SourceKeeper::is_to_keep(const State& state, int64_t offset) {
  return state.cut != PartitionOffset::kUnknown && offset >= state.cut && !state.kept.knows(offset);
}

/// What was found in them is not known yet. Times that were corrected are corrected again.
void SourceKeeper::keep_waiting(std::span<const RawRecord> batch, const AnalyzedBatch& analyzed) {
  size_t kept = analyzed.observations.size();
  for (const State& state : states_)
    kept += state.kept.observations();
  if (kept > kKeptMax) return;
  for (const Observation& observation : analyzed.observations) {
    if (State& state = state_of(observation.at); is_to_keep(state, observation.at.offset)) state.kept.keep(observation);
  }
  for (const CorrelationEvent& correlation_event : analyzed.correlation_events) {
    if (State& state = state_of(correlation_event.at); is_to_keep(state, correlation_event.at.offset))
      state.kept.keep(correlation_event);
  }
  for (const RejectedRecord& record : analyzed.rejected) {
    const RecordCoordinates& at = batch[record.index].at;
    if (State& state = state_of(at); is_to_keep(state, at.offset)) state.kept.keep(at.offset, record);
  }
  for (const RawRecord& record : batch) {
    State& state = state_of(record.at);
    if (is_to_keep(state, record.at.offset)) state.kept.keep_all(record.at.offset, state.next, analyzed.definitions);
  }
}

void SourceKeeper::judge(const RawRecord& raw, Observation& record) {
  State& state = state_of(record.at);
  if (record.has(ObservationFlag::kAddressCount)) {
    corrected_.follow(record);
    return;
  }
  const auto following = std::span(state.times).subspan(++state.seen);
  if (state.cut != PartitionOffset::kUnknown) return;
  SourceEstimate::Record judged{record.client_hash, record.time.time_since_epoch().count(), std::nullopt};
  if (raw.append_time != EventTime::max()) judged.age_ms = (raw.append_time - record.time).count();
  if (state.wrong_run >= kWrongRunMax && state.wrong_clients.count() >= kWrongClientsMax) state.estimate.clear();
  if (const auto right = state.estimate.corrected(judged, following)) {
    ++state.wrong_run;
    state.wrong_clients.set(record.client_hash % state.wrong_clients.size());
    kafka_counters_.wrong_clocks.add();
    corrected_.correct(record, EventTime(Milliseconds(*right)));
    return;  // it says nothing of its source
  }
  if (state.wrong_run > 0) state.wrong_clients.reset();
  state.wrong_run = 0;
  const bool is_early = bounds_.limit_ms && judged.time_ms > *bounds_.limit_ms;
  const bool needs_question = !is_early && judged.time_ms > bounds_.ask_beyond_ms && judged.time_ms < old_before_ms_ &&
                              record.at.offset >= state.asked_end;
  if (needs_question) question_ms_ = std::max(question_ms_.value_or(judged.time_ms), judged.time_ms);
  if (is_early || needs_question) {
    state.cut = record.at.offset;
    state.head_ms = judged.time_ms;
    return;
  }
  state.estimate.take(judged);
}

bool SourceKeeper::waits(const RecordCoordinates& at) {
  const State& state = state_of(at);
  return state.cut != PartitionOffset::kUnknown && at.offset >= state.cut;
}

bool SourceKeeper::is_held(uint16_t topic, int32_t partition) const {
  return std::any_of(states_.begin(), states_.end(), [&](const State& state) {
    return state.is_held && state.topic == topic && state.partition == partition;
  });
}

std::span<const SourceReport> SourceKeeper::reports_for(int32_t target, Clock::time_point now) {
  Clock::time_point& told = told_[static_cast<size_t>(target)];
  if (now - told >= kTellAllEvery) {
    some_reports_.clear();
    // The first that this reader says: whoever read before told of ends that may have passed since, if only for a moment.
    const bool is_first = told == Clock::time_point();
    if (is_first) some_reports_ = mentions_;
    for (const State& state : states_)
      some_reports_.push_back(state.report);
    for (SourceReport& report : some_reports_)
      report.is_doubted = is_doubted_ || is_first;
    told = now;
    return some_reports_;
  }
  some_reports_.clear();
  for (const State& state : states_) {
    if (state.seen > 0) some_reports_.push_back(state.report);
  }
  return some_reports_;
}

std::optional<int32_t> SourceKeeper::target_to_tell(Clock::time_point now) const {
  if (states_.empty()) return std::nullopt;
  for (size_t target = 0; target < told_.size(); ++target) {
    const auto due = moved_at_ > told_[target] ? kTellMoving : kTellStill;
    if (now - told_[target] >= due) return static_cast<int32_t>(target);
  }
  return std::nullopt;
}

}  // namespace weir
