#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "config/config.h"

namespace spdlog {
class logger;
}

namespace weir {

/// Bounds what a repeated message may cost: so many lines of one shape in a window of time. Not thread-safe.
class LogLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr uint32_t kLinesPerWindow = 5;
  static constexpr std::chrono::seconds kWindow{10};
  static constexpr size_t kShapesMax = 256;  ///< beyond them new shapes share one entry

  struct Decision {
    bool write = false;
    uint64_t suppressed_before = 0;  ///< lines of this shape left out since the last one written
  };

  Decision decide(std::string_view message, Clock::time_point now);

  /// Lines left out that no later line has told of.
  [[nodiscard]] uint64_t untold() const;

  /// What two messages of one kind have in common: their beginning with every run of digits made one '#'.
  static std::string shape_of(std::string_view message);

 private:
  struct Entry {
    Clock::time_point window_begin{};
    uint32_t lines = 0;
    uint64_t suppressed = 0;
  };

  void forget_quiet_shapes(Clock::time_point now);

  std::unordered_map<std::string, Entry> shapes_;
  Entry overflow_;
};

/// The program's log: lines of text or JSON on standard error, or entries of the journal with their priority.
///
/// Messages never hold a secret or a record's content: whoever writes one sees to it (secrets are of type Secret, which does
/// not convert to text). What does come from outside — a file name, a broker's error — has its control characters replaced
/// here, so that it cannot forge a line.
///
/// Any thread. Writing blocks on standard error or the journal; the data path does not log.
class Log {
 public:
  /// kAuto takes the journal if systemd has connected standard error to it ($JOURNAL_STREAM, systemd.exec(5)).
  explicit Log(const LogConfig& config);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Rate limited by the message's shape (LogLimiter).
  void write(LogLevel level, std::string_view message);

  /// This log as the callback that the other folders take; valid as long as the log.
  [[nodiscard]] std::function<void(LogLevel, std::string_view)> sink();

 private:
  LogFormat format_;
  LogLevel level_;
  std::mutex mutex_;
  LogLimiter limiter_;  // guarded by mutex_
  std::unique_ptr<spdlog::logger> logger_;
};

/// Where kAuto leads in this process.
LogTarget detect_log_target();

/// One JSON object without a line break: "ts" (RFC 3339, UTC), "level", what the message names (log_fields), "message", and how
/// many similar ones were left out before it, if any. Invalid UTF-8 is replaced.
std::string json_log_line(std::chrono::system_clock::time_point time, LogLevel level, std::string_view message,
                          uint64_t left_out = 0);

}  // namespace weir
