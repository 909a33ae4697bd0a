#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kafka/client_options.h"
#include "kafka/topic_reader.h"

namespace weir {

/// The next record of a partition that is to be read: what a group keeps.
struct TopicPosition {
  int32_t partition = 0;
  int64_t offset = 0;
};

/// A member of a consumer group that reads one topic and says itself what is done with: for tools that pass records on. Unlike a
/// lane's consumer it gives one record at a time, and takes any time over it as long as next() is called every few minutes.
/// One thread, rebalances included: they happen within next().
class Subscription {
 public:
  /// Where a group that has no offsets of the topic begins. A partition that the topic gets later is read from its beginning.
  enum class Start : uint8_t { kNewest, kOldest };

  /// Joins the group. The topic must exist. Blocks up to 10 s on the brokers.
  static Result<std::unique_ptr<Subscription>> open(const ClientOptions& options, const std::string& topic,
                                                    const std::string& group_id, Start start);
  /// Leaves the group, in bounded time. What is not committed comes again.
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  /// The next committed record, waiting up to `timeout`; none when none came. Fails when the brokers refuse what the member needs. What
  /// they do not answer is asked again with the next call (problems() tells meanwhile), which may take 10 s for each question.
  Result<std::optional<TopicRecord>> next(Milliseconds timeout);

  /// Counts the times that partitions were taken away. What was handed out before is another member's.
  [[nodiscard]] uint64_t losses() const;

  /// Whether next() may give records. While it is held it must still be called.
  void hold();
  void go_on();

  /// The group has partitions and their ends were reached.
  [[nodiscard]] bool has_reached_ends() const;

  /// The group has given this member its part, which may be none.
  [[nodiscard]] bool has_joined() const;

  /// Waits up to 10 s for the broker's word.
  Status commit(const std::vector<TopicPosition>& positions);

  /// What is wrong with the connection or the group, for a person; empty when nothing is.
  [[nodiscard]] std::string problems() const;

 private:
  struct Impl;
  Subscription();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
