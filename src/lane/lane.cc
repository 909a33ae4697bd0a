#include "lane/lane.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crash_point.h"
#include "lane/pause.h"

namespace weir {
namespace {

constexpr Milliseconds kIdlePoll{100};
constexpr Milliseconds kTick{1'000};
constexpr Milliseconds kBackOffFirst{100};
constexpr Milliseconds kBackOffMax{5'000};
constexpr Milliseconds kRevokeMax{10'000};  // well below the group's rebalance timeout

int64_t now_ms() {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint64_t seconds_since_1970() {
  return static_cast<uint64_t>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
}

/// Output while no transaction could begin: refuses everything, so that a stage that keeps its output can go on working.
class RefusingOutput : public OutputTransaction {
 public:
  Status prepare(Patience&) override { return {}; }
  Status begin(Patience&) override { return {}; }
  Status produce(const OutputMessage&, Patience&) override {
    return fail(ErrorCode::kKafka, "kafka", "no transaction could begin");
  }
  CommitOutcome commit(std::span<const PartitionOffset>, Patience&) override { return CommitOutcome::kAborted; }
  void abort(Patience&) override {}
  [[nodiscard]] bool offsets_failed() const override { return false; }
};

}  // namespace

Lane::Lane(std::string name, RecordSource& source, OutputTransaction& output, StageWork& work, const BatchConfig& batch,
           LogSink log, KafkaCounters& counters)
    : name_(std::move(name)),
      stage_(name_.substr(0, name_.find('-'))),
      source_(source),
      output_(output),
      work_(work),
      batch_(batch),
      log_(std::move(log)),
      counters_(counters),
      heartbeat_ms_(now_ms()) {}

/// Patience that ends at once when the lane is asked to stop.
class Lane::StopOrHeartbeat : public Patience {
 public:
  explicit StopOrHeartbeat(Lane& lane) : lane_(lane) {}
  bool may_wait() override {
    lane_.heartbeat();
    return !lane_.stopping();
  }

 private:
  Lane& lane_;
};

void Lane::run() {
  if (guard_ != nullptr) guard_->attach();
  Status status = prepare();
  while (!stopping() && status)
    status = step();
  finish();
  if (guard_ != nullptr) guard_->detach();
  if (!status) {
    log_(LogLevel::kError, "kafka: lane " + name_ + " ends: " + status.error().to_string());
    const std::lock_guard lock(failure_mutex_);
    failure_ = status;
  }
  finished_.store(true, std::memory_order_release);
}

/// Before the first poll, because only then the group gives this lane partitions: a transaction that an earlier life left
/// open would keep their committed offsets undecided until its timeout.
Status Lane::prepare() {
  thread_.assert_here();
  while (!stopping()) {
    const Status status = output_.prepare(*this);
    if (status) break;
    retrying_.store(true, std::memory_order_relaxed);
    log_(LogLevel::kError, "kafka: lane " + name_ + ": " + status.error().detail);
    back_off();
  }
  back_off_ = Milliseconds(0);
  retrying_.store(false, std::memory_order_relaxed);
  WEIR_CRASH_POINT(stage_, "prepare");
  return {};
}

Status Lane::step() {
  thread_.assert_here();
  heartbeat();
  if (Status status = tick_if_due(); !status) return status;
  work_.answer_questions();
  work_.steer(source_);
  const auto batch = source_.poll(batch_.records_max, std::min(kIdlePoll, until_commit()), batch_.wait_max);
  polled_.store(true, std::memory_order_relaxed);
  keeps_up_ = batch.size() < batch_.records_max;
  if (const Status health = source_.health(); !health) return health;
  if (!batch.empty()) {
    progressed();
    WEIR_CRASH_POINT(stage_, "poll");
  }
  if (!batch.empty() || work_.has_more() || (!has_work() && work_.has_output())) {
    if (Status status = work_on(batch); !status) return status;
  }
  restoring_.store(work_.restoring(source_, *this), std::memory_order_relaxed);
  if (!commit_due()) return {};
  const CommitOutcome outcome = commit();
  if (outcome != CommitOutcome::kAborted) return renew_source_if_stuck(outcome);
  if (Status status = recover(); !status) return status;
  return renew_source_if_stuck(outcome);
}

Status Lane::work_on(std::span<const InputRecord> batch) {
  if (!has_work()) work_since_ = Clock::now();
  Status begun;
  if (state_ == Work::kNone || state_ == Work::kStored) {
    begun = output_.begin(*this);
    become(Work::kOpen);
  }
  WEIR_CRASH_POINT(stage_, "begin");
  RefusingOutput refusing;
  OutputTransaction& output = begun ? output_ : static_cast<OutputTransaction&>(refusing);
  Status status = begun;
  // A stage that keeps its output works through the batch even so: its state and the offsets go on together.
  if (begun || work_.can_reproduce()) status = process(batch, output);
  const bool ours = !status && status.error().code != ErrorCode::kKafka && status.error().code != ErrorCode::kLimit;
  if (ours) return status;
  WEIR_CRASH_POINT(stage_, "process");
  if (!begun) status = begun;
  if (!status) {
    log_(LogLevel::kError, "kafka: lane " + name_ + ": " + status.error().detail);
    if (!work_.can_reproduce()) return recover();
    // The stage holds this batch's output and its state has moved on: the batch is done, its output comes again.
    source_.batch_done();
    return recover();
  }
  source_.batch_done();
  WEIR_CRASH_POINT(stage_, "batch_done");
  return {};
}

Status Lane::process(std::span<const InputRecord> batch, OutputTransaction& output) {
  if (guard_ == nullptr || batch.empty()) return work_.process(batch, source_, output, *this);
  const bool unsuspected = guard_->enter(batch);
  if (!unsuspected) return process_one_by_one(batch, output);
  return process_noted(batch, output);
}

/// The note names these records.
Status Lane::process_noted(std::span<const InputRecord> batch, OutputTransaction& output) {
  for ([[maybe_unused]] const InputRecord& record : batch) {
    WEIR_CRASH_ON_RECORD(stage_, record.payload);
  }
  const Status status = work_.process(batch, source_, output, *this);
  guard_->leave();
  return status;
}

/// So that a crash tells which record it was. Records that are convicted are set aside.
Status Lane::process_one_by_one(std::span<const InputRecord> batch, OutputTransaction& output) {
  guard_->leave();
  Status first_failure;
  for (size_t i = 0; i < batch.size(); ++i) {
    Status status;
    if (const auto verdict = guard_->quarantined(batch[i]); verdict.crashes > 0) {
      const std::string detail = "the process crashed " + std::to_string(verdict.crashes) + " times at it, by signal " +
                                 std::to_string(verdict.signal);
      status = work_.quarantine(batch[i], detail, output, *this);
    } else {
      guard_->enter(batch.subspan(i, 1));
      status = process_noted(batch.subspan(i, 1), output);
    }
    if (status) continue;
    // A stage that keeps its output works through the whole batch even so.
    if (!work_.can_reproduce()) return status;
    if (first_failure) first_failure = status;
  }
  return first_failure;
}

bool Lane::may_follow(Work from, Work to) {
  switch (from) {
    case Work::kNone:
      return to == Work::kOpen || to == Work::kNone;
    case Work::kOpen:
      return true;  // stored, committed, failed, given up; or more of it
    case Work::kStored:
      return true;  // committed, refused again, failed, given up; or more work in a new transaction
    case Work::kToRepeat:
      return to != Work::kStored;  // what failed is not stored before it is produced again
  }
  return false;
}

void Lane::become(Work next) {
  WEIR_ASSERT(may_follow(state_, next), "work goes from open to stored to committed, and back only by a repeat");
  state_ = next;
}

bool Lane::commit_due() const {
  if (!has_work()) return false;
  return work_.retained_bytes() >= kRetainedBytesMax || until_commit() <= Milliseconds(0);
}

/// While records wait, transactions are long, for throughput. A lane that has caught up ends them soon, for latency.
Milliseconds Lane::until_commit() const {
  if (!has_work()) return kIdlePoll;
  auto due = work_since_ + batch_.commit_interval;
  if (keeps_up_ && state_ != Work::kToRepeat && output_.seen_at_commit() && work_.has_awaited_output()) {
    const auto gap = std::max<Clock::duration>(kQuickCommit, commit_took_ * (kQuickCommitShare - 1));
    due = std::min(due, committed_at_ + gap);
  }
  return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(due - Clock::now()));
}

CommitOutcome Lane::commit() {
  if (state_ == Work::kToRepeat) return CommitOutcome::kAborted;
  const auto offsets = source_.uncommitted();
  const auto began = Clock::now();
  const CommitOutcome outcome = output_.commit(offsets, *this);
  committed_at_ = Clock::now();
  commit_took_ = committed_at_ - began;
  if (outcome == CommitOutcome::kCommitted) counters_.committed_at.set(seconds_since_1970());
  if (outcome == CommitOutcome::kCommitted && guard_ != nullptr) guard_->passed(offsets);
  if (outcome == CommitOutcome::kAborted) return outcome;
  // Stored is stored: only offsets that could not be committed stay pending, and go with the next commit.
  become(outcome == CommitOutcome::kNotCommitted ? Work::kStored : Work::kNone);
  WEIR_CRASH_POINT(stage_, "after_commit");
  work_.on_committed(outcome == CommitOutcome::kCommitted);
  work_since_ = Clock::now();
  back_off_ = Milliseconds(0);
  retrying_.store(false, std::memory_order_relaxed);
  return outcome;
}

/// Gives the transaction up and does its work again, after a pause that grows. Returns without having succeeded when the
/// lane is stopping: then nothing is committed.
Status Lane::recover() {
  counters_.output_retries.add();
  {
    const std::lock_guard lock(failure_mutex_);
    retry_reason_ = output_.failure();
  }
  retrying_.store(true, std::memory_order_relaxed);
  become(Work::kToRepeat);
  output_.abort(*this);
  back_off();
  if (!work_.can_reproduce()) {
    become(Work::kNone);
    work_.on_rewound();
    return source_.rewind();
  }
  work_since_ = Clock::now() - batch_.commit_interval;  // due at once
  if (stopping()) return {};
  Status status = output_.begin(*this);
  if (status) status = work_.reproduce(output_, *this);
  if (status)
    become(Work::kOpen);
  else
    log_(LogLevel::kError, "kafka: lane " + name_ + ": " + status.error().detail);
  return {};  // after a failure the commit that is due now leads back here
}

/// What was done since the last commit does not count; the partitions are gone or about to be asked for again.
void Lane::give_up_transaction() {
  if (state_ == Work::kOpen || state_ == Work::kToRepeat) output_.abort(*this);
  become(Work::kNone);
}

/// After a broker's restart a consumer's connection to its group may stay stuck for good while it goes on reading
/// (librdkafka 2.0.2). Only a new consumer helps then.
Status Lane::renew_source_if_stuck(CommitOutcome outcome) {
  const auto now = Clock::now();
  if (outcome == CommitOutcome::kCommitted) {
    offsets_fail_since_ = Clock::time_point::max();
    renew_after_ = kRenewAfter;
    return {};
  }
  if (!output_.offsets_failed() || !source_.connected()) return {};
  offsets_fail_since_ = std::min(offsets_fail_since_, now);
  if (now - offsets_fail_since_ < renew_after_ || stopping()) return {};
  offsets_fail_since_ = Clock::time_point::max();
  renew_after_ = std::min(renew_after_ * 2, kRenewAfterMax);
  log_(LogLevel::kWarning, "kafka: lane " + name_ + ": the group does not take offsets any more; joining it anew");
  return renew_source();
}

/// Everything but output that is stored is worked on again.
Status Lane::renew_source() {
  const auto done = state_ == Work::kStored ? RecordSource::CarryDone::kYes : RecordSource::CarryDone::kNo;
  give_up_transaction();
  work_.on_revoked(false);
  has_assignment_ = false;
  joined_.store(false, std::memory_order_relaxed);
  return source_.renew(done, *this);
}

void Lane::back_off() {
  back_off_ = back_off_.count() == 0 ? kBackOffFirst : std::min(kBackOffMax, back_off_ * 2);
  // Ends early on a stop, which is when there is something better to do.
  StopOrHeartbeat patience(*this);
  pause(back_off_, patience);
}

void Lane::finish() {
  if (has_work() && commit() == CommitOutcome::kAborted) {
    log_(LogLevel::kWarning,
         "kafka: lane " + name_ + " stops without committing its last records; they will be read again");
    give_up_transaction();
  }
  source_.close(*this);
}

// --- rebalances, inside poll() and close()

Status Lane::on_assigned(std::span<AssignedPartition> partitions) {
  thread_.assert_here();
  log_(LogLevel::kInfo, "kafka: lane " + name_ + " has " + std::to_string(partitions.size()) + " partitions");
  restoring_.store(true, std::memory_order_relaxed);
  const Status status = work_.on_assigned(partitions, *this);
  has_assignment_ = true;
  progressed();
  joined_.store(true, std::memory_order_relaxed);
  WEIR_CRASH_POINT(stage_, "assign");
  return status;
}

void Lane::on_revoked(bool lost) {
  WEIR_CRASH_POINT(stage_, "revoke");
  thread_.assert_here();
  bool committed = !has_work();
  if (has_work()) {
    wait_until_ = Clock::now() + kRevokeMax;
    if (!lost) committed = commit() == CommitOutcome::kCommitted;
    give_up_transaction();
    wait_until_ = Clock::time_point::max();
  }
  has_assignment_ = false;
  watch_.excused(Clock::now());
  work_.on_revoked(committed);
}

// --- liveness

bool Lane::may_wait() {
  heartbeat();
  if (Clock::now() >= wait_until_) return false;
  const int64_t stop_at = stop_at_ms_.load(std::memory_order_acquire);
  return stop_at == 0 || now_ms() < stop_at + kShutdownMax.count();
}

void Lane::heartbeat() {
  heartbeat_ms_.store(now_ms(), std::memory_order_relaxed);
}

Milliseconds Lane::heartbeat_age() const {
  if (const int64_t stalled_at = stalled_at_ms_.load(std::memory_order_relaxed); stalled_at != 0)
    return Milliseconds(now_ms() - stalled_at);
  return Milliseconds(now_ms() - heartbeat_ms_.load(std::memory_order_relaxed));
}

Status Lane::tick_if_due() {
  const auto now = Clock::now();
  if (now < next_tick_) return {};
  next_tick_ = now + kTick;
  source_.tick();
  work_.tick();
  return supervise();
}

// --- supervision

/// A client library can lose its place without a word: no error, no partitions, no records. What there is to do then is the same
/// whatever the cause: a new client.
Status Lane::supervise() {
  if (stopping() || !watch_.is_quiet(Clock::now())) return {};
  std::string what = "has no partitions and hears nothing of its group";
  if (!source_.connected()) {
    watch_.excused(Clock::now());  // readiness says so
    return {};
  }
  if (has_assignment_) {
    what = "has unread records and gets none of them";
    const auto unread = source_.unread();
    if (unread == RecordSource::Unread::kNone) progressed();
    if (unread == RecordSource::Unread::kNotKnown) watch_.excused(Clock::now());
    if (unread != RecordSource::Unread::kSome) return {};
  }
  if (!watch_.has_stalled(Clock::now())) return {};
  int64_t expected = 0;
  stalled_at_ms_.compare_exchange_strong(expected, now_ms(), std::memory_order_relaxed);
  counters_.stalls.add();
  log_(LogLevel::kError, "kafka: lane " + name_ + " " + what + " for " +
                             std::to_string(ProgressWatch::kStallAfter.count() / 1'000) +
                             " s or longer; its client is made anew");
  return renew_source();
}

void Lane::progressed() {
  watch_.progressed(Clock::now());
  stalled_at_ms_.store(0, std::memory_order_relaxed);
}

void Lane::request_stop() {
  int64_t expected = 0;
  stop_at_ms_.compare_exchange_strong(expected, now_ms(), std::memory_order_acq_rel);
}

bool Lane::ready() const {
  return joined_.load(std::memory_order_relaxed) && polled_.load(std::memory_order_relaxed) && !retrying() &&
         !restoring() && !finished();
}

std::string Lane::retry_reason() const {
  const std::lock_guard lock(failure_mutex_);
  return retry_reason_;
}

Status Lane::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

}  // namespace weir
