#pragma once

namespace weir {

/// Exit codes are part of the interface: scripts and service managers rely on them.
enum ExitCode : int {
  kExitFine = 0,
  kExitFailed = 1,  ///< failed at run time
  kExitUsage = 2,   ///< wrong usage or configuration
};

}  // namespace weir
