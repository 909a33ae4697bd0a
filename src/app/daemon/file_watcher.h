#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "app/setup/content_digest.h"
#include "lane/log_sink.h"

namespace weir {

struct FileWatchOptions {
  std::vector<std::string> paths;  ///< rule directories and single files
  ContentDigest known;             ///< of the files as they were loaded, taken before they were
  /// A change is reported when the files have been still for this long: an editor or a copy takes several steps …
  std::chrono::milliseconds still{250};
  /// … but this long after the first step at the latest.
  std::chrono::milliseconds still_max{3'000};
  /// The files are also read so often, for file systems that report nothing (network mounts, some containers).
  std::chrono::milliseconds check_interval{30'000};
};

/// Tells when the content of files has changed, however that was done: written in place, renamed over, or swapped as a whole
/// directory through a symbolic link. What changes nothing in the content (touch, an editor's swap file) is not told.
///
/// Owner: the composition root. A thread of its own; the callback runs in it and should not block for long.
class FileWatcher {
 public:
  FileWatcher(FileWatchOptions options, std::function<void()> on_change, LogSink log);
  ~FileWatcher();
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

 private:
  /// What a wait ended with.
  enum class Woken { kStop, kEvents, kTime };

  void run();
  Woken wait(int watches_fd, std::chrono::milliseconds timeout) const;
  bool wait_until_still(class InotifyWatches& watches) const;

  FileWatchOptions options_;
  std::function<void()> on_change_;
  LogSink log_;
  int stop_fd_ = -1;
  std::thread thread_;
};

}  // namespace weir
