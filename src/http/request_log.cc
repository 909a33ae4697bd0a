#include "http/request_log.h"

#include <algorithm>
#include <utility>

namespace weir {

std::string printable(std::string_view text, size_t bytes_max) {
  std::string safe(text.substr(0, bytes_max));
  std::replace_if(
      safe.begin(), safe.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return safe;
}

RequestLog::RequestLog(RequestLogSink sink, uint32_t lines_per_second)
    : sink_(std::move(sink)), lines_per_second_(lines_per_second) {}

bool RequestLog::Budget::take(Clock::time_point now, uint32_t lines_per_second) {
  if (now - second_begin >= std::chrono::seconds(1)) {
    second_begin = now;
    lines = 0;
  }
  if (lines >= lines_per_second) return false;
  ++lines;
  return true;
}

void RequestLog::record(RequestLogEntry entry) {
  if (!sink_) return;
  {
    const std::lock_guard lock(mutex_);
    if (!(entry.failure.empty() && entry.refusal.empty() ? requests_ : failures_)
             .take(Clock::now(), lines_per_second_)) {
      ++suppressed_;
      return;
    }
    entry.suppressed = std::exchange(suppressed_, 0);
  }
  sink_(entry);
}

}  // namespace weir
