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

}  // namespace

SourceKeeper::SourceKeeper(SourceBoard& board, size_t lane, std::vector<int32_t> inputs, int32_t targets,
                           DetectCounters& counters, KafkaCounters& kafka_counters, TopicTable topics)
    : board_(board),
      lane_(lane),
      inputs_(std::move(inputs)),
      counters_(counters),
      kafka_counters_(kafka_counters),
      topics_(std::move(topics)),
      told_(static_cast<size_t>(targets)) {}

void SourceKeeper::assigned(std::span<const AssignedPartition> partitions, Clock::time_point now) {
  revoked(now);
  for (const AssignedPartition& one : partitions) {
    State& state = states_.emplace_back();
    state.topic = state.report.topic = one.topic;
    state.partition = state.report.partition = one.partition;
    all_reports_.push_back(state.report);
  }
  // The others must not run ahead before these were read at all; nor must this lane ahead of what others are about to read.
  board_.report(lane_, all_reports_, now);
  mention_others();
  board_.hear(mentions_, now);
}

void SourceKeeper::mention_others() {
  for (size_t topic = 0; topic < inputs_.size(); ++topic) {
    for (int32_t partition = 0; partition < inputs_[topic]; ++partition) {
      const bool own = std::any_of(states_.begin(), states_.end(),
                                   [&](const State& one) { return one.topic == topic && one.partition == partition; });
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
  all_reports_.clear();
  mentions_.clear();
  last_state_ = 0;
  limit_ms_.reset();
  std::fill(told_.begin(), told_.end(), Clock::time_point());
  board_.leave(lane_, now);
}

void SourceKeeper::rewound() {
  for (State& state : states_) {
    state.estimate.clear();
    state.passed_ms = SourceReport::kNoTime;
    state.is_held = false;
  }
  std::fill(told_.begin(), told_.end(), Clock::time_point());
}

SourceKeeper::State& SourceKeeper::state_of(const RecordCoordinates& at) {
  const auto is_it = [&](const State& one) { return one.partition == at.partition && one.topic == at.topic; };
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
    if (!state.is_held || (limit_ms_ && state.head_ms > *limit_ms_)) continue;
    state.is_held = false;
    state.passed_ms = limit_ms_ ? state.head_ms : SourceReport::kNoTime;  // at most so far as others have come, or near
    source.let_go(state.topic, state.partition);
  }
}

void SourceKeeper::report(RecordSource& source, Clock::time_point now) {
  all_reports_.clear();
  const bool is_doubted = source.ends_doubted();
  // Before anything else is told of what comes now.
  if (is_doubted && !is_doubted_) std::fill(told_.begin(), told_.end(), Clock::time_point());
  is_doubted_ = is_doubted;
  for (State& state : states_) {
    SourceReport report{state.topic, state.partition, SourceReport::kNoTime, false, state.is_held};
    report.time_ms = state.is_held
                         ? state.head_ms
                         : std::max(state.estimate.time_ms().value_or(SourceReport::kNoTime), state.passed_ms);
    report.at_end = !state.is_held && source.at_end(state.topic, state.partition);
    report.is_doubted = is_doubted;
    if (report != state.report) moved_at_ = now;
    state.report = report;
    all_reports_.push_back(report);
  }
  board_.report(lane_, all_reports_, now);
  limit_ms_ = board_.limit_ms(now);
}

void SourceKeeper::take(std::span<const RawRecord> batch, AnalyzedBatch& analyzed, RecordSource& source) {
  for (State& state : states_) {
    state.times.clear();
    state.seen = 0;
    state.cut = PartitionOffset::kUnknown;
  }
  corrected_.clear();
  for (const RawRecord& one : batch) {
    State& state = state_of(one.at);
    // Held back by an earlier part of the same batch.
    if (state.is_held && state.cut == PartitionOffset::kUnknown) state.cut = one.at.offset;
  }
  for (const Observation& one : analyzed.observations) {
    if (!one.has(ObservationFlag::kAddressCount))
      state_of(one.at).times.push_back({one.client_hash, one.time.time_since_epoch().count()});
  }
  size_t raw = 0;
  for (Observation& one : analyzed.observations) {
    while (batch[raw].at != one.at)
      ++raw;
    judge(batch[raw], one);
  }
  const bool any = std::any_of(states_.begin(), states_.end(),
                               [](const State& one) { return one.cut != PartitionOffset::kUnknown; });
  corrected_.apply(analyzed.correlation_events);
  if (!any) return;
  uncount(batch, analyzed);
  std::erase_if(analyzed.observations, [this](const Observation& one) { return waits(one.at); });
  std::erase_if(analyzed.correlation_events, [this](const CorrelationEvent& one) { return waits(one.at); });
  std::erase_if(analyzed.rejected, [&](const RejectedRecord& one) { return waits(batch[one.index].at); });
  for (State& state : states_) {
    if (state.cut == PartitionOffset::kUnknown || std::exchange(state.is_held, true)) continue;
    source.hold_back({state.topic, state.partition, state.cut});
    kafka_counters_.holds.add();
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
  if (limit_ms_ && judged.time_ms > *limit_ms_) {
    state.cut = record.at.offset;
    state.head_ms = judged.time_ms;
    return;
  }
  state.estimate.take(judged);
}

/// Those of the source in the configuration.
SourceCounters& SourceKeeper::counters_of(const RecordCoordinates& at) {
  const uint16_t source = topics_.source_of(at.topic);
  return counters_.sources[source < counters_.sources.size() ? source : 0];
}

/// What waits will be analysed again, and be counted then.
void SourceKeeper::uncount(std::span<const RawRecord> batch, const AnalyzedBatch& analyzed) {
  const auto take_back = [](Counter& counter, uint64_t amount) { counter.set(counter.value() - amount); };
  for (const RawRecord& one : batch) {
    if (!waits(one.at)) continue;
    take_back(counters_.records, 1);
    take_back(counters_of(one.at).records, 1);
    take_back(counters_.bytes, one.payload.size());
  }
  for (const Observation& one : analyzed.observations) {
    if (!one.evidence || !waits(one.at)) continue;
    take_back(counters_.malicious, 1);
    take_back(counters_of(one.at).malicious, 1);
  }
  for (const RejectedRecord& one : analyzed.rejected) {
    if (!waits(batch[one.index].at)) continue;
    take_back(counters_.rejected[static_cast<size_t>(one.reason)], 1);
    take_back(counters_of(batch[one.index].at).rejected, 1);
  }
}

bool SourceKeeper::waits(const RecordCoordinates& at) {
  const State& state = state_of(at);
  return state.cut != PartitionOffset::kUnknown && at.offset >= state.cut;
}

bool SourceKeeper::is_held(uint16_t topic, int32_t partition) const {
  return std::any_of(states_.begin(), states_.end(),
                     [&](const State& one) { return one.is_held && one.topic == topic && one.partition == partition; });
}

std::span<const SourceReport> SourceKeeper::reports_for(int32_t target, Clock::time_point now) {
  Clock::time_point& told = told_[static_cast<size_t>(target)];
  if (now - told >= kTellAllEvery) {
    some_reports_.clear();
    if (told == Clock::time_point()) some_reports_ = mentions_;
    for (SourceReport& mention : some_reports_)
      mention.is_doubted = is_doubted_;
    told = now;
    for (const State& one : states_)
      some_reports_.push_back(one.report);
    return some_reports_;
  }
  some_reports_.clear();
  for (const State& one : states_) {
    if (one.seen > 0) some_reports_.push_back(one.report);
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
