#include "app/daemon/logging.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/daemon/log_fields.h"
#include "base/ascii.h"
#include "base/time.h"

namespace weir {
namespace {

constexpr size_t kShapeBytesMax = 64;
constexpr size_t kMessageBytesMax = 4'096;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string one_line(std::string_view message) {
  std::string line(message.substr(0, kMessageBytesMax));
  if (message.size() > kMessageBytesMax) line += "…";
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

std::unique_ptr<spdlog::logger> make_logger(const LogConfig& config) {
  const LogTarget target = config.target == LogTarget::kAuto ? detect_log_target() : config.target;
  spdlog::sink_ptr sink;
  // The journal keeps time and priority itself; JSON lines are made whole before they come here.
  std::string pattern = "%v";
  if (target == LogTarget::kJournald) {
    sink = std::make_shared<spdlog::sinks::systemd_sink_mt>("weir", /*enable_formatting=*/true);
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    if (config.format == LogFormat::kText) pattern = "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
  }
  sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc,
                                                                  target == LogTarget::kJournald ? "" : "\n"));
  auto logger = std::make_unique<spdlog::logger>("weir", std::move(sink));
  logger->set_level(spdlog_level(config.level));
  return logger;
}

}  // namespace

std::string LogLimiter::shape_of(std::string_view message) {
  std::string shape;
  for (const char c : message) {
    const bool is_digit = is_ascii_digit(c);
    if (is_digit && !shape.empty() && shape.back() == '#') continue;
    shape += is_digit ? '#' : c;
    if (shape.size() == kShapeBytesMax) break;
  }
  return shape;
}

void LogLimiter::forget_quiet_shapes(Clock::time_point now) {
  std::erase_if(shapes_, [now](const auto& shape) {
    return shape.second.suppressed == 0 && now - shape.second.window_begin >= kWindow;
  });
}

LogLimiter::Decision LogLimiter::decide(std::string_view message, Clock::time_point now) {
  const std::string shape = shape_of(message);
  if (shapes_.size() >= kShapesMax && !shapes_.contains(shape)) forget_quiet_shapes(now);
  const bool has_room = shapes_.size() < kShapesMax || shapes_.contains(shape);
  Entry& entry = has_room ? shapes_[shape] : overflow_;
  if (now - entry.window_begin >= kWindow || entry.window_begin == Clock::time_point{}) {
    entry.window_begin = now;
    entry.lines = 0;
  }
  if (entry.lines >= kLinesPerWindow) {
    ++entry.suppressed;
    return {};
  }
  ++entry.lines;
  return {true, std::exchange(entry.suppressed, 0)};
}

uint64_t LogLimiter::untold() const {
  uint64_t lines = overflow_.suppressed;
  for (const auto& [shape, entry] : shapes_)
    lines += entry.suppressed;
  return lines;
}

LogTarget detect_log_target() {
  // "device:inode" of the journal's stream; other redirections inherit the variable but not the file.
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (stream == nullptr || fstat(STDERR_FILENO, &file) != 0) return LogTarget::kStderr;
  const std::string ours = std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino);
  return ours == stream ? LogTarget::kJournald : LogTarget::kStderr;
}

std::string json_log_line(std::chrono::system_clock::time_point time, LogLevel level, std::string_view message,
                          uint64_t left_out) {
  nlohmann::ordered_json line;
  line["ts"] = format_rfc3339(std::chrono::floor<Milliseconds>(time));
  line["level"] = to_string(level);
  for (auto& [name, value] : log_fields(message))
    line[std::string(name)] = std::move(value);
  line["message"] = message;
  if (left_out > 0) line["left_out"] = left_out;
  return line.dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::ordered_json::error_handler_t::replace);
}

Log::Log(const LogConfig& config) : format_(config.format), level_(config.level), logger_(make_logger(config)) {}

Log::~Log() {
  if (const uint64_t untold = limiter_.untold(); untold > 0) {
    write(LogLevel::kInfo, "log: " + std::to_string(untold) + " similar messages were left out");
  }
}

void Log::write(LogLevel level, std::string_view message) {
  if (level < level_) return;
  std::string line = one_line(message);
  LogLimiter::Decision decision;
  {
    const std::lock_guard lock(mutex_);
    decision = limiter_.decide(line, LogLimiter::Clock::now());
  }
  if (!decision.write) return;
  if (format_ == LogFormat::kJson) {
    line = json_log_line(std::chrono::system_clock::now(), level, line, decision.suppressed_before);
  } else if (decision.suppressed_before > 0) {
    line += " (" + std::to_string(decision.suppressed_before) + " similar messages before it were left out)";
  }
  logger_->log(spdlog_level(level), spdlog::string_view_t(line));
}

std::function<void(LogLevel, std::string_view)> Log::sink() {
  return [this](LogLevel level, std::string_view message) { write(level, message); };
}

}  // namespace weir
