#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lane/lane.h"
#include "lane/output.h"
#include "lane/record_source.h"

// Fakes of the lane's edges, for tests without any broker.
namespace weir::test {

inline bool wait_for(const std::function<bool()>& condition, Milliseconds timeout = Milliseconds(60'000)) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(Milliseconds(10));
  }
  return condition();
}

/// Collects what is logged.
class LogLines {
 public:
  [[nodiscard]] LogSink sink() {
    return [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      text_.append(line).append("\n");
    };
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

class Unlimited : public Patience {
 public:
  bool may_wait() override { return true; }
};

/// One topic with partitions in memory and the offsets of one group.
class FakeSource : public RecordSource {
 public:
  std::map<int32_t, std::vector<std::string>> log;  // partition -> payloads, offset = index
  std::map<int32_t, int64_t> committed;
  std::map<std::string, std::string> headers;  // the same for every record
  Milliseconds append_gap{0};                  // between the records of a partition, by the broker's clock
  int rewinds = 0, renewals = 0;
  Status commit_result;
  /// Runs once at the start of the next poll: rebalances and stop requests of a test.
  std::deque<std::function<void()>> before_poll;

  std::span<const InputRecord> poll(uint32_t records_max, Milliseconds, Milliseconds) override {
    if (!before_poll.empty()) {
      const auto action = before_poll.front();
      before_poll.pop_front();
      action();
    }
    batch_.clear();
    for (const auto& [partition, payloads] : log) {
      if (held_.contains(partition)) continue;
      int64_t& next = next_[partition];
      const auto bound = until_.find(partition);
      const auto size = static_cast<int64_t>(payloads.size());
      const int64_t until = bound == until_.end() || bound->second < 0 ? size : std::min(size, bound->second);
      for (; next < until && batch_.size() < records_max; ++next) {
        const EventTime appended(Milliseconds(1'000) + next * append_gap);
        batch_.push_back({0, partition, next, appended, {}, payloads[static_cast<size_t>(next)], nullptr});
      }
    }
    return batch_;
  }
  std::string_view header(const InputRecord&, const char* name) const override {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
  void batch_done() override { done_ = next_; }
  std::span<const PartitionOffset> uncommitted() override {
    uncommitted_.clear();
    for (const auto& [partition, next] : done_) {
      if (!committed.contains(partition) || committed[partition] != next) uncommitted_.push_back({0, partition, next});
    }
    return uncommitted_;
  }
  Status commit(std::span<const PartitionOffset> offsets, Patience&) override {
    if (commit_result) mark_committed(offsets);
    return commit_result;
  }
  void mark_committed(std::span<const PartitionOffset> offsets) override {
    for (const PartitionOffset& offset : offsets)
      committed[offset.partition] = offset.offset;
  }
  Status rewind() override {
    ++rewinds;
    held_.clear();
    until_.clear();
    for (auto& [partition, next] : next_)
      next = committed.contains(partition) ? committed[partition] : 0;
    done_ = next_;
    return {};
  }
  Result<std::vector<PartitionOffset>> read_committed(std::span<const PartitionOffset> partitions, Patience&) override {
    std::vector<PartitionOffset> found(partitions.begin(), partitions.end());
    for (PartitionOffset& offset : found) {
      const auto known = committed.find(offset.partition);
      offset.offset = known == committed.end() ? PartitionOffset::kUnknown : known->second;
    }
    return found;
  }
  bool exhausted(int32_t partition, int64_t until) const override {
    const auto known = log.find(partition);
    return known == log.end() || static_cast<int64_t>(known->second.size()) <= until;
  }
  bool connected() override { return true; }
  Unread unread() override { return unread_records; }
  Unread unread_records = Unread::kNone;
  void hold_back(const PartitionOffset& from) override {
    next_[from.partition] = from.offset;
    held_.insert(from.partition);
  }
  void let_go(uint16_t, int32_t partition, int64_t until) override {
    held_.erase(partition);
    until_[partition] = until;
  }
  bool at_end(uint16_t, int32_t partition) const override {
    const auto next = next_.find(partition);
    return !doubts_ends && !held_.contains(partition) && next != next_.end() && log.contains(partition) &&
           next->second >= static_cast<int64_t>(log.at(partition).size());
  }
  bool ends_doubted() const override { return doubts_ends; }
  bool doubts_ends = false;
  int64_t read_to(uint16_t, int32_t partition) const override {
    const auto next = next_.find(partition);
    return next == next_.end() ? 0 : next->second;
  }
  bool ask_ends(std::span<const PartitionOffset> partitions) override {
    ++end_questions;
    answer_.emplace(partitions.begin(), partitions.end());
    for (PartitionOffset& end : *answer_)
      end.offset = end_of ? end_of(end.partition) : static_cast<int64_t>(log[end.partition].size());
    return true;
  }
  std::optional<std::vector<PartitionOffset>> take_ends() override { return std::exchange(answer_, std::nullopt); }
  std::function<int64_t(int32_t)> end_of;  // as the brokers have it; unset: as in `log`
  int end_questions = 0;
  Status seek(const PartitionOffset& target) override {
    next_[target.partition] = done_[target.partition] = target.offset;
    return {};
  }
  Status renew(CarryDone, Patience&) override {
    ++renewals;
    return {};
  }
  void tick() override {}
  Status health() const override { return {}; }
  void close(Patience&) override {}

 private:
  std::map<int32_t, int64_t> next_, done_;
  std::set<int32_t> held_;
  std::map<int32_t, int64_t> until_;  // of those that were let go
  std::vector<InputRecord> batch_;
  std::vector<PartitionOffset> uncommitted_;
  std::optional<std::vector<PartitionOffset>> answer_;
};

/// Keeps what is committed; fails as often as told.
class FakeOutput : public OutputTransaction {
 public:
  struct Message {
    std::string topic;
    int32_t partition;
    std::string key, value;
    std::map<std::string, std::string> headers;
    int64_t append_ms;
    bool is_tombstone = false;
  };
  std::vector<Message> stored;   // of committed transactions
  int commit_failures_left = 0;  // kAborted
  int produce_failures_left = 0;
  int begin_failures_left = 0;
  int aborts = 0;
  std::atomic<int> commits{0};  // may be read while the lane runs
  RecordSource* source = nullptr;

  Status prepare(Patience&) override { return {}; }
  Status begin(Patience&) override {
    open_.clear();
    if (begin_failures_left > 0) {
      --begin_failures_left;
      return fail(ErrorCode::kKafka, "test", "no transaction can begin");
    }
    return {};
  }
  bool seen_at_commit() const override { return transactional; }
  bool transactional = false;
  bool offsets_failed() const override { return false; }
  Status produce(const OutputMessage& message, Patience&) override {
    if (produce_failures_left > 0) {
      --produce_failures_left;
      return fail(ErrorCode::kKafka, "test", "the output does not take this");
    }
    Message kept{std::string(message.topic),
                 message.partition,
                 std::string(message.key),
                 std::string(message.value),
                 {},
                 message.append_ms,
                 message.value.data() == nullptr};
    for (const OutputHeader& header : message.headers)
      kept.headers[std::string(header.name)] = std::string(header.value);
    open_.push_back(std::move(kept));
    return {};
  }
  CommitOutcome commit(std::span<const PartitionOffset> offsets, Patience& patience) override {
    if (commit_failures_left > 0) {
      --commit_failures_left;
      return CommitOutcome::kAborted;
    }
    stored.insert(stored.end(), open_.begin(), open_.end());
    if (!open_.empty()) ++commits;
    open_.clear();
    if (source != nullptr && !source->commit(offsets, patience)) return CommitOutcome::kNotCommitted;
    return CommitOutcome::kCommitted;
  }
  void abort(Patience&) override {
    ++aborts;
    open_.clear();
  }

 private:
  std::vector<Message> open_;
};

}  // namespace weir::test
