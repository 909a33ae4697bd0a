#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/setup/command_setup.h"
#include "base/enum_names.h"
#include "base/time.h"

namespace weir {

/// How one thing that was looked at is.
enum class DoctorVerdict : uint8_t { kOk, kWarning, kFailed, kSkipped };
template <>
inline constexpr auto kNamesOf<DoctorVerdict> = std::to_array<std::string_view>({"ok", "warning", "failed", "skipped"});

struct DoctorFinding {
  DoctorVerdict verdict = DoctorVerdict::kOk;
  std::string what;
};

/// What is to be done besides looking.
enum class TestRecord : uint8_t { kNone, kSent };

struct DoctorOptions {
  TestRecord record = TestRecord::kSent;  ///< one marked attack through the whole pipeline, to its alert
  Milliseconds alert_timeout{60'000};
};

struct DoctorReport {
  std::vector<DoctorFinding> findings;
  std::string status, metrics;  ///< of the weir that runs, if one answers

  [[nodiscard]] bool healthy() const;
};

/// Looks at all that a weir with this setup needs, and at the one that runs: versions and their known faults, brokers, topics, rights,
/// the running process, and a test record's way to its alert with the time that each step took. `told` hears each finding at once.
DoctorReport examine(const CommandSetup& setup, const DoctorOptions& options,
                     const std::function<void(const DoctorFinding&)>& told);

}  // namespace weir
