#include "app/daemon/inotify_watches.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kEvents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF |
                             IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
constexpr size_t kDirectoriesMax = 4'096;
constexpr int kLinksMax = 40;  // as many as the kernel follows

bool is_hidden(std::string_view name) {
  return name.starts_with('.');
}

}  // namespace

std::optional<InotifyWatches> InotifyWatches::create(const std::vector<std::string>& paths) {
  InotifyWatches watches(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (watches.fd_ < 0) return std::nullopt;
  for (const std::string& path : paths)
    if (!watches.watch_way(path) || !watches.watch_tree(path)) return std::nullopt;
  return watches;
}

InotifyWatches::~InotifyWatches() {
  if (fd_ >= 0) close(fd_);
}
InotifyWatches::InotifyWatches(InotifyWatches&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), watched_(std::move(other.watched_)) {}
InotifyWatches& InotifyWatches::operator=(InotifyWatches&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(watched_, other.watched_);
  return *this;
}

/// Watches one name in the directory, or everything with an empty name. False when the system has no watch to give; a directory
/// that is gone by now, or that may not be read, is for the slow check to notice.
bool InotifyWatches::watch(const std::string& directory, std::string_view name) {
  const int descriptor = inotify_add_watch(fd_, directory.c_str(), kEvents);
  if (descriptor < 0) return errno != ENOSPC && errno != ENOMEM;
  Watched& watched = watched_[descriptor];
  if (name.empty()) {
    watched.everything = true;
  } else {
    watched.names.emplace(name);
  }
  return watched_.size() <= kDirectoriesMax;
}

/// Each directory on the way to the path, with the name that leads on from it; where that is a link, on through its target.
bool InotifyWatches::watch_way(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  std::deque<fs::path> rest(whole.begin(), whole.end());
  fs::path here = "/";
  for (int links = 0; !rest.empty();) {
    const fs::path name = std::move(rest.front());
    rest.pop_front();
    if (name.empty() || name == "." || name == "/") continue;
    if (name == "..") {
      here = here.parent_path();
      continue;
    }
    if (!watch(here.string(), name.string())) return false;
    const fs::path next = here / name;
    if (!fs::is_symlink(next, error)) {
      here = next;
      continue;
    }
    const fs::path target = fs::read_symlink(next, error);
    if (error || ++links > kLinksMax) return true;
    if (target.is_absolute()) here = "/";
    rest.insert(rest.begin(), target.begin(), target.end());
  }
  return true;
}

/// The directory and those below it; for files that are links, the ways to their targets.
bool InotifyWatches::watch_tree(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return true;
  if (!watch(path, {})) return false;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code status_error;
    if (is_hidden(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    } else if (entry->is_symlink(status_error)) {
      if (!watch_way(entry->path().string())) return false;
    } else if (entry->is_directory(status_error)) {
      if (!watch(entry->path().string(), {})) return false;
    }
  }
  return true;
}

bool InotifyWatches::concerns(int descriptor, std::string_view name) const {
  const auto found = watched_.find(descriptor);
  if (found == watched_.end()) return false;
  const Watched& watched = found->second;
  // Without a name the event is about the directory itself.
  return name.empty() || watched.names.contains(name) || (watched.everything && !is_hidden(name));
}

bool InotifyWatches::take_events() {
  alignas(inotify_event) std::array<char, 1 << 14> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  bool concerned = false;
  while (true) {
    const ssize_t got = read(fd_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return concerned;
    for (size_t at = 0; at < static_cast<size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      if ((event.mask & IN_Q_OVERFLOW) != 0 || concerns(event.wd, event.len == 0 ? std::string_view() : name))
        concerned = true;
      at += sizeof event + event.len;
    }
  }
}

}  // namespace weir
