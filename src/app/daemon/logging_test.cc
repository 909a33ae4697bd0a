#include "app/daemon/logging.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// Standard error, redirected to a file as long as this lives.
class CapturedStderr {
 public:
  CapturedStderr() : path_("/tmp/weir_logging_test.XXXXXX"), saved_(dup(STDERR_FILENO)) {
    const int file = mkstemp(path_.data());
    REQUIRE(file >= 0);
    dup2(file, STDERR_FILENO);
    close(file);
  }
  ~CapturedStderr() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    unlink(path_.c_str());
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::ifstream file(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(line);
    return lines;
  }

 private:
  std::string path_;
  int saved_;
};

LogConfig to_stderr(LogFormat format, LogLevel level = LogLevel::kInfo) {
  LogConfig config;
  config.format = format;
  config.level = level;
  config.target = LogTarget::kStderr;
  return config;
}

constexpr auto kStart = LogLimiter::Clock::time_point(std::chrono::hours(1));

}  // namespace

TEST_CASE("a text line has the time in UTC, the level and the message") {
  const CapturedStderr captured;
  Log(to_stderr(LogFormat::kText)).write(LogLevel::kWarning, "the broker is away");
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0],
             Catch::Matchers::Matches(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning the broker is away)"));
}

TEST_CASE("a JSON line has what the message names as fields") {
  const auto of = [](std::string_view message) {
    return nlohmann::json::parse(json_log_line(std::chrono::system_clock::time_point{}, LogLevel::kInfo, message));
  };
  const auto lane = of("kafka: lane detect-12 has 3 partitions");
  CHECK(lane["component"] == "kafka");
  CHECK(lane["lane"] == "detect-12");
  CHECK_FALSE(lane.contains("partition"));
  const auto client = of("kafka client weir-score-0: FAIL: broker away, topic of the day");
  CHECK(client["component"] == "kafka-client");
  CHECK(client["client"] == "weir-score-0");
  CHECK(client["lane"] == "score-0");
  CHECK_FALSE(client.contains("topic"));
  const auto state = of("kafka: stored state of partition 7 cannot be used, topic weir.state, offset 99: broken");
  CHECK(state["partition"] == "7");
  CHECK(state["offset"] == "99");
  CHECK(state["topic"] == "weir.state");
  CHECK(of("the rules are reloaded: 144 rules, abc123")["rule_set"] == "abc123");
  CHECK(of("anything else")["component"] == "weir");
}

TEST_CASE("a JSON line counts the similar ones before it that were left out") {
  const auto line =
      nlohmann::json::parse(json_log_line(std::chrono::system_clock::time_point{}, LogLevel::kInfo, "a", 12));
  CHECK(line["left_out"] == 12);
  CHECK(line["message"] == "a");
}

TEST_CASE("a JSON line is one object, whatever the message holds") {
  const CapturedStderr captured;
  Log(to_stderr(LogFormat::kJson)).write(LogLevel::kError, "a \"quote\", a \\, a\nbreak, \xff and {} %d");
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 1);
  const auto line = nlohmann::json::parse(lines[0]);
  CHECK(line["level"] == "error");
  CHECK(line["message"] == "a \"quote\", a \\, a break, \xef\xbf\xbd and {} %d");
  CHECK(line["ts"].get<std::string>().back() == 'Z');
}

TEST_CASE("messages below the level are not written") {
  const CapturedStderr captured;
  Log log(to_stderr(LogFormat::kText, LogLevel::kWarning));
  log.write(LogLevel::kInfo, "not this");
  log.write(LogLevel::kError, "but this");
  REQUIRE(captured.lines().size() == 1);
  CHECK(captured.lines()[0].ends_with("but this"));
}

TEST_CASE("text from outside cannot forge a line or move the cursor") {
  const CapturedStderr captured;
  Log(to_stderr(LogFormat::kText)).write(LogLevel::kInfo, "file 'a\n2026-01-01T00:00:00.000Z error forged\x1b[2J\r'");
  REQUIRE(captured.lines().size() == 1);
  CHECK(captured.lines()[0].find('\x1b') == std::string::npos);
}

TEST_CASE("a message is cut at its limit") {
  const CapturedStderr captured;
  Log(to_stderr(LogFormat::kText)).write(LogLevel::kInfo, std::string(1 << 20, 'x'));
  CHECK(captured.lines().at(0).size() < 4'200);
}

TEST_CASE("a message of one shape is written five times in ten seconds, then counted") {
  LogLimiter limiter;
  int written = 0;
  for (int i = 0; i < 100; ++i) {
    written +=
        limiter.decide("partition " + std::to_string(i) + " is late by " + std::to_string(i * i) + " ms", kStart).write
            ? 1
            : 0;
  }
  CHECK(written == 5);
  CHECK(limiter.untold() == 95);
  const auto later = limiter.decide("partition 1 is late by 7 ms", kStart + 10s);
  CHECK(later.write);
  CHECK(later.suppressed_before == 95);
  CHECK(limiter.untold() == 0);
}

TEST_CASE("one noisy message does not silence another") {
  LogLimiter limiter;
  for (int i = 0; i < 100; ++i)
    limiter.decide("noisy", kStart);
  CHECK(limiter.decide("important", kStart).write);
}

TEST_CASE("the limiter's memory is bounded, and what does not fit shares one budget") {
  LogLimiter limiter;
  const auto message = [](size_t i) { return std::string(1 + i % 60, static_cast<char>('a' + i / 60)); };
  for (size_t i = 0; i < LogLimiter::kShapesMax; ++i)
    CHECK(limiter.decide(message(i), kStart).write);
  size_t written = 0;
  for (size_t i = LogLimiter::kShapesMax; i < 1'000; ++i)
    written += limiter.decide(message(i), kStart).write ? 1 : 0;
  CHECK(written == LogLimiter::kLinesPerWindow);
  CHECK(limiter.decide("new after a quiet time", kStart + 20s).write);
}

TEST_CASE("what was left out is told at the latest when the log ends") {
  std::vector<std::string> lines;
  auto took = std::chrono::steady_clock::duration::max();
  while (took >= 10s) {  // of which the limit is one; once is enough but on a machine that stood still
    const CapturedStderr captured;
    const auto begin = std::chrono::steady_clock::now();
    {
      Log log(to_stderr(LogFormat::kText));
      for (int i = 0; i < 50; ++i)
        log.write(LogLevel::kInfo, "again " + std::to_string(i));
    }
    took = std::chrono::steady_clock::now() - begin;
    lines = captured.lines();
  }
  REQUIRE(lines.size() == 6);
  CHECK(lines[5].find("45 similar messages") != std::string::npos);
}

TEST_CASE("lines from many threads stay whole") {
  const CapturedStderr captured;
  {
    Log log(to_stderr(LogFormat::kJson));
    const auto sink = log.sink();
    std::vector<std::thread> threads;
    for (char name = 'a'; name < 'i'; ++name) {
      threads.emplace_back([&sink, name] {
        for (int i = 0; i < 5; ++i)
          sink(LogLevel::kInfo, std::string(500, name));
      });
    }
    for (std::thread& thread : threads)
      thread.join();
  }
  const auto lines = captured.lines();
  CHECK(lines.size() == 40);
  for (const std::string& line : lines)
    CHECK(nlohmann::json::parse(line)["message"].get<std::string>().size() == 500);
}

TEST_CASE("the journal is taken only if standard error is its stream") {
  unsetenv("JOURNAL_STREAM");
  CHECK(detect_log_target() == LogTarget::kStderr);
  struct stat file {};
  REQUIRE(fstat(STDERR_FILENO, &file) == 0);
  setenv("JOURNAL_STREAM", (std::to_string(file.st_dev) + ":" + std::to_string(file.st_ino)).c_str(), 1);
  CHECK(detect_log_target() == LogTarget::kJournald);
  setenv("JOURNAL_STREAM", "8:1", 1);  // inherited from a parent whose stream it was
  CHECK(detect_log_target() == LogTarget::kStderr);
  unsetenv("JOURNAL_STREAM");
}

TEST_CASE("a secret does not convert to a log message") {
  CHECK_FALSE(std::is_convertible_v<Secret, std::string_view>);
  CHECK_FALSE(std::is_convertible_v<Secret, std::string>);
}

}  // namespace weir
