#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir {

/// The directories in which a change can be a change of the files below some paths: the directories themselves, and those
/// that hold a part of the way there, symbolic links included. So files written in place, files renamed over others,
/// directories swapped through a link and directories that come into being are all seen.
///
/// Made anew after each change, since a change may change the way. Not thread-safe.
class InotifyWatches {
 public:
  /// Nothing when the system has no more watches to give (fs.inotify.max_user_watches) or no descriptor.
  static std::optional<InotifyWatches> create(const std::vector<std::string>& paths);
  ~InotifyWatches();
  InotifyWatches(InotifyWatches&& other) noexcept;
  InotifyWatches& operator=(InotifyWatches&& other) noexcept;

  /// Readable when something has happened; for poll().
  [[nodiscard]] int fd() const { return fd_; }

  /// Takes all events that are there. True if one of them may concern the files. Does not block.
  bool take_events();

 private:
  /// What matters in one directory.
  struct Watched {
    bool everything = false;
    std::set<std::string, std::less<>> names;
  };

  explicit InotifyWatches(int fd) : fd_(fd) {}
  bool watch(const std::string& directory, std::string_view name);
  bool watch_way(const std::string& path);
  bool watch_tree(const std::string& path);
  [[nodiscard]] bool concerns(int descriptor, std::string_view name) const;

  int fd_ = -1;
  std::map<int, Watched> watched_;
};

}  // namespace weir
