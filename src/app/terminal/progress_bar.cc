#include "app/terminal/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "app/terminal/terminal.h"

namespace weir {
namespace {

constexpr int kBarCells = 30;

}  // namespace

ProgressBar::ProgressBar() : enabled_(isatty(STDERR_FILENO) == 1) {}

void ProgressBar::update(uint64_t done, uint64_t total, uint64_t records) {
  if (!enabled_) return;
  const auto now = Clock::now();
  if (now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  drawn_ = true;
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now - started_).count());
  const std::string rate =
      with_separators(static_cast<uint64_t>(static_cast<double>(records) / seconds)) + " records/s";
  if (total == 0) {
    std::fprintf(stderr, "\r\033[K%s records  %s", with_separators(records).c_str(), rate.c_str());
  } else {
    const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const int filled = static_cast<int>(part * kBarCells);
    const double left = part > 0 ? seconds / part * (1 - part) : 0;
    std::fprintf(stderr, "\r\033[K[%s%s] %3d %%  %s records  %s  %d s left",
                 std::string(static_cast<size_t>(filled), '#').c_str(),
                 std::string(static_cast<size_t>(kBarCells - filled), '.').c_str(), static_cast<int>(part * 100),
                 with_separators(records).c_str(), rate.c_str(), static_cast<int>(left + 0.5));
  }
  std::fflush(stderr);
}

void ProgressBar::update_parts(uint64_t done, uint64_t total) {
  if (!enabled_ || total == 0) return;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  const double part = static_cast<double>(done) / static_cast<double>(total);
  const int filled = static_cast<int>(part * kBarCells);
  std::fprintf(stderr, "\r\033[K[%s%s] %s of %s  %d s left", std::string(static_cast<size_t>(filled), '#').c_str(),
               std::string(static_cast<size_t>(kBarCells - filled), '.').c_str(), with_separators(done).c_str(),
               with_separators(total).c_str(), part > 0 ? static_cast<int>(seconds / part * (1 - part) + 0.5) : 0);
  std::fflush(stderr);
}

void ProgressBar::finish() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace weir
