#include <unistd.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "app/daemon/teardown_deadline.h"
#include "app/demo/demo_traffic.h"
#include "app/input/line_reader.h"
#include "app/setup/command_setup.h"
#include "app/terminal/terminal.h"
#include "base/catch.h"
#include "event/event_parser.h"
#include "kafka/engine.h"

namespace weir {
namespace {

/// A file that is gone at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    char name[] = "/tmp/weir-line-reader-XXXXXX";
    const int descriptor = mkstemp(name);
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
    path = name;
    std::ofstream(path, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }

  std::string path;
};

std::vector<std::string> read_all(const std::string& content, size_t line_bytes_max, size_t lines_max) {
  const TemporaryFile file(content);
  LineReader reader(file.path, line_bytes_max);
  REQUIRE(reader.open());
  std::vector<std::string> all;
  std::vector<std::string_view> lines;
  do {
    REQUIRE(reader.read(lines_max, lines));
    all.insert(all.end(), lines.begin(), lines.end());
  } while (!lines.empty());
  CHECK(reader.bytes_read() == content.size());
  return all;
}

}  // namespace

TEST_CASE("lines are read whole whatever the batch", "[line_reader]") {
  std::string content;
  std::vector<std::string> expected;
  for (int i = 0; i < 5'000; ++i) {
    expected.push_back(std::string(static_cast<size_t>(i % 3'000), 'x') + std::to_string(i));
    content += expected.back() + (i % 5 == 0 ? "\r\n" : "\n");
  }
  CHECK(read_all(content, 10'000, 1) == expected);
  CHECK(read_all(content, 10'000, 700) == expected);
}

TEST_CASE("the last line needs no line end, and blank lines count", "[line_reader]") {
  CHECK(read_all("a\n\nb", 100, 10) == std::vector<std::string>{"a", "", "b"});
  CHECK(read_all("", 100, 10).empty());
}

TEST_CASE("a line beyond the buffer is handed out once, cut, and longer than the limit", "[line_reader]") {
  const std::string huge(20 << 20, 'x');
  const auto lines = read_all("first\n" + huge + "\nlast\n", 1 << 20, 100);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "first");
  CHECK(lines[1].size() > (1 << 20));
  CHECK(lines[1].size() < huge.size());
  CHECK(lines[2] == "last");
}

TEST_CASE("a missing file and a directory are errors that name them", "[line_reader]") {
  for (const char* path : {"/nonexistent/file", "/tmp"}) {
    LineReader reader(path, 100);
    const auto opened = reader.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().detail.find(path) != std::string::npos);
  }
}

TEST_CASE("untrusted text is safe to print", "[terminal]") {
  CHECK(printable("plain é 日本") == "plain é 日本");
  CHECK(printable("a\x1b[31mred") == "a\\x1b[31mred");
  CHECK(printable(std::string("\0\n\x7f", 3)) == "\\x00\\x0a\\x7f");
  CHECK(printable("\xff") == "\xef\xbf\xbd");
  CHECK(printable("\xc0\xaf") == "\xef\xbf\xbd\xef\xbf\xbd");                  // overlong
  CHECK(printable("\xed\xa0\x80") == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // surrogate
  CHECK(printable("\xc2\x9b"
                  "31m") ==
        "\xef\xbf\xbd"
        "31m");                                                // C1 control sequence introducer
  CHECK(printable("\xe6\x97") == "\xef\xbf\xbd\xef\xbf\xbd");  // cut off
}

TEST_CASE("numbers are grouped by thousands", "[terminal]") {
  CHECK(with_separators(0) == "0");
  CHECK(with_separators(999) == "999");
  CHECK(with_separators(1'234'567) == "1,234,567");
}

TEST_CASE("the daemon and the commands hash clients with the same key", "[analyzer_options]") {
  for (const char* secret : {"", "s3cret"}) {
    Config config;
    config.hash_key = Secret(secret);
    const AnalyzerOptions options = analyzer_options(config);
    CHECK(options.hash_key ==
          EngineOptions::from(config, analyzer_options(config), alert_encoder(config, {})).analyzer.hash_key);
    CHECK((options.hash_key == SipHashKey{}) == config.hash_key.empty());
  }
}

TEST_CASE("a teardown that hangs ends with the exit code set, one in time does not", "[teardown]") {
  std::atomic<int> ended_with{-1};
  std::atomic<int> told{0};
  {
    // The deadline may be over before this thread goes on: the end waits for the code.
    std::atomic<bool> code_is_set{false};
    TeardownDeadline deadline(
        std::chrono::milliseconds(20),
        [&] {
          ++told;
          while (!code_is_set)
            std::this_thread::yield();
        },
        [&](int code) { ended_with = code; });
    deadline.set_exit_code(0);
    code_is_set = true;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (ended_with < 0 && std::chrono::steady_clock::now() < limit)
      std::this_thread::yield();
  }
  CHECK(ended_with == 0);
  CHECK(told == 1);
  ended_with = -1;
  {
    const TeardownDeadline deadline(
        std::chrono::minutes(10), [&] { ++told; }, [&](int code) { ended_with = code; });
  }
  CHECK(ended_with == -1);
  CHECK(told == 1);
}

TEST_CASE("the demo's traffic is repeatable, and nearly all of it parses", "[demo]") {
  DemoTraffic one(7), two(7), other(8);
  InputOptions options;
  options.profile = *InputProfile::built_in("flat");
  EventParser parser(options);
  Event event;
  int parsed = 0, different = 0;
  constexpr int kRecords = 20'000;
  for (int i = 0; i < kRecords; ++i) {
    const EventTime now{Milliseconds{1'736'899'200'000 + i}};
    const std::string record = one.next(now);
    CHECK(record == two.next(now));
    different += record != other.next(now);
    parsed += parser.parse(record, event).ok();
  }
  CHECK(different > kRecords / 2);
  CHECK(parsed > kRecords * 99 / 100);
  CHECK(parsed < kRecords);  // the broken logger's lines
}

}  // namespace weir
