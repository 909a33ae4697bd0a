#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"

namespace CLI {
class App;
}

namespace weir {

/// Which running weir to talk to, and as whom.
struct AdminArguments {
  std::string config_file;   ///< its http.address and http.port; defaults without one
  std::string address;       ///< instead of them: HOST:PORT, numeric
  std::string api_key_file;  ///< its first line is the key; else the variable WEIR_API_KEY
};

/// --config, --address and --api-key-file.
void add_admin_options(CLI::App& command, AdminArguments& arguments);

/// A call to its admin API, without method and path.
Result<HttpCall> admin_call(const AdminArguments& arguments);

/// Makes the call and prints the answer; what is wrong goes to standard error behind the command's name. Returns the exit code.
int make_call(const HttpCall& call, const char* command);

/// The first line of a file ("-": standard input). kInvalidArgument when there is none.
Result<std::string> first_line_of(const std::string& file, size_t bytes_max);

/// A path's segment that stands for the text.
std::string encoded_segment(std::string_view text);

/// The seconds of "90s", "30m", "4h" or "7d"; "0" is none.
std::optional<int64_t> seconds_of(std::string_view text);

}  // namespace weir
