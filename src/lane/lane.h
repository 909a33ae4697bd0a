#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "lane/crash_journal.h"
#include "lane/log_sink.h"
#include "lane/output.h"
#include "lane/patience.h"
#include "lane/record_source.h"
#include "lane/supervise/progress_watch.h"
#include "lane/supervise/thread_check.h"
#include "pipeline/lane_counters.h"

namespace weir {

/// What a stage does inside a lane: the part that differs between detect and score. Called on the lane's thread.
class StageWork {
 public:
  StageWork() = default;
  StageWork(const StageWork&) = delete;
  StageWork& operator=(const StageWork&) = delete;
  virtual ~StageWork() = default;

  /// Works on one batch and produces its results. A kKafka or kLimit error gives the transaction up; any other stops the lane.
  /// A stage that can reproduce its output works through the whole batch even then.
  /// It may hold records back in `source`: they belong to later batches then. The batch is empty when has_more() or has_output() asked for a turn.
  virtual Status process(std::span<const InputRecord> batch, RecordSource& source, OutputTransaction& output,
                         Patience& patience) = 0;
  /// Instead of process(): the record goes to the dead-letter topic unread, with the reason `quarantined` and this detail.
  virtual Status quarantine(const InputRecord& record, const std::string& detail, OutputTransaction& output,
                            Patience& patience) = 0;
  /// The output since the last commit is stored; and the offsets with it are committed if `offsets_too`.
  virtual void on_committed(bool offsets_too) = 0;
  /// The output of the work since the last commit was not stored. True: this stage keeps that output and reproduce() will
  /// produce it again. False: the lane goes back to the committed offsets and the records are worked on again.
  virtual bool can_reproduce() = 0;
  virtual Status reproduce(OutputTransaction& output, Patience& patience) = 0;
  /// Bytes of output since the last commit that the stage holds; a commit is due early when they grow large.
  [[nodiscard]] virtual size_t retained_bytes() const = 0;

  /// Someone waits for output of the work since the last commit: a score lane's alerts, a detect lane's observations.
  [[nodiscard]] virtual bool has_awaited_output() const = 0;
  /// Output that belongs into a transaction even when no record comes. Asked when nothing is uncommitted.
  virtual bool has_output() { return false; }
  /// Between two batches: answers what other threads ask.
  virtual void answer_questions() {}
  /// Before each poll: may let partitions go that process() held back.
  virtual void steer(RecordSource&) {}
  /// Output that is due even when no record comes. Asked before each batch.
  virtual bool has_more() { return false; }
  /// The lane goes back to the committed offsets.
  virtual void on_rewound() {}
  /// The state behind the assigned partitions is not complete yet: it is being read again from `source`. Asked after
  /// each batch.
  virtual bool restoring(RecordSource& source, Patience& patience) = 0;

  /// May lower the start of partitions whose state must be restored. Blocks as long as `patience` lasts. An error ends the
  /// lane.
  virtual Status on_assigned(std::span<AssignedPartition> partitions, Patience& patience) = 0;
  /// Every partition is gone; what was done since the last commit does not count if `committed` is false.
  virtual void on_revoked(bool committed) = 0;
  /// About once a second: publish gauges.
  virtual void tick() = 0;
};

/// The loop of one lane: poll a batch, work on it, commit at an interval; back off and repeat when output fails; commit and
/// give back on a rebalance; finish, commit and leave on a stop. Runs on one thread; the `///` accessors may be called from any.
class Lane : private RebalanceListener, private Patience {
 public:
  static constexpr Milliseconds kShutdownMax{8'000};  ///< from a stop request until the lane gives up waiting for Kafka
  static constexpr size_t kRetainedBytesMax = 8 << 20;
  /// A lane that keeps up and whose readers wait for the end of its transaction commits at most so often, and spends no more than a
  /// third of its time with it.
  static constexpr Milliseconds kQuickCommit{50};
  static constexpr int kQuickCommitShare = 3;
  static constexpr Milliseconds kRenewAfter{20'000};  ///< of offsets that are refused; doubled at each time in vain
  static constexpr Milliseconds kRenewAfterMax{300'000};

  /// The parts must outlive the lane.
  Lane(std::string name, RecordSource& source, OutputTransaction& output, StageWork& work, const BatchConfig& batch,
       LogSink log, KafkaCounters& counters);

  /// Before run(): where the lane notes what it works on. Must outlive run(); null: nowhere.
  void set_guard(CrashJournal::Guard* guard) { guard_ = guard; }

  /// Before run(): other times of supervision, for tests.
  void supervise_with(const ProgressWatch::Times& times) { watch_ = ProgressWatch(Clock::now(), times); }

  /// The parts of run(), for a simulation that calls them itself: prepare once, then one turn of the loop after the other.
  Status prepare();
  Status step();

  /// Ends after request_stop() or on an error that the lane cannot survive (see failure()).
  void run();

  /// What waits on the lane's thread asks: subscribe with these.
  RebalanceListener& listener() { return *this; }
  Patience& patience() { return *this; }

  /// Makes run() finish its batch, commit and leave the group. Does not block; safe to call again.
  void request_stop();
  /// Has partitions assigned (perhaps none) with their state, has polled, and is not repeating failed output.
  [[nodiscard]] bool ready() const;
  /// The lane's output fails and is being repeated.
  [[nodiscard]] bool retrying() const { return retrying_.load(std::memory_order_relaxed); }
  /// Why, for a person; empty when it is not known.
  [[nodiscard]] std::string retry_reason() const;
  /// The state of its partitions is being restored.
  [[nodiscard]] bool restoring() const { return restoring_.load(std::memory_order_relaxed); }
  /// Since the lane last showed that it is alive; of a lane that has stalled although there is work: since that was found.
  [[nodiscard]] Milliseconds heartbeat_age() const;
  /// There is work, and the lane gets on with nothing (ProgressWatch).
  [[nodiscard]] bool stalled() const { return stalled_at_ms_.load(std::memory_order_relaxed) != 0; }
  [[nodiscard]] bool finished() const { return finished_.load(std::memory_order_acquire); }
  /// Why run() ended by itself; ok while it runs and after a requested stop.
  [[nodiscard]] Status failure() const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  using Clock = std::chrono::steady_clock;
  class StopOrHeartbeat;

  Status on_assigned(std::span<AssignedPartition> partitions) override;
  void on_revoked(bool lost) override;
  bool may_wait() override;

  Status work_on(std::span<const InputRecord> batch);
  Status process(std::span<const InputRecord> batch, OutputTransaction& output);
  Status process_one_by_one(std::span<const InputRecord> batch, OutputTransaction& output);
  Status process_noted(std::span<const InputRecord> batch, OutputTransaction& output);
  bool commit_due() const;
  [[nodiscard]] Milliseconds until_commit() const;
  CommitOutcome commit();
  Status recover();
  void give_up_transaction();
  Status renew_source_if_stuck(CommitOutcome outcome);
  Status renew_source();
  Status supervise();
  void progressed();
  void back_off();
  void finish();
  void heartbeat();
  Status tick_if_due();
  [[nodiscard]] bool has_work() const { return state_ != Work::kNone; }
  [[nodiscard]] bool stopping() const { return stop_at_ms_.load(std::memory_order_acquire) != 0; }

  const std::string name_;
  const std::string stage_;  // for crash points
  RecordSource& source_;
  OutputTransaction& output_;
  StageWork& work_;
  const BatchConfig batch_;
  const LogSink log_;
  KafkaCounters& counters_;
  CrashJournal::Guard* guard_ = nullptr;
  ThreadCheck thread_;

  /// What has become of the work since the last commit.
  enum class Work : uint8_t {
    kNone,      // there is none
    kOpen,      // it is done, its output is in the open transaction
    kStored,    // its output is stored, its offsets are not committed yet
    kToRepeat,  // its output has failed and was not produced again yet: its offsets must not be committed
  };
  [[nodiscard]] static bool may_follow(Work from, Work to);
  void become(Work next);

  Work state_ = Work::kNone;
  Clock::time_point work_since_{};    // start of that work
  Clock::time_point committed_at_{};  // end of the last commit
  Clock::duration commit_took_{};
  bool keeps_up_ = false;  // the last batch was not full
  Clock::time_point next_tick_{};
  Clock::time_point wait_until_ = Clock::time_point::max();  // bound of the waits inside a revocation
  Milliseconds back_off_{0};
  Clock::time_point offsets_fail_since_ = Clock::time_point::max();
  Milliseconds renew_after_ = kRenewAfter;
  ProgressWatch watch_{Clock::now()};
  bool has_assignment_ = false;  // perhaps of no partition

  std::atomic<int64_t> heartbeat_ms_;
  std::atomic<int64_t> stop_at_ms_{0};     // 0: not stopping
  std::atomic<int64_t> stalled_at_ms_{0};  // 0: not stalled
  std::atomic<bool> joined_{false}, polled_{false}, retrying_{false}, restoring_{false}, finished_{false};
  mutable std::mutex failure_mutex_;
  Status failure_;
  std::string retry_reason_;
};

}  // namespace weir
