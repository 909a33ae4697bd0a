#include "app/replay/range_judge.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "app/replay/record_order.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kQueueWait{20};
constexpr Milliseconds kPauseSlice{100};
/// Without a record and with a reason that is known.
constexpr std::chrono::seconds kRangeSilenceMax{60};

}  // namespace

RangeJudge::RangeJudge(std::unique_ptr<RangeReader> reader, std::vector<uint32_t> ranges,
                       const AnalyzerOptions& options, std::span<const RuleSlot* const> judgements, WrongClocks clocks,
                       UnitQueues& queues, RateLimit& limit)
    : reader_(std::move(reader)),
      ranges_(std::move(ranges)),
      finished_(ranges_.size(), false),
      estimates_(ranges_.size()),
      clocks_(clocks),
      queues_(queues),
      limit_(limit) {
  for (const RuleSlot* rules : judgements)
    judges_.push_back(std::make_unique<Judge>(options, *rules));
}

void RangeJudge::run() {
  if (const Status status = work(); !status) queues_.fail(status.error());
}

Status RangeJudge::work() {
  auto heard = Clock::now();
  Milliseconds wait{0};
  while (!queues_.is_stopped()) {
    bool is_open = false, had_room = false, got_on = false;
    for (size_t local = 0; local < ranges_.size(); ++local) {
      if (finished_[local]) continue;
      is_open = true;
      if (!queues_.has_room(ranges_[local])) continue;
      had_room = true;
      const auto worked = work_on(local, wait);
      if (!worked) return tl::unexpected(worked.error());
      got_on = got_on || *worked;
    }
    if (!is_open) return {};
    if (!had_room) queues_.wait_for_room(kQueueWait);
    if (got_on || !had_room) heard = Clock::now();
    // Only when nothing is there anywhere one of them is waited for.
    wait = got_on || !had_room ? Milliseconds(0) : kQueueWait;
    if (const std::string problem = reader_->problem(); Clock::now() - heard > kRangeSilenceMax && !problem.empty())
      return fail(ErrorCode::kKafka, "kafka", "nothing could be read for a minute: " + problem);
  }
  return {};
}

/// False: there was not a whole unit yet.
Result<bool> RangeJudge::work_on(size_t local, Milliseconds wait) {
  const auto filled = reader_->fill(local, limit_.records_at_once(kUnitRecords), wait);
  if (!filled) return tl::unexpected(filled.error());
  if (*filled == RangeReader::Filled::kPartly) return false;
  if (!reader_->batch(local).empty()) {
    if (!pause_for(reader_->batch(local).size())) return true;
    if (Status status = judge(local); !status) return tl::unexpected(status.error());
    reader_->release(local);
  }
  if (reader_->is_finished(local)) {
    finished_[local] = true;
    queues_.finish(ranges_[local]);
  }
  return true;
}

/// False: stopped meanwhile.
bool RangeJudge::pause_for(uint64_t records) {
  const auto until = Clock::now() + limit_.take(records, Clock::now());
  while (!queues_.is_stopped()) {
    const auto left = until - Clock::now();
    if (left <= Clock::duration::zero()) return true;
    std::this_thread::sleep_for(std::min<Clock::duration>(left, kPauseSlice));
  }
  return false;
}

Status RangeJudge::judge(size_t local) {
  const auto batch = reader_->batch(local);
  UnitQueues::Unit unit = queues_.obtain();
  unit->range = ranges_[local];
  unit->is_lead = reader_->is_lead(local);
  unit->offsets.clear();
  raw_.clear();
  append_ms_.clear();
  for (const InputRecord& record : batch) {
    unit->offsets.push_back(record.offset);
    raw_.push_back({record.payload, record.append_time, {record.topic, record.partition, record.offset}});
    append_ms_.push_back(record.append_time == EventTime::max() ? kNoAppendTime
                                                                : record.append_time.time_since_epoch().count());
  }
  order_by_time(append_ms_, unit->order_ms);
  for (size_t i = 0; i < judges_.size(); ++i) {
    Analyzer& analyzer = unit->is_lead ? judges_[i]->lead : judges_[i]->main;
    unit->judged[i].rewind();
    if (Status status = analyzer.analyze(raw_, unit->judged[i].batch); !status) return status;
  }
  if (clocks_ == WrongClocks::kCorrected) correct_clocks(*unit, local);
  queues_.push(std::move(unit));
  return {};
}

/// As SourceKeeper does.
void RangeJudge::correct_clocks(JudgedUnit& unit, size_t local) {
  SourceEstimate& estimate = estimates_[local];
  const SourceEstimate before = estimate;
  for (JudgedBatch& judged : unit.judged) {
    estimate = before;
    corrected_.clear();
    std::vector<SourceEstimate::Next> times;
    for (const Observation& observation : judged.batch.observations)
      if (!observation.has(ObservationFlag::kAddressCount))
        times.push_back({observation.client_hash, observation.time.time_since_epoch().count()});
    size_t seen = 0, raw = 0;
    for (Observation& observation : judged.batch.observations) {
      if (observation.has(ObservationFlag::kAddressCount)) {
        corrected_.follow(observation);
        continue;
      }
      while (unit.offsets[raw] != observation.at.offset)
        ++raw;
      SourceEstimate::Record record{observation.client_hash, observation.time.time_since_epoch().count(), std::nullopt};
      if (append_ms_[raw] != kNoAppendTime) record.age_ms = append_ms_[raw] - record.time_ms;
      const auto right = estimate.corrected(record, std::span<const SourceEstimate::Next>(times).subspan(++seen));
      if (right)
        corrected_.correct(observation, EventTime(Milliseconds(*right)));
      else
        estimate.take(record);
    }
    corrected_.apply(judged.batch.correlation_events);
  }
  unit.source_ms = estimate.time_ms().value_or(SourceReport::kNoTime);
}

}  // namespace weir
