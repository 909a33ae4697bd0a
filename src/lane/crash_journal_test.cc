#include "lane/crash_journal.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/catch.h"
#include "lane/test_support.h"

using namespace weir;
using namespace weir::test;

namespace {

const std::vector<std::string> kTopics{"requests", "more"};

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-journal-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::unique_ptr<CrashJournal> open_journal(const Folder& folder, LogLines* lines = nullptr) {
  auto journal = CrashJournal::open(folder.path, "group/1", 3,
                                    lines == nullptr ? LogSink([](LogLevel, std::string_view) {}) : lines->sink());
  if (!journal) FAIL(journal.error().to_string());
  return std::move(*journal);
}

std::vector<InputRecord> records(uint16_t topic, int32_t partition, int64_t first, int64_t last) {
  std::vector<InputRecord> made;
  for (int64_t offset = first; offset <= last; ++offset)
    made.push_back({topic, partition, offset, EventTime{}, {}, {}, nullptr});
  return made;
}

/// A process that does this with lane 0's guard. Its exit code, or minus the signal that ended it.
int in_a_process(const Folder& folder, const std::function<void(CrashJournal::Guard&)>& action) {
  const pid_t child = fork();
  if (child == 0) {
    for (const int signal : {SIGSEGV, SIGABRT})
      std::signal(signal, SIG_DFL);  // the test framework's handlers would report a failure
    auto journal = CrashJournal::open(folder.path, "group/1", 3, [](LogLevel, std::string_view) {});
    auto guard = (*journal)->guard(0, kTopics);
    guard->attach();
    action(*guard);
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/// The process dies by `signal` while it works on these records.
void crash_at(const Folder& folder, const std::vector<InputRecord>& batch, int signal = SIGSEGV) {
  CHECK(in_a_process(folder, [&](CrashJournal::Guard& guard) {
          guard.enter(batch);
          std::raise(signal);
        }) == -signal);
}

}  // namespace

TEST_CASE("a crash makes the records of its batch suspects, and the record that it happens at again is convicted",
          "[kafka]") {
  const Folder folder;
  std::vector<InputRecord> batch = records(0, 2, 100, 199);
  const auto other = records(1, 5, 7, 9);
  batch.insert(batch.end(), other.begin(), other.end());
  crash_at(folder, batch);
  {
    LogLines lines;
    const auto journal = open_journal(folder, &lines);
    REQUIRE(journal->suspects().size() == 2);
    CHECK(journal->suspects()[0].first == 100);
    CHECK(journal->suspects()[0].last == 199);
    CHECK(lines.text().find("signal 11") != std::string::npos);
    const auto guard = journal->guard(3, kTopics);
    CHECK_FALSE(guard->enter(records(0, 2, 150, 400)));
    CHECK(guard->enter(records(0, 2, 200, 400)));
    CHECK(guard->enter(records(1, 2, 150, 160)));  // another topic
    CHECK(guard->enter(records(0, 3, 150, 160)));
    CHECK(guard->quarantined(batch[50]).crashes == 0);
  }
  crash_at(folder, records(0, 2, 150, 150));
  CHECK(open_journal(folder)->suspects().back().crashes == 2);
  crash_at(folder, records(0, 2, 150, 150), SIGABRT);
  const auto journal = open_journal(folder);
  REQUIRE(journal->quarantined().size() == 1);
  const auto guard = journal->guard(0, kTopics);
  CHECK(guard->quarantined(batch[50]).crashes == 3);
  CHECK(guard->quarantined(batch[50]).signal == SIGABRT);
  CHECK(guard->quarantined(batch[49]).crashes == 0);
  CHECK_FALSE(guard->enter(records(0, 2, 150, 150)));
}

TEST_CASE("a batch that crashes as often as allowed convicts nobody before a single record is found", "[kafka]") {
  const Folder folder;
  for (int i = 0; i < 5; ++i)
    crash_at(folder, records(0, 2, 100, 199));
  CHECK(open_journal(folder)->quarantined().empty());
  CHECK(open_journal(folder)->suspects().size() == 1);
}

TEST_CASE("kill -9, an orderly end and a crash of another thread leave no suspects", "[kafka]") {
  const Folder folder;
  crash_at(folder, records(0, 0, 1, 5), SIGKILL);
  CHECK(open_journal(folder)->suspects().empty());
  CHECK(in_a_process(folder, [](CrashJournal::Guard& guard) { guard.enter(records(0, 0, 1, 5)); }) == 0);
  CHECK(open_journal(folder)->suspects().empty());
  CHECK(in_a_process(folder, [](CrashJournal::Guard& guard) {
          guard.enter(records(0, 0, 1, 5));
          std::thread([] { std::raise(SIGSEGV); }).join();
        }) == -SIGSEGV);
  CHECK(open_journal(folder)->suspects().empty());
  CHECK(in_a_process(folder, [](CrashJournal::Guard& guard) {
          guard.enter(records(0, 0, 1, 5));
          guard.leave();
          std::raise(SIGSEGV);
        }) == -SIGSEGV);
  CHECK(open_journal(folder)->suspects().empty());
}

TEST_CASE("suspects that were committed without a crash are innocent", "[kafka]") {
  const Folder folder;
  crash_at(folder, records(0, 2, 100, 199));
  {
    const auto journal = open_journal(folder);
    const auto guard = journal->guard(0, kTopics);
    const PartitionOffset early{0, 2, 199};
    guard->passed({&early, 1});
    CHECK(journal->suspects().size() == 1);
    const PartitionOffset behind{0, 2, 200};
    guard->passed({&behind, 1});
    CHECK(journal->suspects().empty());
  }
  CHECK(open_journal(folder)->suspects().empty());
}

TEST_CASE("two processes have a journal each, and a file that is none begins afresh", "[kafka]") {
  const Folder folder;
  std::ofstream(folder.path + "/crashes-group_1.journal") << "no journal";
  const auto first = open_journal(folder);
  const auto second = open_journal(folder);
  CHECK(first->suspects().empty());
  CHECK(std::filesystem::exists(folder.path + "/crashes-group_1-2.journal"));
  CHECK_FALSE(CrashJournal::open(folder.path + "/nowhere", "group", 3, [](LogLevel, std::string_view) {}));
}

TEST_CASE("a journal for which there is no space is refused before it is mapped", "[kafka][quarantine]") {
  const Folder folder;
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{4'096, 4'096};
    setrlimit(RLIMIT_FSIZE, &none);  // as a full disk: files grow no further
    const auto refused = CrashJournal::open(folder.path, "group", 2, [](LogLevel, std::string_view) {});
    _exit(!refused && refused.error().code == ErrorCode::kLimit ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  // With space again, it is there, and none of it is a hole.
  const auto journal = CrashJournal::open(folder.path, "group", 2, [](LogLevel, std::string_view) {});
  REQUIRE(journal);
  struct stat file {};
  REQUIRE(stat((folder.path + "/crashes-group.journal").c_str(), &file) == 0);
  CHECK(file.st_blocks * 512 >= file.st_size);
}
