#include "base/cache_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

namespace weir {
namespace {
namespace fs = std::filesystem;

// Changes whenever the form of the files changes.
constexpr std::string_view kMagic = "weir-cache-1\n";
constexpr size_t kKeyDigits = 32;
constexpr size_t kDigestDigits = 16;
constexpr size_t kHeadBytes = kMagic.size() + kKeyDigits + kDigestDigits + 1;
/// A file in use is marked as such when its time is older than this: not at every start.
constexpr std::time_t kMarkSeconds = 600;

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

std::string hex(uint64_t number) {
  std::array<char, kDigestDigits + 1> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

std::string digits_of(std::string_view kind, std::string_view key) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), XXH3_64bits(kind.data(), kind.size()));
  return hex(hash.high64) + hex(hash.low64);
}

/// What stands before the content: for whom it was written, and what shows that it is whole.
std::string head_of(const std::string& key_digits, std::string_view content) {
  const uint64_t seed = XXH3_64bits(key_digits.data(), key_digits.size());
  return std::string(kMagic) + key_digits + hex(XXH3_64bits_withSeed(content.data(), content.size(), seed)) + "\n";
}

bool read_all(int file, char* to, size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(file, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  return true;
}

/// Content from here is handed to libraries that trust it: nobody else may have had a hand in it.
bool is_ours(const struct stat& facts) {
  const bool owned = facts.st_uid == ::geteuid() || facts.st_uid == 0;
  return S_ISREG(facts.st_mode) && owned && (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Removes what was unused for the longest time until the bounds hold. Two programs that do so at once remove too much at worst.
void prune(const std::string& directory) {
  struct Entry {
    fs::file_time_type used;
    size_t bytes;
    fs::path path;
  };
  std::error_code ignored;
  std::vector<Entry> entries;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (!entry.is_regular_file(ignored)) continue;
    entries.push_back({entry.last_write_time(ignored), static_cast<size_t>(entry.file_size(ignored)), entry.path()});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used > b.used; });
  size_t files = 0, bytes = 0;
  for (const Entry& entry : entries) {
    bytes += entry.bytes;
    if (++files > CacheStore::kFilesMax || bytes > CacheStore::kBytesMax) fs::remove(entry.path, ignored);
  }
}

}  // namespace

std::string CacheStore::file_of(std::string_view kind, std::string_view key) const {
  return directory_ + "/" + digits_of(kind, key) + "." + std::string(kind);
}

std::optional<std::string> CacheStore::find(std::string_view kind, std::string_view key) const {
  if (directory_.empty()) return std::nullopt;
  const FileDescriptor file(::open(file_of(kind, key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat facts {};
  if (!file.is_open() || ::fstat(file.number(), &facts) != 0 || !is_ours(facts)) return std::nullopt;
  const auto size = static_cast<size_t>(facts.st_size);
  if (size < kHeadBytes || size > kBytesMax) return std::nullopt;
  std::string head(kHeadBytes, '\0');
  std::string content(size - kHeadBytes, '\0');
  if (!read_all(file.number(), head.data(), head.size()) || !read_all(file.number(), content.data(), content.size()))
    return std::nullopt;
  if (head != head_of(digits_of(kind, key), content)) return std::nullopt;
  if (facts.st_mtime + kMarkSeconds < std::time(nullptr)) ::futimens(file.number(), nullptr);
  return content;
}

void CacheStore::keep(std::string_view kind, std::string_view key, std::string_view content) const {
  if (directory_.empty() || content.size() + kHeadBytes > kBytesMax) return;
  std::error_code ignored;
  if (!fs::exists(directory_, ignored)) {
    fs::create_directories(fs::path(directory_).parent_path(), ignored);
    ::mkdir(directory_.c_str(), S_IRWXU);
  }
  const std::string path = file_of(kind, key);
  std::string temporary = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // made with mode 0600
  if (!file.is_open()) return;
  const bool written =
      write_all(file.number(), head_of(digits_of(kind, key), content)) && write_all(file.number(), content);
  // A reader sees the old file or the new one, never half of it.
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return;
  }
  prune(directory_);
}

}  // namespace weir
