#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "app/daemon/file_watcher.h"
#include "app/daemon/rule_reloader.h"
#include "app/setup/content_digest.h"
#include "base/catch.h"
#include "rules/loader.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

/// A folder that is gone at the end of the test.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/weir-reload-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }

  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << content;
  }

  fs::path path;
};

bool eventually(const std::function<bool()>& condition) {
  for (const auto deadline = Clock::now() + 60s; Clock::now() < deadline; std::this_thread::sleep_for(5ms))
    if (condition()) return true;
  return false;
}

/// A watcher that has taken up its work, and how often it called.
struct Watch {
  explicit Watch(const std::string& path, std::chrono::milliseconds check_interval = 1h,
                 std::chrono::milliseconds still = 20ms) {
    FileWatchOptions options;
    options.paths = {path};
    options.still = still;
    options.still_max = 10 * still;
    options.check_interval = check_interval;
    watcher.emplace(
        options, [this] { ++changes; }, [](LogLevel, std::string_view) {});
    // No files are known, so the first look at them finds a change: once that is told, what changes is found by the watches.
    REQUIRE(reported(1));
    changes = 0;
  }
  [[nodiscard]] bool reported(int count) const {
    return eventually([&] { return changes >= count; });
  }

  std::atomic<int> changes{0};
  std::optional<FileWatcher> watcher;
};

/// This thread of the process sleeps, as one that waits for a condition does.
bool is_asleep(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string stat;
  std::getline(file, stat);
  const size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat.compare(name_end + 2, 1, "S") == 0;
}

/// A rule set that holds one rule of this id.
std::shared_ptr<const RuleSet> rule_set(const std::string& id) {
  Diagnostics diagnostics;
  const auto rules = parse_rules("title: a test\nid: " + id +
                                     "\nstatus: test\nlogsource: {category: webserver}\nlevel: high\ndetection:\n"
                                     "  a: {cs-uri-query|contains: quux}\n  condition: a\n",
                                 "test.yml", diagnostics);
  REQUIRE_FALSE(has_errors(diagnostics));
  auto compiled = RuleSet::compile(rules, {}, diagnostics);
  REQUIRE(compiled);
  return *compiled;
}
constexpr const char* kIdA = "6f1c3f4e-0000-4000-8000-00000000000a";
constexpr const char* kIdB = "6f1c3f4e-0000-4000-8000-00000000000b";

}  // namespace

TEST_CASE("a file written in place, a new one and a removed one are changes") {
  const Folder folder;
  folder.write("a.yml", "one");
  const Watch watch(folder.path.string());
  folder.write("a.yml", "two");
  CHECK(watch.reported(1));
  folder.write("b.yml", "three");
  CHECK(watch.reported(2));
  fs::remove(folder.path / "a.yml");
  CHECK(watch.reported(3));
}

TEST_CASE("a file renamed over another is a change, as editors save") {
  const Folder folder;
  folder.write("a.yml", "one");
  const Watch watch(folder.path.string());
  folder.write(".a.yml.swp", "two");
  fs::rename(folder.path / ".a.yml.swp", folder.path / "a.yml");
  CHECK(watch.reported(1));
}

TEST_CASE("a file in a directory that did not exist before is a change") {
  const Folder folder;
  folder.write("rules/a.yml", "one");
  const Watch watch((folder.path / "rules").string());
  folder.write("rules/new/deep/b.yml", "two");
  CHECK(watch.reported(1));
  folder.write("rules/new/deep/b.yml", "three");
  CHECK(watch.reported(2));
}

TEST_CASE("a directory swapped through a symbolic link is a change, and the next one too") {
  const Folder folder;
  folder.write("releases/1/rules/a.yml", "one");
  folder.write("releases/2/rules/a.yml", "two");
  fs::create_directory_symlink("releases/1", folder.path / "current");
  const Watch watch((folder.path / "current/rules").string());
  const auto swap_to = [&](const std::string& release) {
    fs::create_directory_symlink("releases/" + release, folder.path / "next");
    fs::rename(folder.path / "next", folder.path / "current");
  };
  swap_to("2");
  CHECK(watch.reported(1));
  swap_to("1");
  CHECK(watch.reported(2));
}

TEST_CASE("a mounted volume that swaps its hidden directory of files is a change") {
  const Folder folder;
  folder.write("..v1/a.yml", "one");
  folder.write("..v2/a.yml", "two");
  fs::create_directory_symlink("..v1", folder.path / "..data");
  fs::create_symlink("..data/a.yml", folder.path / "a.yml");
  const Watch watch(folder.path.string());
  fs::create_directory_symlink("..v2", folder.path / "..data_tmp");
  fs::rename(folder.path / "..data_tmp", folder.path / "..data");
  CHECK(watch.reported(1));
  Diagnostics diagnostics;
  CHECK(rule_files(folder.path.string(), diagnostics).size() == 1);
}

TEST_CASE("a rule directory that is replaced as a whole, or appears later, is a change") {
  const Folder folder;
  folder.write("rules/a.yml", "one");
  folder.write("other/a.yml", "two");
  const Watch watch((folder.path / "rules").string());
  fs::rename(folder.path / "rules", folder.path / "old");
  CHECK(watch.reported(1));
  fs::rename(folder.path / "other", folder.path / "rules");
  CHECK(watch.reported(2));
}

TEST_CASE("what changes no content is no change: touch, swap files, other files") {
  const Folder folder;
  folder.write("a.yml", "one");
  const Watch watch(folder.path.string());
  const Folder untouched;
  untouched.write("a.yml", "one");
  FileWatchOptions options;
  options.paths = {untouched.path.string()};
  options.known = digest_of_files(options.paths);
  std::atomic<int> changes{0};
  const FileWatcher watcher(
      options, [&] { ++changes; }, [](LogLevel, std::string_view) {});
  folder.write("a.yml", "one");
  folder.write("README.md", "text");
  folder.write(".b.yml.swp", "text");
  fs::last_write_time(folder.path / "a.yml", fs::file_time_type::clock::now());
  std::this_thread::sleep_for(200ms);
  CHECK(watch.changes == 0);
  CHECK(changes == 0);
}

TEST_CASE("many steps of one change are one report") {
  bool was_one_change = false;
  for (std::chrono::milliseconds still = 300ms; !was_one_change; still *= 2) {
    REQUIRE(still < 60s);
    const Folder folder;
    folder.write("a.yml", "one");
    const Watch watch(folder.path.string(), 1h, still);
    const auto begin = Clock::now();
    for (int i = 0; i < 50; ++i)
      folder.write("r" + std::to_string(i) + ".yml", "x");
    was_one_change = Clock::now() - begin < still;
    if (!was_one_change) continue;  // a slow machine: the files may have been still in between
    CHECK(watch.reported(1));
    std::this_thread::sleep_for(still + 100ms);
    CHECK(watch.changes == 1);
  }
}

TEST_CASE("a change that the system does not report is found by the slow check") {
  const Folder folder;
  folder.write("a.yml", "one");
  const Watch watch(folder.path.string(), 100ms);
  // Written and not closed: there is no event for that among those watched.
  const int fd = open((folder.path / "a.yml").c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(write(fd, "two", 3) == 3);
  CHECK(watch.reported(1));
  close(fd);
}

TEST_CASE("what changed between loading and watching is reported at once") {
  const Folder folder;
  folder.write("a.yml", "one");
  FileWatchOptions options;
  options.paths = {folder.path.string()};
  options.known = digest_of_files(options.paths);
  folder.write("a.yml", "two");
  std::atomic<int> changes{0};
  const FileWatcher watcher(
      options, [&] { ++changes; }, [](LogLevel, std::string_view) {});
  CHECK(eventually([&] { return changes == 1; }));
}

TEST_CASE("the digest tells names and contents apart") {
  const Folder left;
  const Folder right;
  left.write("a.yml", "x");
  left.write("b.yml", "y");
  right.write("a.yml", "y");
  right.write("b.yml", "x");
  const auto digest = [](const Folder& folder) { return digest_of_files({folder.path.string()}); };
  const auto first = digest(left);
  CHECK(first == digest(left));
  CHECK(first != digest(right));
  fs::remove(left.path / "b.yml");
  CHECK(first != digest(left));
}

TEST_CASE("a reload takes the new rules into force and says which") {
  RuleSlot slot(rule_set(kIdA));
  RuntimeCounters counters;
  const auto second = rule_set(kIdB);
  RuleReloader reloader(
      slot, counters, [&](Diagnostics&) { return second; }, [](const ReloadReport&) {});
  CHECK(reloader.last().fingerprint == slot.load()->fingerprint());
  const ReloadReport report = reloader.reload();
  CHECK(report.result);
  CHECK(report.fingerprint == second->fingerprint());
  CHECK(report.rules == 1);
  CHECK(slot.load() == second);
  CHECK(counters.rule_reloads_succeeded.value() == 1);
}

TEST_CASE("a refused set leaves the old one in force; its findings are reported and counted") {
  const auto first = rule_set(kIdA);
  RuleSlot slot(first);
  RuntimeCounters counters;
  RuleReloader reloader(
      slot, counters,
      [&](Diagnostics& diagnostics) -> Result<std::shared_ptr<const RuleSet>> {
        diagnostics.push_back({Diagnostic::Severity::kError, "bad.yml", 7, 1, "no such field", ""});
        return fail(ErrorCode::kParse, "rules", "refused");
      },
      [](const ReloadReport&) {});
  const ReloadReport report = reloader.reload();
  CHECK_FALSE(report.result);
  REQUIRE(report.diagnostics.size() == 1);
  CHECK(report.diagnostics[0].line == 7);
  CHECK(report.fingerprint == first->fingerprint());
  CHECK(slot.load() == first);
  CHECK(counters.rule_reloads_failed.value() == 1);
  CHECK(counters.last_reload_succeeded.value() == 0);
}

TEST_CASE("a loader that throws is a refused reload") {
  RuleSlot slot(rule_set(kIdA));
  RuntimeCounters counters;
  RuleReloader reloader(
      slot, counters,
      [](Diagnostics&) -> Result<std::shared_ptr<const RuleSet>> { throw std::runtime_error("no memory"); },
      [](const ReloadReport&) {});
  CHECK(reloader.reload().result.error().detail == "no memory");
}

TEST_CASE("what is asked for during a reload is done by one more, however often it was asked") {
  RuleSlot slot(rule_set(kIdA));
  RuntimeCounters counters;
  std::atomic<int> loads{0};
  std::atomic<bool> go_on{false};
  RuleReloader reloader(
      slot, counters,
      [&](Diagnostics&) -> Result<std::shared_ptr<const RuleSet>> {
        ++loads;
        while (!go_on)
          std::this_thread::sleep_for(1ms);
        return slot.load();
      },
      [](const ReloadReport&) {});
  reloader.request();
  REQUIRE(eventually([&] { return loads == 1; }));
  for (int i = 0; i < 20; ++i)
    reloader.request();
  std::array<std::atomic<pid_t>, 3> threads{};
  std::vector<std::future<ReloadReport>> waiting;
  for (auto& thread : threads) {
    waiting.push_back(std::async(std::launch::async, [&] {
      thread = gettid();
      return reloader.reload();
    }));
  }
  // Who asks only after the second load has begun gets a third one: the first goes on when all three wait for the answer.
  const auto all_wait = [&] {
    return std::all_of(threads.begin(), threads.end(),
                       [](const auto& thread) { return thread != 0 && is_asleep(thread); });
  };
  CHECK(eventually([&] { return all_wait() && all_wait(); }));
  go_on = true;
  for (auto& request : waiting)
    CHECK(request.get().result);
  CHECK(loads == 2);
}

}  // namespace weir
