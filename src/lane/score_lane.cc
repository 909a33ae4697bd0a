#include "lane/score_lane.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "alert/trim.h"
#include "lane/block_scoring.h"
#include "lane/dead_letter.h"
#include "lane/detect_lane.h"
#include "score/decisions/decision_message.h"

namespace weir {
namespace {

/// One a record: a record whose client is not its address comes a second time, for the address.
uint64_t records_of(std::span<const Observation> observations) {
  const auto is_record = [](const Observation& observation) {
    return !observation.has(ObservationFlag::kAddressCount);
  };
  return static_cast<uint64_t>(std::count_if(observations.begin(), observations.end(), is_record));
}

int64_t number_in(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Milliseconds steady_now() {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

ScoreWork::ScoreWork(Options options, LogSink log, ScoreCounters& counters, KafkaCounters& kafka_counters,
                     StateStore* store, SourceBoard* board)
    : options_(std::move(options)),
      log_(std::move(log)),
      counters_(counters),
      kafka_counters_(kafka_counters),
      store_(store),
      board_(board),
      topic_header_(options_.topics) {
  if (!options_.now) options_.now = steady_now;
}

Status ScoreWork::process(std::span<const InputRecord> batch, RecordSource& source, OutputTransaction& output,
                          Patience& patience) {
  for (const InputRecord& record : batch)
    score_block(record, source);
  return produce_retained(output, patience);
}

/// Before what a block holds, whatever it is: restored chunks that belong there, and the offset.
ScoreWork::Turn ScoreWork::take_turn(PartitionState& state, const InputRecord& record) {
  if (state.restoring() && !load_due(state, record.offset)) return Turn::kSkipped;
  if (state.restoring() && record.offset >= state.committed()) finish_restore(state);
  const bool repeated = state.restoring();
  if (!repeated && state.genesis_due()) retain_genesis(state, record.offset);
  state.advance(record.offset + 1);
  (repeated ? counters_.replayed_blocks : counters_.blocks).add();
  return repeated ? Turn::kRepeated : Turn::kNew;
}

/// After a repeated block.
void ScoreWork::end_turn(PartitionState& state) {
  if (state.next_offset() >= state.committed() && load_due(state, state.committed())) finish_restore(state);
}

/// Blocks of another group: its processes have judged the same requests, so scoring them, too, would count everything twice.
bool ScoreWork::is_foreign(const InputRecord& record, const RecordSource& source) {
  const std::string_view group = source.header(record, kGroupHeader);
  if (group.empty() || options_.group.empty() || group == options_.group) return false;
  if (group != foreign_group_) {
    foreign_group_ = group;
    log_(LogLevel::kError,
         "kafka: " + options_.observations_topic + " has blocks of the group " + foreign_group_ +
             ", which are not scored here: two groups of weir need topics of their own "
             "(kafka.topics.observations, state, alerts and dead_letter), or one group (kafka.group_id)");
  }
  return true;
}

void ScoreWork::score_block(const InputRecord& record, const RecordSource& source) {
  if (damaged_.contains(record.partition)) return;  // its restore begins again
  PartitionState& state = state_of(record.partition);
  const Turn turn = take_turn(state, record);
  if (turn == Turn::kSkipped) return;
  const bool repeated = turn == Turn::kRepeated;
  if (is_foreign(record, source)) {
    if (repeated) return end_turn(state);
    counters_.foreign_blocks.add();
    return;
  }
  if (const Status decoded = decode_block(record.payload, block_); !decoded) {
    if (repeated) return end_turn(state);  // an earlier life has reported it
    counters_.bad_blocks.add();
    retain_dead_letter(record, to_string(decoded.error().code), decoded.error().detail);
    return;
  }
  topic_header_.translate(source.header(record, kTopicsHeader), block_);
  const auto start = std::chrono::steady_clock::now();
  alerts_.clear();
  if (options_.score.order == ScoreOrder::kEventTime)
    state.scorer().note_append_time(number_in(source.header(record, kAppendTimeHeader)));
  score(block_, record.append_time, state.scorer(), alerts_);
  const auto spent = std::chrono::steady_clock::now() - start;
  if (!repeated) {
    if (board_ != nullptr && !block_.sources.empty()) board_->hear(block_.sources, SourceBoard::Clock::now());
    if (!block_.orders.empty()) note_orders(record);
  }
  counters_.score_ns.add(static_cast<uint64_t>(std::chrono::nanoseconds(spent).count()));
  (repeated ? counters_.replayed_observations : counters_.observations).add(records_of(block_.observations));
  const std::vector<DecisionChange> decisions = state.scorer().take_decisions();
  if (repeated) return end_turn(state);
  if (alerts_.empty() && decisions.empty()) return;
  const int64_t append_ms = number_in(source.header(record, kAppendTimeHeader));
  for (Alert& alert : alerts_)
    retain_alert(alert, alert.append_ms != 0 ? alert.append_ms : append_ms);
  for (const DecisionChange& change : decisions)
    retain_decision(change, append_ms);
}

void ScoreWork::note_orders(const InputRecord& record) {
  for (const ClientOrder& order : block_.orders) {
    counters_.client_orders.add();
    log_(LogLevel::kInfo, "kafka: an order of " + std::string(order.caller) + " is in force in " +
                              options_.observations_topic + "/" + std::to_string(record.partition) + " from offset " +
                              std::to_string(record.offset) + " on: " + std::string(to_string(order.kind)));
  }
}

// --- output, kept until it is stored

void ScoreWork::retain_alert(Alert& alert, int64_t append_ms) {
  recent_alerts_.note(alert);
  if (options_.alert_enricher) options_.alert_enricher->enrich(alert);
  const AlertEncoder& encoder = *options_.alert_encoder;
  RetainedMessage message{options_.alerts_topic, alert.client, encoder.value_of(alert), encoder.headers_of(alert),
                          append_ms};
  bool is_trimmed = false;
  while (size_of(message) > options_.alert_bytes_max && trim(alert)) {
    is_trimmed = true;
    message.value = encoder.value_of(alert);
  }
  if (is_trimmed) counters_.alerts_trimmed.add();
  retain(std::move(message));
  counters_.alerts[static_cast<size_t>(alert.kind)][static_cast<size_t>(alert.severity)].add();
}

/// Without a policy the topic need not be there: what was decided before ends for its readers by its own time.
void ScoreWork::retain_decision(const DecisionChange& change, int64_t append_ms) {
  if (!options_.score.decisions) return;
  RetainedMessage message{options_.decisions_topic, decision_key(change.decision), {}, {}, append_ms};
  message.is_tombstone = change.is_end();
  if (!message.is_tombstone) message.value = decision_value(change.decision);
  message.headers.emplace_back(kDecisionChangeHeader, to_string(change.what));
  message.headers.emplace_back(kDecisionIdHeader, change.decision.id);
  retain(std::move(message));
}

/// As the broker counts it, or a little more.
size_t ScoreWork::size_of(const RetainedMessage& message) {
  constexpr size_t kBatchBytes = 61;
  constexpr size_t kRecordBytes = 21;
  constexpr size_t kHeaderBytes = 10;
  size_t bytes = kBatchBytes + kRecordBytes + message.key.size() + message.value.size();
  for (const auto& [name, value] : message.headers)
    bytes += kHeaderBytes + name.size() + value.size();
  return bytes;
}

/// The block's observations count as if they had never been, here and in each repetition that knows of the quarantine.
Status ScoreWork::quarantine(const InputRecord& record, const std::string& detail, OutputTransaction& output,
                             Patience& patience) {
  if (damaged_.contains(record.partition)) return {};
  PartitionState& state = state_of(record.partition);
  const Turn turn = take_turn(state, record);
  if (turn == Turn::kRepeated) end_turn(state);
  if (turn != Turn::kNew) return {};
  retain_dead_letter(record, kQuarantinedReason, detail);
  kafka_counters_.quarantined.add();
  return produce_retained(output, patience);
}

void ScoreWork::retain_dead_letter(const InputRecord& record, std::string_view reason, const std::string& detail) {
  const DeadLetter letter(record, options_.observations_topic, "score", reason, detail);
  const OutputMessage message = letter.message(options_.dead_letter_topic);
  RetainedMessage kept{options_.dead_letter_topic, std::string(message.key), std::string(message.value), {}, 0};
  for (const OutputHeader& header : message.headers)
    kept.headers.emplace_back(header.name, header.value);
  retain(std::move(kept));
  kafka_counters_.dead_letters.add();
  log_(LogLevel::kError, "kafka: block at offset " + std::to_string(record.offset) + " of " +
                             options_.observations_topic + "/" + std::to_string(record.partition) +
                             " cannot be read: " + detail);
}

void ScoreWork::retain(RetainedMessage message) {
  retained_bytes_ += message.key.size() + message.value.size() + sizeof(RetainedMessage);
  retained_.push_back(std::move(message));
}

Status ScoreWork::produce_retained(OutputTransaction& output, Patience& patience) {
  std::vector<OutputHeader> headers;
  for (; produced_ < retained_.size(); ++produced_) {
    const RetainedMessage& kept = retained_[produced_];
    headers.clear();
    for (const auto& [name, value] : kept.headers)
      headers.push_back({name, value});
    const auto value = kept.is_tombstone ? std::string_view() : std::string_view(kept.value);
    if (Status status =
            output.produce({kept.topic, kept.partition, kept.key, value, headers, kept.append_ms}, patience);
        !status)
      return status;
  }
  return {};
}

Status ScoreWork::reproduce(OutputTransaction& output, Patience& patience) {
  produced_ = 0;
  return produce_retained(output, patience);
}

void ScoreWork::on_committed(bool offsets_too) {
  for (const SavedChunk& saved : saving_) {
    counters_.snapshot_chunks.add();
    for (const auto& state : states_) {
      if (state->partition() == saved.partition) state->chunk_saved(saved.chunk, saved.offset);
    }
  }
  counters_.snapshot_bytes.add(snapshot_bytes_);
  forget_output();
  // Only now do the states stand at the committed offsets.
  if (offsets_too) take_snapshots();
}

void ScoreWork::forget_output() {
  retained_.clear();
  saving_.clear();
  produced_ = retained_bytes_ = snapshot_bytes_ = 0;
}

bool ScoreWork::has_output() {
  if (retained_.empty()) take_snapshots();
  return !retained_.empty();
}

// --- questions

void ScoreWork::answer_questions() {
  desk_.answer_all([this](const ClientQuestion& question) { return answer(question); });
}

ClientAnswer ScoreWork::answer(const ClientQuestion& question) const {
  ClientAnswer answer;
  if (!assigned_.contains(question.partition)) return answer;
  answer.here = ClientAnswer::Here::kRestoring;
  for (const auto& state : states_) {
    if (state->partition() != question.partition || state->restoring()) continue;
    answer.here = ClientAnswer::Here::kYes;
    answer.next_offset = state->next_offset();
    answer.clock = state->scorer().now();
    answer.client = state->scorer().report(question.hash, question.check);
    answer.silences = state->scorer().silences_of(question.hash, question.check);
    answer.decisions = state->scorer().decisions_of(question.hash, question.check);
    answer.alerts = recent_alerts_.of(question.check);
  }
  return answer;
}

// --- counting

void ScoreWork::tick() {
  report_stuck_sources();
  uint64_t clients = 0, bytes = 0, episodes = 0, groups = 0, silences = 0, decisions = 0, waiting = 0,
           waiting_bytes = 0;
  for (const auto& state : states_) {
    count(*state);
    clients += state->counted.clients;
    bytes += state->counted.state_bytes;
    episodes += state->counted.episodes_open;
    groups += state->counted.correlation_groups;
    silences += state->counted.silences;
    decisions += state->counted.decisions.active;
    waiting += state->counted.waiting;
    waiting_bytes += state->counted.waiting_bytes;
  }
  counters_.clients.set(clients);
  counters_.state_bytes.set(bytes);
  counters_.episodes_open.set(episodes);
  counters_.silences.set(silences);
  counters_.correlation_groups.set(groups);
  counters_.decisions_active.set(decisions);
  counters_.waiting.set(waiting);
  counters_.waiting_bytes.set(waiting_bytes);
}

/// Adds what is new in a scorer's statistics to the lane's counters, which outlive it.
void ScoreWork::count(PartitionState& state) {
  if (state.restoring()) return;
  const ScorerStatistics& now = state.scorer().statistics();
  counters_.clients_evicted.add(now.clients_evicted - state.counted.clients_evicted);
  counters_.clients_expired.add(now.clients_expired - state.counted.clients_expired);
  counters_.alerts_silenced.add(now.alerts_silenced - state.counted.alerts_silenced);
  counters_.alerts_suppressed.add(now.alerts_suppressed - state.counted.alerts_suppressed);
  counters_.bursts_late.add(now.bursts_late - state.counted.bursts_late);
  counters_.order_late.add(now.order_late - state.counted.order_late);
  counters_.order_early.add(now.order_early - state.counted.order_early);
  report_early(state.partition(), now.order_early - state.counted.order_early);
  for (size_t i = 0; i < kOutcomes; ++i)
    counters_.outcomes[i].add(now.outcomes[i] - state.counted.outcomes[i]);
  counters_.correlation_events.add(now.correlation_events - state.counted.correlation_events);
  counters_.correlation_late.add(now.correlation_late - state.counted.correlation_late);
  counters_.correlation_groups_evicted.add(now.correlation_evicted - state.counted.correlation_evicted);
  const DecisionCounts& decisions = now.decisions;
  const DecisionCounts& before = state.counted.decisions;
  for (size_t i = 0; i < counters_.decision_changes.size(); ++i)
    counters_.decision_changes[i].add(decisions.changes[i] - before.changes[i]);
  const std::pair<DecisionSkip, uint64_t> skipped[] = {
      {DecisionSkip::kSpared, decisions.spared - before.spared},
      {DecisionSkip::kLate, decisions.late - before.late},
      {DecisionSkip::kBudget, decisions.over_budget - before.over_budget},
      {DecisionSkip::kNoRoom, decisions.no_room - before.no_room}};
  for (const auto& [why, count] : skipped)
    counters_.decisions_skipped[static_cast<size_t>(why)].add(count);
  state.counted = now;
}

}  // namespace weir
