#pragma once

#include <cstdint>
#include <string>

namespace weir {

/// Which running weir to talk to, and as whom.
struct CtlArguments {
  std::string config_file;        ///< its http.address and http.port; defaults without one
  std::string address;            ///< instead of them: HOST:PORT, numeric
  std::string api_key_file;       ///< its first line is the key; else the variable WEIR_API_KEY
  std::string record_file = "-";  ///< of `analyze`: its first line; "-" is standard input
};

/// `weir ctl reload`: 0 when the rules were reloaded, 1 when they were refused (the answer says why) or nobody answered.
int run_ctl_reload(const CtlArguments& arguments);
/// `weir ctl status`
int run_ctl_status(const CtlArguments& arguments);
/// `weir ctl analyze`: what the running weir says of one record.
int run_ctl_analyze(const CtlArguments& arguments);

}  // namespace weir
