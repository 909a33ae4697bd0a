#include "base/cache_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/catch.h"

using namespace weir;
namespace fs = std::filesystem;

namespace {

/// A directory of the test's own, gone with it.
class Directory {
 public:
  Directory() : path_(fs::temp_directory_path() / ("weir-cache-test-" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
  }
  ~Directory() { fs::remove_all(path_); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string bytes_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void overwrite(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

size_t files_in(const std::string& directory) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("what is kept is found under its key and kind alone") {
  const Directory directory;
  const CacheStore cache(directory.path());
  CHECK_FALSE(cache.find("words", "key"));
  cache.keep("words", "key", std::string("content\0with a zero", 19));
  CHECK(cache.find("words", "key") == std::string("content\0with a zero", 19));
  CHECK_FALSE(cache.find("words", "other"));
  CHECK_FALSE(cache.find("other", "key"));
  cache.keep("words", "key", "");
  CHECK(cache.find("words", "key") == "");
  CHECK(files_in(directory.path()) == 1);
}

TEST_CASE("the cache is private to its user") {
  const Directory directory;
  const CacheStore cache(directory.path());
  cache.keep("words", "key", "content");
  struct stat facts {};
  REQUIRE(::stat(cache.file_of("words", "key").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  REQUIRE(::stat(directory.path().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0700);
}

TEST_CASE("a cached file that is not whole counts as missing") {
  const Directory directory;
  const CacheStore cache(directory.path());
  cache.keep("words", "key", "content that matters");
  const std::string file = cache.file_of("words", "key"), whole = bytes_of(file);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    overwrite(file, flipped);
    INFO(i);
    CHECK_FALSE(cache.find("words", "key"));
    overwrite(file, whole.substr(0, i));
    CHECK_FALSE(cache.find("words", "key"));
  }
  overwrite(file, whole + "x");
  CHECK_FALSE(cache.find("words", "key"));
  overwrite(file, whole);
  CHECK(cache.find("words", "key"));
}

TEST_CASE("a cached file of another key counts as missing, wherever it lies") {
  const Directory directory;
  const CacheStore cache(directory.path());
  cache.keep("words", "one", "content");
  fs::rename(cache.file_of("words", "one"), cache.file_of("words", "two"));
  CHECK_FALSE(cache.find("words", "two"));
}

TEST_CASE("a cached file that others could have written counts as missing") {
  const Directory directory;
  const CacheStore cache(directory.path());
  cache.keep("words", "key", "content");
  const std::string file = cache.file_of("words", "key");
  for (const mode_t mode : {0620, 0602, 0666}) {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    CHECK_FALSE(cache.find("words", "key"));
  }
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  CHECK(cache.find("words", "key"));
  fs::rename(file, file + ".away");
  fs::create_symlink(file + ".away", file);
  CHECK_FALSE(cache.find("words", "key"));
  fs::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  CHECK_FALSE(cache.find("words", "key"));
  if (::geteuid() != 0) return;  // only root can give a file away
  fs::remove(file);
  fs::rename(file + ".away", file);
  REQUIRE(::chown(file.c_str(), 1, 1) == 0);
  CHECK_FALSE(cache.find("words", "key"));
}

TEST_CASE("no directory, or one that cannot be written, is no cache") {
  const CacheStore none("");
  none.keep("words", "key", "content");
  CHECK_FALSE(none.find("words", "key"));
  const CacheStore nowhere("/proc/nowhere");
  nowhere.keep("words", "key", "content");
  CHECK_FALSE(nowhere.find("words", "key"));
}

TEST_CASE("the cache keeps what was used last") {
  const Directory directory;
  const CacheStore cache(directory.path());
  fs::create_directories(directory.path());
  const auto now = fs::file_time_type::clock::now();
  for (size_t i = 0; i < CacheStore::kFilesMax + 10; ++i) {
    const fs::path old = fs::path(directory.path()) / (std::to_string(i) + ".words");
    overwrite(old.string(), "old");
    fs::last_write_time(old, now - std::chrono::hours(2000 - i));
  }
  cache.keep("words", "key", "content");
  CHECK(files_in(directory.path()) == CacheStore::kFilesMax);
  CHECK(cache.find("words", "key"));
  CHECK_FALSE(fs::exists(fs::path(directory.path()) / "0.words"));
  CHECK(fs::exists(fs::path(directory.path()) / (std::to_string(CacheStore::kFilesMax + 9) + ".words")));
  // To be found is to be used.
  const std::string file = cache.file_of("words", "key");
  fs::last_write_time(file, now - std::chrono::hours(2000));
  CHECK(cache.find("words", "key"));
  CHECK(fs::last_write_time(file) > now - std::chrono::hours(1));
}

TEST_CASE("the cache's size is bounded") {
  const Directory directory;
  const CacheStore cache(directory.path());
  fs::create_directories(directory.path());
  const fs::path large = fs::path(directory.path()) / "large.words";
  overwrite(large.string(), "");
  fs::resize_file(large, CacheStore::kBytesMax);  // a hole, no blocks
  fs::last_write_time(large, fs::file_time_type::clock::now() - std::chrono::hours(1));
  cache.keep("words", "key", "content");
  CHECK_FALSE(fs::exists(large));
  CHECK(cache.find("words", "key"));
}
