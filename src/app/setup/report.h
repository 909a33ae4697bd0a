#pragma once

#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "base/result.h"

namespace weir {

/// Each finding on a line of standard error.
void print_findings(const Diagnostics& findings);

/// Prints the error and gives the exit code for wrong usage or configuration.
int report_usage_error(const Error& error);

/// Prints the error for `command` ("rules try") and gives the exit code for work that failed.
int report_failure(std::string_view command, const Error& error);
/// As report_failure(), but what was asked wrongly (ErrorCode::kInvalidArgument) is wrong usage.
int report_error(std::string_view command, const Error& error);

/// Writes a file that a command line names, for `command` ("scan"). False when it cannot, which is then on standard error.
bool write_file(std::string_view command, const std::string& file, std::string_view text);

}  // namespace weir
