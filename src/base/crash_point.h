#pragma once

#include <array>
#include <string_view>

#ifdef WEIR_CRASH_POINTS
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#endif

// Named points at which a test lets the process die as if by kill -9, to show that no moment loses or repeats anything.
// Compiled in with the CMake option WEIR_CRASH_POINTS only; never in what is shipped.
namespace weir {

/// Every point of a lane as <stage>.<point>, in the order in which it passes them. `weir --crash-points` prints the list. Outside the
/// lanes there is move.before_commit: `weir state move` has written some of the new state.
inline constexpr std::array<std::string_view, 24> kCrashPoints{
    "detect.prepare",       // the producer is ready, the group not joined
    "detect.assign",        // partitions assigned, nothing read
    "detect.poll",          // a batch was read
    "detect.begin",         // a transaction began
    "detect.produce",       // a message of it was queued
    "detect.process",       // the whole batch was worked on
    "detect.batch_done",    // its offsets belong to the next commit
    "detect.flush",         // the broker has all output of the transaction
    "detect.send_offsets",  // and the offsets (at_least_once: they are committed)
    "detect.before_commit", "detect.after_commit",
    "detect.revoke",  // partitions are about to go
    "score.restore",  // the state topic was read
    "score.assign",         "score.poll",          "score.begin",         "score.produce",      "score.process",
    "score.flush",          "score.send_offsets",  "score.before_commit", "score.after_commit",
    "score.snapshot",  // chunks of state were taken for the next transaction
    "score.revoke",
};

#ifdef WEIR_CRASH_POINTS

namespace crash {

/// $WEIR_CRASH_AT: "stage.point" or "stage.point:n" for the n-th pass, counted over all lanes of the process.
struct Target {
  std::string_view name;
  int64_t pass = 1;

  static Target from_environment() {
    const char* text = std::getenv("WEIR_CRASH_AT");
    if (text == nullptr) return {};
    Target target{text};
    const auto colon = target.name.find(':');
    if (colon == std::string_view::npos) return target;
    const std::string_view number = target.name.substr(colon + 1);
    std::from_chars(number.data(), number.data() + number.size(), target.pass);
    target.name = target.name.substr(0, colon);
    return target;
  }
};

inline void pass(std::string_view stage, std::string_view point) {
  static const Target target = Target::from_environment();
  static std::atomic<int64_t> passes{0};
  const bool here = target.name.size() == stage.size() + 1 + point.size() && target.name.starts_with(stage) &&
                    target.name[stage.size()] == '.' && target.name.ends_with(point);
  if (here && ++passes == target.pass) std::raise(SIGKILL);
}

/// $WEIR_CRASH_ON: "stage:text". Each record of the stage that contains the text crashes the process as a bad pointer would.
inline void on_record(std::string_view stage, std::string_view payload) {
  static const char* const text = std::getenv("WEIR_CRASH_ON");
  if (text == nullptr) return;
  const std::string_view target(text);
  const auto colon = target.find(':');
  if (target.substr(0, colon) != stage || payload.find(target.substr(colon + 1)) == std::string_view::npos) return;
  std::raise(SIGSEGV);
}

}  // namespace crash

#define WEIR_CRASH_ON_RECORD(stage, payload) ::weir::crash::on_record(stage, payload)
#define WEIR_CRASH_POINT(stage, point) ::weir::crash::pass(stage, point)
#else
#define WEIR_CRASH_ON_RECORD(stage, payload) static_cast<void>(0)
#define WEIR_CRASH_POINT(stage, point) static_cast<void>(0)
#endif

}  // namespace weir
