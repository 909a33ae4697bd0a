#include "kafka/score_lane.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "alert/ocsf.h"
#include "kafka/dead_letter.h"
#include "kafka/detect_lane.h"

namespace weir {
namespace {

int64_t number_in(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

ScoreWork::ScoreWork(Options options, LogSink log, ScoreCounters& counters, KafkaCounters& kafka_counters)
    : options_(std::move(options)), log_(std::move(log)), counters_(counters), kafka_counters_(kafka_counters) {}

Status ScoreWork::process(std::span<const InputRecord> batch, const RecordSource& source, OutputTransaction& output,
                          Patience& patience) {
  const size_t first = retained_.size();
  for (const InputRecord& record : batch)
    score_block(record, source);
  return produce_retained(first, output, patience);
}

void ScoreWork::score_block(const InputRecord& record, const RecordSource& source) {
  PartitionState& state = state_of(record.partition);
  state.next_offset = record.offset + 1;
  counters_.blocks.add();
  if (const Status decoded = decode_block(record.payload, block_); !decoded) {
    counters_.bad_blocks.add();
    retain_dead_letter(record, decoded.error());
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  alerts_.clear();
  state.scorer.observe(block_.observations, alerts_);
  const auto spent = std::chrono::steady_clock::now() - start;
  counters_.score_ns.add(static_cast<uint64_t>(std::chrono::nanoseconds(spent).count()));
  counters_.observations.add(block_.observations.size());
  if (alerts_.empty()) return;
  const int64_t append_ms = number_in(source.header(record, kAppendTimeHeader));
  for (const Alert& alert : alerts_)
    retain_alert(alert, append_ms);
}

// --- output, kept until it is stored

void ScoreWork::retain_alert(const Alert& alert, int64_t append_ms) {
  const AlertSource source{options_.version, options_.requests_topics};
  retain(
      {options_.alerts_topic, alert.client, encode_ocsf(alert, source), cloud_event_headers(alert, source), append_ms});
  counters_.alerts[static_cast<size_t>(alert.kind)][static_cast<size_t>(alert.severity)].add();
}

void ScoreWork::retain_dead_letter(const InputRecord& record, const Error& error) {
  const DeadLetter letter(record, options_.observations_topic, "score", to_string(error.code), error.detail);
  const OutputMessage message = letter.message(options_.dead_letter_topic);
  RetainedMessage kept{options_.dead_letter_topic, std::string(message.key), std::string(message.value), {}, 0};
  for (const OutputHeader& one : message.headers)
    kept.headers.emplace_back(one.name, one.value);
  retain(std::move(kept));
  kafka_counters_.dead_letters.add();
  log_(LogLevel::kError, "kafka: block at offset " + std::to_string(record.offset) + " of " +
                             options_.observations_topic + "/" + std::to_string(record.partition) +
                             " cannot be read: " + error.detail);
}

void ScoreWork::retain(RetainedMessage message) {
  retained_bytes_ += message.key.size() + message.value.size() + sizeof(RetainedMessage);
  retained_.push_back(std::move(message));
}

Status ScoreWork::produce_retained(size_t first, OutputTransaction& output, Patience& patience) {
  std::vector<OutputHeader> headers;
  for (size_t i = first; i < retained_.size(); ++i) {
    const RetainedMessage& kept = retained_[i];
    headers.clear();
    for (const auto& [name, value] : kept.headers)
      headers.push_back({name, value});
    if (Status status = output.produce(
            {kept.topic, OutputMessage::kByKey, kept.key, kept.value, headers, kept.append_ms}, patience);
        !status)
      return status;
  }
  return {};
}

Status ScoreWork::reproduce(OutputTransaction& output, Patience& patience) {
  return produce_retained(0, output, patience);
}

void ScoreWork::on_committed() {
  retained_.clear();
  retained_bytes_ = 0;
}

// --- state

ScoreWork::PartitionState& ScoreWork::state_of(int32_t partition) {
  for (const auto& one : states_) {
    if (one->partition == partition) return *one;
  }
  states_.push_back(std::make_unique<PartitionState>(
      PartitionState{partition, PartitionOffset::kUnknown, Scorer(options_.score, options_.requests_topics), {}}));
  return *states_.back();
}

Status ScoreWork::on_assigned(std::span<AssignedPartition> partitions, Patience&) {
  tick();  // counts what the states that go have done
  std::erase_if(states_, [&](const std::unique_ptr<PartitionState>& state) {
    const auto same = [&](const AssignedPartition& one) {
      return one.partition == state->partition && one.committed == state->next_offset;
    };
    return std::none_of(partitions.begin(), partitions.end(), same);
  });
  tick();
  return {};
}

void ScoreWork::on_revoked(bool) {
  // Not stored or not committed: whoever gets the partition raises these alerts again. The states stay until the next
  // assignment says at which offsets it goes on.
  retained_.clear();
  retained_bytes_ = 0;
}

void ScoreWork::tick() {
  uint64_t clients = 0, bytes = 0, episodes = 0;
  for (const auto& state : states_) {
    count(*state);
    clients += state->counted.clients;
    bytes += state->counted.state_bytes;
    episodes += state->counted.episodes_open;
  }
  counters_.clients.set(clients);
  counters_.state_bytes.set(bytes);
  counters_.episodes_open.set(episodes);
}

/// Adds what is new in a scorer's statistics to the lane's counters, which outlive it.
void ScoreWork::count(PartitionState& state) {
  const ScorerStatistics& now = state.scorer.statistics();
  counters_.clients_evicted.add(now.clients_evicted - state.counted.clients_evicted);
  counters_.clients_expired.add(now.clients_expired - state.counted.clients_expired);
  counters_.alerts_suppressed.add(now.alerts_suppressed - state.counted.alerts_suppressed);
  state.counted = now;
}

}  // namespace weir
