#include "lane/detect_lane.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lane/dead_letter.h"
#include "lane/wall_clock.h"

namespace weir {

DetectWork::DetectWork(Options options, AnalyzerOptions analyzer, const RuleSlot& rules, DetectCounters& counters,
                       KafkaCounters& kafka_counters, SourceBoard* board, size_t lane)
    : options_(std::move(options)),
      kafka_counters_(kafka_counters),
      analyzer_(std::move(analyzer), rules, counters),
      router_(options_.observations_topic, options_.observations_partitions),
      topic_header_(options_.topics) {
  if (board == nullptr) return;
  keeper_.emplace(*board, lane, options_.input_partitions, options_.observations_partitions, kafka_counters);
  router_.say_sources(
      [this](int32_t partition) { return keeper_->reports_for(partition, SourceKeeper::Clock::now()); });
}

Status DetectWork::process(std::span<const InputRecord> batch, RecordSource& source, OutputTransaction& output,
                           Patience& patience) {
  if (batch.empty()) {
    if (keeper_) keeper_->report(source, SourceKeeper::Clock::now());  // the poll may have taken long
    return tell_sources(output, patience);
  }
  raw_.clear();
  for (const InputRecord& record : batch) {
    raw_.push_back({record.payload, record.append_time, {record.topic, record.partition, record.offset}});
  }
  Status status = analyzer_.analyze(keeper_ ? keeper_->unknown_of(raw_) : raw_, analyzed_);
  if (status && keeper_) {
    keeper_->join(raw_, analyzed_);
    keeper_->take(raw_, analyzed_, source, SourceKeeper::Clock::now(), wall_clock());
    keeper_->report(source, SourceKeeper::Clock::now());  // the blocks say where this batch has taken their sources
  }
  if (status) status = produce_dead_letters(batch, output, patience);
  if (status) status = produce_observations(output, patience);
  if (status) status = tell_sources(output, patience);
  return status;
}

/// Partitions that got no block for a while hear of the sources all the same.
Status DetectWork::tell_sources(OutputTransaction& output, Patience& patience) {
  if (!keeper_) return {};
  const auto now = SourceKeeper::Clock::now();
  const std::array headers{OutputHeader{kTopicsHeader, topic_header_.text()},
                           OutputHeader{kGroupHeader, options_.group}};
  while (const auto target = keeper_->target_to_tell(now)) {
    if (Status status = router_.tell(*target, keeper_->reports_for(*target, now), headers, output, patience); !status)
      return status;
  }
  return {};
}

Status DetectWork::produce_dead_letters(std::span<const InputRecord> batch, OutputTransaction& output,
                                        Patience& patience) {
  for (const RejectedRecord& rejected : analyzed_.rejected) {
    if (options_.samples != nullptr)
      options_.samples->offer(options_.topics.source_of(batch[rejected.index].topic), batch[rejected.index].payload);
    if (Status status =
            produce_dead_letter(batch[rejected.index], to_string(rejected.reason), rejected.detail, output, patience);
        !status)
      return status;
  }
  return {};
}

Status DetectWork::produce_dead_letter(const InputRecord& record, std::string_view reason, std::string_view detail,
                                       OutputTransaction& output, Patience& patience) {
  const DeadLetter letter(record, options_.topics.name(record.topic), "detect", reason, detail);
  Status status = output.produce(letter.message(options_.dead_letter_topic), patience);
  if (status) kafka_counters_.dead_letters.add();
  return status;
}

Status DetectWork::quarantine(const InputRecord& record, const std::string& detail, OutputTransaction& output,
                              Patience& patience) {
  if (keeper_ && keeper_->is_held(record.topic, record.partition)) return {};  // it will be handed out again
  const Status status = produce_dead_letter(record, kQuarantinedReason, detail, output, patience);
  if (status) kafka_counters_.quarantined.add();
  return status;
}

Status DetectWork::produce_observations(OutputTransaction& output, Patience& patience) {
  const auto oldest = std::min_element(
      raw_.begin(), raw_.end(), [](const RawRecord& a, const RawRecord& b) { return a.append_time < b.append_time; });
  const bool known = oldest->append_time != EventTime::max();
  const std::string append_ms = known ? std::to_string(oldest->append_time.time_since_epoch().count()) : "";
  const std::array headers{OutputHeader{kAppendTimeHeader, append_ms},
                           OutputHeader{kTopicsHeader, topic_header_.text()},
                           OutputHeader{kGroupHeader, options_.group}};
  return router_.route(analyzed_.observations, analyzed_.correlation_events, headers, output, patience);
}

}  // namespace weir
