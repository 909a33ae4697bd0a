#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/terminal/interruption.h"
#include "base/result.h"
#include "config/config.h"
#include "kafka/topic_reader.h"
#include "lane/log_sink.h"

namespace weir {

/// Reads the decisions topic from its beginning, committed records only. One thread.
class DecisionFeed {
 public:
  /// Blocks up to 10 s on the brokers.
  static Result<DecisionFeed> open(const Config& config, LogSink log);

  using Take = std::function<void(std::string_view key, std::string_view value)>;
  /// Hands over what the topic holds now.
  Status read_all(Interruption& interruption, const Take& take);
  /// Waits up to `wait` for a record, then hands over it and those that are there. Whether there was one.
  Result<bool> read_more(Milliseconds wait, const Take& take);
  /// Records of the topic that are there and not handed over yet. An error: no broker answers within `timeout`.
  Result<uint64_t> behind(Milliseconds timeout) { return reader_->behind(timeout); }

 private:
  std::unique_ptr<TopicReader> reader_;
};

}  // namespace weir
