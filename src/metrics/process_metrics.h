#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// What the kernel says about this process.
struct ProcessStatistics {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  ///< since the epoch
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t threads = 0;
  uint64_t open_fds = 0;
  uint64_t max_fds = 0;
  std::optional<uint64_t> memory_limit_bytes;  ///< of the control group or one above it; nothing: none
};

/// The fields of /proc/[pid]/stat that weir exports; times in clock ticks (proc(5)).
struct ProcStat {
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t threads = 0;
  uint64_t start_ticks = 0;
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};

/// Nothing if the text is no whole stat line. The command in it may hold spaces and parentheses.
std::optional<ProcStat> parse_proc_stat(std::string_view line);

/// The least memory limit of a control group and those above it, version 2. `group` is as in /proc/self/cgroup ("/a/b"), `root` where the
/// hierarchy is mounted. Nothing where none has a limit.
std::optional<uint64_t> memory_limit_of(const std::string& root, std::string group);

/// Reads /proc/self. Nothing if /proc is not mounted. Needs no more of /proc than the process's own entries, so it works
/// under systemd's ProcSubset=pid.
std::optional<ProcessStatistics> read_process_statistics();

}  // namespace weir
