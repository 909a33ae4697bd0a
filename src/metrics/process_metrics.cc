#include "metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace weir {
namespace {

// Positions among the fields after the command, counted from 0 (proc(5) counts from 1 and includes pid and command).
constexpr size_t kUserTicks = 11;
constexpr size_t kSystemTicks = 12;
constexpr size_t kThreads = 17;
constexpr size_t kStartTicks = 19;
constexpr size_t kVirtualBytes = 20;
constexpr size_t kResidentPages = 21;
constexpr size_t kFieldsNeeded = 22;

double seconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// The epoch time of the boot. /proc/stat says it too, but systemd hides that file under ProcSubset=pid.
double boot_time_seconds() {
  timespec now{};
  timespec since_boot{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return seconds(now) - seconds(since_boot);
}

uint64_t count_open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (!directory) return 0;
  uint64_t entries = 0;
  while (readdir(directory.get()) != nullptr)
    ++entries;
  constexpr uint64_t kNotOurs = 3;  // ".", ".." and the descriptor of this listing
  return entries > kNotOurs ? entries - kNotOurs : 0;
}

/// The line of version 2 in /proc/self/cgroup: "0::/system.slice/weir.service".
std::optional<std::string> own_group() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with("0::/")) return line.substr(3);
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> memory_limit_of(const std::string& root, std::string group) {
  std::optional<uint64_t> least;
  while (true) {
    std::ifstream file(root + group + "/memory.max");
    uint64_t limit = 0;  // "max" is no number
    if (file >> limit) least = std::min(least.value_or(limit), limit);
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) return least;
    group.resize(slash);
  }
}

std::optional<ProcStat> parse_proc_stat(std::string_view line) {
  const size_t command_end = line.rfind(')');
  if (command_end == std::string_view::npos) return std::nullopt;
  std::array<std::string_view, kFieldsNeeded> fields;
  size_t count = 0;
  size_t at = command_end + 1;
  while (count < kFieldsNeeded) {
    const size_t begin = line.find_first_not_of(" \n", at);
    if (begin == std::string_view::npos) return std::nullopt;
    const size_t end = std::min(line.find_first_of(" \n", begin), line.size());
    fields[count++] = line.substr(begin, end - begin);
    at = end;
  }
  bool whole = true;
  const auto number = [&](size_t field) {
    uint64_t value = 0;
    const std::string_view text = fields[field];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    whole = whole && error == std::errc() && end == text.data() + text.size();
    return value;
  };
  const ProcStat stat{number(kUserTicks),  number(kSystemTicks),  number(kThreads),
                      number(kStartTicks), number(kVirtualBytes), number(kResidentPages)};
  return whole ? std::optional(stat) : std::nullopt;
}

std::optional<ProcessStatistics> read_process_statistics() {
  std::ifstream file("/proc/self/stat");
  const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::optional<ProcStat> stat = parse_proc_stat(line);
  if (!stat) return std::nullopt;
  static const double kTicksPerSecond = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const auto kPageBytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  // Once: otherwise a step of the wall clock would seem a restart of the process.
  static const double kBootTime = boot_time_seconds();
  ProcessStatistics statistics;
  statistics.cpu_seconds = static_cast<double>(stat->user_ticks + stat->system_ticks) / kTicksPerSecond;
  statistics.start_time_seconds = kBootTime + static_cast<double>(stat->start_ticks) / kTicksPerSecond;
  statistics.resident_bytes = stat->resident_pages * kPageBytes;
  statistics.virtual_bytes = stat->virtual_bytes;
  statistics.threads = stat->threads;
  statistics.open_fds = count_open_fds();
  rlimit limit{};
  if (const auto group = own_group()) statistics.memory_limit_bytes = memory_limit_of("/sys/fs/cgroup", *group);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) statistics.max_fds = limit.rlim_cur;
  return statistics;
}

}  // namespace weir
