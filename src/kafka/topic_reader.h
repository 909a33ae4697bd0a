#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kafka/client_options.h"
#include "kafka/topic_record.h"

namespace weir {

/// Reads topics without being a member of a group: for tools that show what is there. One thread.
class TopicReader {
 public:
  enum class Start : uint8_t { kBeginning, kEnd };

  /// Assigns every partition of the topics, which must exist. Blocks up to 10 s for the topics' partitions.
  static Result<std::unique_ptr<TopicReader>> open(const ClientOptions& options, std::span<const std::string> topics,
                                                   Start start);
  ~TopicReader();

  /// The next committed record of any partition, waiting up to `timeout`; empty when none came.
  Result<std::optional<TopicRecord>> next(Milliseconds timeout);

  /// The end of every partition was reached, each at some time since the opening: what was there then is read.
  [[nodiscard]] bool has_reached_ends() const;

  /// How many offsets of committed records the reader is behind, as the brokers say now; markers that were passed do not count. An error:
  /// a partition's leader did not answer within `timeout`. Blocks until then.
  Result<uint64_t> behind(Milliseconds timeout);

 private:
  struct Impl;
  TopicReader();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
