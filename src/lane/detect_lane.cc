#include "lane/detect_lane.h"

#include <algorithm>
#include <utility>

#include "lane/dead_letter.h"

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
    if (Status status =
            produce_dead_letter(batch[rejected.index], to_string(rejected.reason), rejected.detail, output, patience);
        !status)
      return status;
  }
  return {};
}

Status DetectWork::produce_dead_letter(const InputRecord& record, std::string_view reason, std::string_view detail,
                                       OutputTransaction& output, Patience& patience) {
  const DeadLetter letter(record, options_.input_topics[record.topic], "detect", reason, detail);
  Status status = output.produce(letter.message(options_.dead_letter_topic), patience);
  if (status) kafka_counters_.dead_letters.add();
  return status;
}

Status DetectWork::quarantine(const InputRecord& record, const std::string& detail, OutputTransaction& output,
                              Patience& patience) {
  const Status status = produce_dead_letter(record, kQuarantinedReason, detail, output, patience);
  if (status) kafka_counters_.quarantined.add();
  return status;
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
