#include "kafka/lane.h"

#include <algorithm>
#include <thread>

namespace weir {
namespace {

constexpr Milliseconds kIdlePoll{100};
constexpr Milliseconds kTick{1'000};
constexpr Milliseconds kBackOffFirst{100};
constexpr Milliseconds kBackOffMax{5'000};
constexpr Milliseconds kRevokeMax{10'000};  // well below the group's rebalance timeout
constexpr Milliseconds kSleepSlice{50};

int64_t now_ms() {
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Lane::Lane(std::string name, RecordSource& source, OutputTransaction& output, StageWork& work, const BatchConfig& batch,
           LogSink log, KafkaCounters& counters)
    : name_(std::move(name)),
      source_(source),
      output_(output),
      work_(work),
      batch_(batch),
      log_(std::move(log)),
      counters_(counters),
      heartbeat_ms_(now_ms()) {}

void Lane::run() {
  Status status;
  while (!stopping() && status)
    status = step();
  finish();
  if (!status) {
    log_(LogLevel::kError, "kafka: lane " + name_ + " ends: " + status.error().to_string());
    const std::lock_guard lock(failure_mutex_);
    failure_ = status;
  }
  finished_.store(true, std::memory_order_release);
}

/// One turn of the loop.
Status Lane::step() {
  heartbeat();
  tick_if_due();
  const auto idle = offsets_pending_ ? std::min(kIdlePoll, batch_.commit_interval) : kIdlePoll;
  const auto batch = source_.poll(batch_.records_max, idle, batch_.wait_max);
  polled_.store(true, std::memory_order_relaxed);
  if (const Status health = source_.health(); !health) return health;
  if (!batch.empty()) {
    if (Status status = work_on(batch); !status) return status;
  }
  if (commit_due() && commit() == CommitOutcome::kAborted) return recover();
  return {};
}

Status Lane::work_on(std::span<const InputRecord> batch) {
  if (!offsets_pending_) work_since_ = Clock::now();
  Status status;
  if (!open_) status = output_.begin();
  open_ = true;
  offsets_pending_ = true;
  if (status) status = work_.process(batch, source_, output_, *this);
  const bool ours = !status && status.error().code != ErrorCode::kKafka && status.error().code != ErrorCode::kLimit;
  if (ours) return status;
  if (!status) {
    log_(LogLevel::kError, "kafka: lane " + name_ + ": " + status.error().detail);
    if (!work_.can_reproduce()) return recover();
    // The stage holds this batch's output and its state has moved on: the batch is done, its output comes again.
    source_.batch_done();
    return recover();
  }
  source_.batch_done();
  return {};
}

bool Lane::commit_due() const {
  if (!offsets_pending_) return false;
  return work_.retained_bytes() >= kRetainedBytesMax || Clock::now() - work_since_ >= batch_.commit_interval;
}

CommitOutcome Lane::commit() {
  if (must_repeat_) return CommitOutcome::kAborted;
  const CommitOutcome outcome = output_.commit(source_.uncommitted(), *this);
  if (outcome == CommitOutcome::kAborted) return outcome;
  // Stored is stored: only offsets that could not be committed stay pending, and go with the next commit.
  open_ = false;
  work_.on_committed();
  offsets_pending_ = outcome == CommitOutcome::kNotCommitted;
  work_since_ = Clock::now();
  back_off_ = Milliseconds(0);
  retrying_.store(false, std::memory_order_relaxed);
  return outcome;
}

/// Gives the transaction up and does its work again, after a pause that grows. Returns without having succeeded when the
/// lane is stopping: then nothing is committed.
Status Lane::recover() {
  counters_.output_retries.add();
  retrying_.store(true, std::memory_order_relaxed);
  must_repeat_ = true;  // from here on these offsets must not be committed without their output
  output_.abort(*this);
  open_ = false;
  back_off();
  if (!work_.can_reproduce()) {
    must_repeat_ = offsets_pending_ = false;
    return source_.rewind();
  }
  work_since_ = Clock::now() - batch_.commit_interval;  // due at once
  if (stopping()) return {};
  Status status = output_.begin();
  open_ = true;
  if (status) status = work_.reproduce(output_, *this);
  if (status)
    must_repeat_ = false;
  else
    log_(LogLevel::kError, "kafka: lane " + name_ + ": " + status.error().detail);
  return {};  // after a failure the commit that is due now leads back here
}

void Lane::back_off() {
  back_off_ = back_off_.count() == 0 ? kBackOffFirst : std::min(kBackOffMax, back_off_ * 2);
  const auto until = Clock::now() + back_off_;
  while (Clock::now() < until && !stopping()) {
    heartbeat();
    std::this_thread::sleep_for(kSleepSlice);
  }
}

void Lane::finish() {
  if (offsets_pending_ && commit() == CommitOutcome::kAborted) {
    log_(LogLevel::kWarning,
         "kafka: lane " + name_ + " stops without committing its last records; they will be read again");
    offsets_pending_ = false;
  }
  source_.close(*this);
}

// --- rebalances, inside poll() and close()

void Lane::on_assigned(std::span<const PartitionOffset> partitions) {
  log_(LogLevel::kInfo, "kafka: lane " + name_ + " has " + std::to_string(partitions.size()) + " partitions");
  work_.on_assigned(partitions);
  joined_.store(true, std::memory_order_relaxed);
}

void Lane::on_revoked(bool lost) {
  bool committed = !offsets_pending_;
  if (offsets_pending_) {
    wait_until_ = Clock::now() + kRevokeMax;
    if (!lost) committed = commit() == CommitOutcome::kCommitted;
    if (open_) output_.abort(*this);
    wait_until_ = Clock::time_point::max();
  }
  open_ = offsets_pending_ = must_repeat_ = false;
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
  return Milliseconds(now_ms() - heartbeat_ms_.load(std::memory_order_relaxed));
}

void Lane::tick_if_due() {
  const auto now = Clock::now();
  if (now < next_tick_) return;
  next_tick_ = now + kTick;
  source_.tick();
  work_.tick();
}

void Lane::request_stop() {
  int64_t expected = 0;
  stop_at_ms_.compare_exchange_strong(expected, now_ms(), std::memory_order_acq_rel);
}

bool Lane::ready() const {
  return joined_.load(std::memory_order_relaxed) && polled_.load(std::memory_order_relaxed) && !retrying() &&
         !finished();
}

Status Lane::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

}  // namespace weir
