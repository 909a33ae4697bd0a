#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "kafka/client_options.h"

namespace weir {

/// A simple producer for tools: the demo's traffic, tests. One thread.
class RecordFeeder {
 public:
  static constexpr int32_t kByKey = -1;

  static Result<std::unique_ptr<RecordFeeder>> create(const ClientOptions& options);

  /// Queues a record; waits while the queue is full. The error of an earlier record that was not stored is reported here.
  Status produce(std::string_view topic, std::string_view key, std::string_view value, int32_t partition = kByKey);
  /// Waits until everything is stored.
  Status flush(Milliseconds timeout);

  ~RecordFeeder();

 private:
  struct Impl;
  RecordFeeder();
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
