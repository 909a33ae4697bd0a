#include "app/setup/report.h"

#include <cstdio>
#include <fstream>

#include "app/setup/exit_code.h"

namespace weir {

void print_findings(const Diagnostics& findings) {
  for (const Diagnostic& finding : findings)
    std::fprintf(stderr, "%s\n", finding.to_string().c_str());
}

int report_usage_error(const Error& error) {
  std::fprintf(stderr, "weir: %s\n", error.to_string().c_str());
  return kExitUsage;
}

int report_failure(std::string_view command, const Error& error) {
  std::fprintf(stderr, "weir %.*s: %s\n", static_cast<int>(command.size()), command.data(), error.to_string().c_str());
  return kExitFailed;
}

int report_error(std::string_view command, const Error& error) {
  return error.code == ErrorCode::kInvalidArgument ? report_usage_error(error) : report_failure(command, error);
}

bool write_file(std::string_view command, const std::string& file, std::string_view text) {
  std::ofstream stream(file);
  stream << text;
  if (stream.flush()) return true;
  std::fprintf(stderr, "weir %.*s: cannot write %s\n", static_cast<int>(command.size()), command.data(), file.c_str());
  return false;
}

}  // namespace weir
