#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
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

/// A client that a call is about, and why.
struct ClientArguments {
  std::string client;  ///< as alerts name it
  std::string reason;  ///< of an order
};

/// CLIENT.
void add_client_option(CLI::App& command, ClientArguments& arguments);
/// --reason.
void add_reason_option(CLI::App& command, ClientArguments& arguments);

/// The path of calls about a client.
std::string client_path(const ClientArguments& arguments);

/// Gives an order about a client, `what` of the admin API, the reason added to its body. As make_call().
int order_about_client(const AdminArguments& admin, const ClientArguments& arguments, const char* what,
                       nlohmann::json body, const char* command);

/// The first line of a file ("-": standard input). kInvalidArgument when there is none.
Result<std::string> first_line_of(const std::string& file, size_t bytes_max);

/// A path's segment that stands for the text.
std::string encoded_segment(std::string_view text);

/// The seconds of an option's "90s", "30m", "4h" or "7d"; "0" is none. kInvalidArgument says what may stand there.
Result<int64_t> seconds_of(const char* option, std::string_view text);

}  // namespace weir
