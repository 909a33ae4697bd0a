#include "lane/exactly_once.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/crash_point.h"
#include "lane/dead_letter.h"
#include "lane/pause.h"

namespace weir {
namespace {

constexpr Milliseconds kSettlePause{500};

}  // namespace

ExactlyOnceOutput::ExactlyOnceOutput(ClientFactory make_client, RecordSource& source, std::string dead_letter_topic,
                                     LogSink log, KafkaCounters& counters, std::string stage)
    : make_client_(std::move(make_client)),
      source_(source),
      dead_letter_topic_(std::move(dead_letter_topic)),
      log_(std::move(log)),
      counters_(counters),
      stage_(std::move(stage)) {}

/// A producer that may begin transactions: everything an earlier one with its id had open is ended when this returns ok.
Status ExactlyOnceOutput::prepare(Patience& patience) {
  if (client_ != nullptr) return {};
  auto made = make_client_();
  if (!made) return tl::unexpected(made.error());
  const TransactionResult ready = (*made)->init(patience);
  if (!ready.done()) return fail(ErrorCode::kKafka, "kafka", "cannot start transactions: " + ready.reason);
  client_ = std::move(*made);
  return {};
}

Status ExactlyOnceOutput::begin(Patience& patience) {
  open_ = must_abort_ = false;
  if (Status status = prepare(patience); !status) return status;
  const TransactionResult begun = client_->begin();
  if (!begun.done()) {
    failed({TransactionStep::kRenew, begun.reason}, "cannot begin a transaction");
    return fail(ErrorCode::kKafka, "kafka", "cannot begin a transaction: " + begun.reason);
  }
  open_ = true;
  return {};
}

Status ExactlyOnceOutput::produce(const OutputMessage& message, Patience& patience) {
  if (!open_) return fail(ErrorCode::kKafka, "kafka", "the transaction has failed");
  const bool too_large = message.topic == dead_letter_topic_ && message.value.size() > dead_letter_bytes_max_;
  Status status = too_large ? produce_without_payload(message, patience) : client_->produce(message, patience);
  if (!status) {
    open_ = false;
    must_abort_ = true;
  }
  WEIR_CRASH_POINT(stage_, "produce");
  return status;
}

Status ExactlyOnceOutput::produce_without_payload(const OutputMessage& letter, Patience& patience) {
  std::vector<OutputHeader> headers(letter.headers.begin(), letter.headers.end());
  const std::string size = std::to_string(letter.value.size());
  headers.push_back({kPayloadTruncatedHeader, size});
  OutputMessage shortened = letter;
  shortened.value = {};
  shortened.headers = headers;
  counters_.dead_letters_truncated.add();
  return client_->produce(shortened, patience);
}

/// True when the step failed; then the transaction is not open any more.
bool ExactlyOnceOutput::failed(const TransactionResult& result, std::string_view what) {
  if (result.done()) return false;
  open_ = false;
  must_abort_ = result.step == TransactionStep::kAbort;
  failure_ = std::string(what) + ": " + result.reason;
  log_(LogLevel::kWarning, "kafka: " + failure_);
  if (!must_abort_ && client_ != nullptr) {
    client_.reset();
    counters_.producer_renewals.add();
  }
  return true;
}

CommitOutcome ExactlyOnceOutput::commit(std::span<const PartitionOffset> offsets, Patience& patience) {
  offsets_failed_ = false;
  if (!open_) return CommitOutcome::kAborted;
  const TransactionResult stored = client_->flush(patience);
  note_refused_dead_letters();
  if (failed(stored, "output was not stored")) return CommitOutcome::kAborted;
  WEIR_CRASH_POINT(stage_, "flush");
  if (!offsets.empty()) {
    offsets_failed_ = failed(client_->send_offsets(offsets, patience), "the transaction does not take the offsets");
    // Not committed, whatever became of the request: the commit was not asked for.
    if (offsets_failed_) return CommitOutcome::kAborted;
    WEIR_CRASH_POINT(stage_, "send_offsets");
  }
  WEIR_CRASH_POINT(stage_, "before_commit");
  const TransactionResult result = client_->commit(patience);
  if (result.done()) {
    committed(offsets);
    return CommitOutcome::kCommitted;
  }
  // Asked for and not confirmed: even an error may come from a repeat of a request that had worked.
  failed({TransactionStep::kUnknown, result.reason}, "a commit without an answer");
  return settle(offsets, patience);
}

void ExactlyOnceOutput::committed(std::span<const PartitionOffset> offsets) {
  open_ = must_abort_ = false;
  counters_.commits.add();
  counters_.transactions_committed.add();
  source_.mark_committed(offsets);
}

/// Finds out what became of a commit. As long as the lane may own its partitions it must not go on without knowing: work
/// that was committed would be done again. When `patience` ends, the lane stops or gives them up.
CommitOutcome ExactlyOnceOutput::settle(std::span<const PartitionOffset> offsets, Patience& patience) {
  bool said = false;
  while (patience.may_wait()) {
    const Status ended = prepare(patience);
    if (ended && offsets.empty()) return CommitOutcome::kAborted;  // only snapshots: again is as good as once
    if (ended) {
      if (const auto found = source_.read_committed(offsets, patience)) {
        const bool ours = std::equal(found->begin(), found->end(), offsets.begin(), offsets.end(),
                                     [](const auto& a, const auto& b) { return a.offset == b.offset; });
        log_(LogLevel::kInfo, std::string("kafka: the commit without an answer has ") +
                                  (ours ? "succeeded" : "not happened; its work is done again"));
        if (!ours) return CommitOutcome::kAborted;
        committed(offsets);
        return CommitOutcome::kCommitted;
      }
    }
    pause(kSettlePause, patience);
    if (!ended && !std::exchange(said, true)) log_(LogLevel::kError, "kafka: " + ended.error().detail);
  }
  return CommitOutcome::kAborted;
}

void ExactlyOnceOutput::abort(Patience& patience) {
  counters_.transactions_aborted.add();
  const bool needed = open_ || must_abort_;
  open_ = must_abort_ = false;
  if (client_ == nullptr || !needed) return;
  const TransactionResult result = client_->abort(patience);
  if (result.done()) return;
  // A new producer with the same id aborts it.
  failed({TransactionStep::kRenew, result.reason}, "cannot abort a transaction");
}

/// A dead letter that the broker finds too large would fail each transaction: from now on such ones go without payload.
void ExactlyOnceOutput::note_refused_dead_letters() {
  const size_t refused = client_->take_refused_bytes(dead_letter_topic_);
  if (refused == 0) return;
  dead_letter_bytes_max_ = std::min(dead_letter_bytes_max_, refused - 1);
  log_(LogLevel::kWarning, "kafka: dead letters from " + std::to_string(refused) +
                               " bytes on go without their payload: the broker refuses them");
}

}  // namespace weir
