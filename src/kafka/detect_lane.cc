#include "kafka/detect_lane.h"

#include <algorithm>
#include <utility>

#include "kafka/dead_letter.h"

namespace weir {

DetectWork::DetectWork(Options options, AnalyzerOptions analyzer, const RuleSlot& rules, DetectCounters& counters,
                       KafkaCounters& kafka_counters)
    : options_(std::move(options)),
      kafka_counters_(kafka_counters),
      analyzer_(std::move(analyzer), rules, counters),
      router_(options_.observations_topic, options_.observations_partitions) {}

Status DetectWork::process(std::span<const InputRecord> batch, const RecordSource&, OutputTransaction& output,
                           Patience& patience) {
  raw_.clear();
  for (const InputRecord& record : batch) {
    raw_.push_back({record.payload, record.append_time, {record.topic, record.partition, record.offset}});
  }
  Status status = analyzer_.analyze(raw_, analyzed_);
  if (status) status = produce_dead_letters(batch, output, patience);
  if (status) status = produce_observations(output, patience);
  return status;
}

Status DetectWork::produce_dead_letters(std::span<const InputRecord> batch, OutputTransaction& output,
                                        Patience& patience) {
  for (const RejectedRecord& rejected : analyzed_.rejected) {
    const InputRecord& record = batch[rejected.index];
    const DeadLetter letter(record, options_.input_topics[record.topic], "detect", to_string(rejected.reason),
                            rejected.detail);
    if (Status status = output.produce(letter.message(options_.dead_letter_topic), patience); !status) return status;
    kafka_counters_.dead_letters.add();
  }
  return {};
}

Status DetectWork::produce_observations(OutputTransaction& output, Patience& patience) {
  const auto oldest = std::min_element(
      raw_.begin(), raw_.end(), [](const RawRecord& a, const RawRecord& b) { return a.append_time < b.append_time; });
  const bool known = oldest->append_time != EventTime::max();
  const std::string append_ms = known ? std::to_string(oldest->append_time.time_since_epoch().count()) : "";
  const OutputHeader header{kAppendTimeHeader, append_ms};
  return router_.route(analyzed_.observations, analyzed_.correlation_events, {&header, 1}, output, patience);
}

}  // namespace weir
