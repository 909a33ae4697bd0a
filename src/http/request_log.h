#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace weir {

/// One request that was answered, for the request log. Views are valid during the call only.
struct RequestLogEntry {
  std::string_view remote_address{};
  std::string_view method{};
  std::string_view
      path{};  ///< without the query, which may hold a secret; control characters replaced; cut to 256 bytes
  int status = 0;
  size_t response_bytes = 0;
  std::chrono::microseconds duration{0};
  uint64_t suppressed = 0;     ///< requests not logged since the last entry, for want of budget
  std::string_view failure{};  ///< what a handler threw, for the log only; empty otherwise
  std::string_view caller{};   ///< of a call to the admin API: its key's name, or "loopback"
  std::string_view refusal{};  ///< why access was refused, for the log only; empty otherwise
};
using RequestLogSink = std::function<void(const RequestLogEntry&)>;

/// Text from a caller made safe for one line of a log: no control characters, nothing but ASCII, at most `bytes_max` bytes.
std::string printable(std::string_view text, size_t bytes_max);

/// Hands requests to the sink, at most so many a second; what is left out is counted in the next entry. Any thread.
class RequestLog {
 public:
  RequestLog(RequestLogSink sink, uint32_t lines_per_second);

  /// Calls the sink in this thread, outside the lock, or counts the entry as suppressed. Failures and refusals have a budget
  /// of their own, so that a flood of requests cannot hide them.
  void record(RequestLogEntry entry);

 private:
  using Clock = std::chrono::steady_clock;

  struct Budget {
    Clock::time_point second_begin{};
    uint32_t lines = 0;

    /// Whether this second has room for one more line.
    bool take(Clock::time_point now, uint32_t lines_per_second);
  };

  RequestLogSink sink_;
  uint32_t lines_per_second_;
  std::mutex mutex_;  // guards what follows
  Budget requests_;
  Budget failures_;
  uint64_t suppressed_ = 0;
};

}  // namespace weir
