#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kafka/client_options.h"

namespace weir {

struct TopicRecord {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  EventTime time{};
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;

  /// Empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

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
