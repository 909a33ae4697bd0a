#include "app/replay/replay.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "app/replay/counter_sums.h"
#include "app/replay/range_judge.h"
#include "app/replay/rate_limit.h"
#include "base/assert.h"

namespace weir {
namespace {

/// Observations that are scored at once.
constexpr size_t kScoredAtOnce = 2'048;
/// Units that may wait for that although all their records are taken.
constexpr size_t kUsedUpMax = 32;
constexpr uint64_t kRunsATick = 64;

std::vector<SourceReport> sources_of(const std::vector<PartitionRange>& ranges) {
  std::vector<SourceReport> sources;
  for (const PartitionRange& range : ranges) {
    SourceReport& source = sources.emplace_back();
    source.topic = range.topic;
    source.partition = range.partition;
  }
  return sources;
}

}  // namespace

struct Replay::Workers {
  explicit Workers(uint64_t per_second) : limit(per_second) {}
  ~Workers() { join(); }

  void join() {
    for (std::thread& thread : threads)
      if (thread.joinable()) thread.join();
  }

  RateLimit limit;
  std::vector<std::unique_ptr<RangeJudge>> judges;
  std::vector<std::thread> threads;
};

Replay::Replay(ReplayOptions options, std::vector<const RuleSlot*> judgements)
    : options_(std::move(options)),
      judgements_(std::move(judgements)),
      queues_(options_.ranges.size(), judgements_.size()),
      workers_(std::make_unique<Workers>(options_.records_per_second_max)),
      heads_(options_.ranges.size()),
      positions_(options_.ranges.size()) {
  for (size_t i = 0; i < judgements_.size(); ++i)
    stages_.emplace_back(options_.score, options_.topics, options_.observations_partitions,
                         sources_of(options_.ranges));
  if (!options_.scorers.empty()) {
    WEIR_ASSERT(stages_.size() == 1, "a state is of one rule set");
    stages_.front().begin_with(std::move(options_.scorers));
  }
  for (const PartitionRange& range : options_.ranges)
    offsets_done_.push_back(range.lead);
}

Replay::~Replay() {
  queues_.stop();
}

uint64_t Replay::offsets() const {
  uint64_t sum = 0;
  for (const PartitionRange& range : options_.ranges)
    sum += static_cast<uint64_t>(range.offsets());
  return sum;
}

void Replay::add_counters(size_t judgement, DetectCounters& sum) const {
  for (const auto& judge : workers_->judges)
    add_to(sum, judge->counters(judgement));
}

Status Replay::run(ReplaySink& sink, const Tick& tick) {
  tick_ = tick;
  if (Status status = start(); !status) return status;
  merge(Part::kLead, sink);
  merge(Part::kMain, sink);
  finish(sink);
  queues_.stop();
  workers_->join();
  return queues_.failure();
}

/// The ranges go round the threads, so that large and small partitions mix.
Status Replay::start() {
  const size_t threads = std::clamp<size_t>(options_.threads, 1, std::max<size_t>(1, options_.ranges.size()));
  const auto clocks = options_.score.watermarks ? WrongClocks::kCorrected : WrongClocks::kLeft;
  for (size_t thread = 0; thread < threads; ++thread) {
    std::vector<PartitionRange> ranges;
    std::vector<uint32_t> numbers;
    for (size_t i = thread; i < options_.ranges.size(); i += threads) {
      ranges.push_back(options_.ranges[i]);
      numbers.push_back(static_cast<uint32_t>(i));
    }
    if (ranges.empty()) continue;
    auto reader = RangeReader::open(options_.client, options_.topics, ranges);
    if (!reader) return tl::unexpected(reader.error());
    workers_->judges.push_back(std::make_unique<RangeJudge>(std::move(*reader), std::move(numbers), options_.analyzer,
                                                            judgements_, clocks, queues_, workers_->limit));
  }
  for (const auto& judge : workers_->judges)
    workers_->threads.emplace_back([judge = judge.get()] { judge->run(); });
  return {};
}

// --- the order of the records

void Replay::merge(Part part, ReplaySink& sink) {
  for (uint32_t range = 0; range < heads_.size(); ++range)
    next_unit(range, part);
  while (!order_.empty() && !queues_.is_stopped()) {
    const uint32_t range = order_.due();
    JudgedUnit& unit = *heads_[range];
    const uint32_t from = positions_[range];
    const auto until =
        from + static_cast<uint32_t>(order_.run_of(std::span<const int64_t>(unit.order_ms).subspan(from)));
    order_.remove_due();
    take_run(unit, until, sink);
    if (until < unit.size()) {
      order_.add({unit.order_ms[until], range});
    } else {
      used_up_.push_back(std::move(heads_[range]));
      next_unit(range, part);
    }
    const bool is_much = std::any_of(stages_.begin(), stages_.end(),
                                     [](const ScoreStage& stage) { return stage.waiting() >= kScoredAtOnce; });
    // Where the clock follows the sources it must come after the records as closely as the daemons' blocks.
    const bool is_due = options_.score.watermarks && now_ms_ - scored_ms_ >= ScoreStage::kTellSourcesMs;
    if (is_much || is_due || used_up_.size() >= kUsedUpMax) score(part, sink);
    if (++runs_ % kRunsATick == 0) tick();
  }
  score(part, sink);
  tick();
}

/// The next unit of the range stands in line, if it is of this part.
void Replay::next_unit(uint32_t range, Part part) {
  if (heads_[range] == nullptr) {
    heads_[range] = queues_.next(range, [this] { tick(); });
    positions_[range] = 0;
  }
  const JudgedUnit* unit = heads_[range].get();
  if (unit == nullptr || unit->is_lead != (part == Part::kLead)) return;
  order_.add({unit->order_ms.front(), range});
}

void Replay::take_run(JudgedUnit& unit, uint32_t until, ReplaySink& sink) {
  const int64_t last = unit.offsets[until - 1];
  for (size_t i = 0; i < stages_.size(); ++i) {
    JudgedBatch& judged = unit.judged[i];
    const auto& observations = judged.batch.observations;
    for (; judged.observation < observations.size() && observations[judged.observation].at.offset <= last;
         ++judged.observation) {
      stages_[i].add(observations[judged.observation]);
      stages_[i].source_comes_to(unit.range, observations[judged.observation].time);
    }
    const auto& events = judged.batch.correlation_events;
    for (; judged.event < events.size() && events[judged.event].at.offset <= last; ++judged.event)
      stages_[i].add(events[judged.event]);
    if (until == unit.size()) stages_[i].source_at(unit.range, unit.source_ms);
  }
  now_ms_ = std::max(now_ms_, unit.order_ms[until - 1]);
  const uint32_t taken = until - positions_[unit.range];
  positions_[unit.range] = until;
  offsets_done_[unit.range] = last + 1;
  records_ += taken;
  if (unit.is_lead)
    lead_records_ += taken;
  else
    sink.take(unit, until);
}

void Replay::score(Part part, ReplaySink& sink) {
  scored_ms_ = now_ms_;
  for (size_t i = 0; i < stages_.size(); ++i) {
    alerts_.clear();
    decisions_.clear();
    stages_[i].score(now_ms_, alerts_, decisions_);
    hand_on(i, part, sink);
  }
  queues_.give_back(used_up_);
}

void Replay::finish(ReplaySink& sink) {
  for (size_t i = 0; i < stages_.size(); ++i) {
    alerts_.clear();
    decisions_.clear();
    stages_[i].finish(now_ms_, alerts_, decisions_);
    hand_on(i, Part::kMain, sink);
  }
}

void Replay::hand_on(size_t stage, Part part, ReplaySink& sink) {
  if (part == Part::kMain && !alerts_.empty()) sink.take(stage, alerts_);
  if (part == Part::kMain && !decisions_.empty()) sink.take_decisions(stage, decisions_);
}

void Replay::tick() {
  uint64_t done = 0;
  for (size_t i = 0; i < offsets_done_.size(); ++i)
    done += static_cast<uint64_t>(offsets_done_[i] - options_.ranges[i].lead);
  if (!tick_(done, records_)) queues_.stop();
}

}  // namespace weir
