#pragma once

#include <string>

namespace weir {

struct PolicyArguments {
  std::string file;    ///< of a policy or a configuration; an OpenAPI document for `import`
  std::string method;  ///< of the request whose route is asked for
  std::string target;  ///< its URL or path; empty: none is asked for
};

/// `weir policy import`: an OpenAPI 3 document's policy on standard output.
int run_policy_import(const PolicyArguments& arguments);
/// `weir policy check`: every error of a policy at once.
int run_policy_check(const PolicyArguments& arguments);
/// `weir policy routes`: one line per route, or the route that one request takes.
int run_policy_routes(const PolicyArguments& arguments);

}  // namespace weir
