#pragma once

#include <string>
#include <vector>

namespace weir {

struct ExplainArguments {
  std::string config_file;
  std::vector<std::string> rule_directories;
  std::string profile;
  std::string file = "-";  ///< its first line is explained; "-" is standard input
  std::string record;      ///< given on the command line instead of a file
};

/// `weir explain`: one record, step by step (DE14): the event, every decoded line and how it was decoded, every hit with
/// its span, the parts of the score, the client. Secrets are masked. Returns the exit code.
int run_explain(const ExplainArguments& arguments);

}  // namespace weir
