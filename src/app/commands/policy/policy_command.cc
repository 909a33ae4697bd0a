#include <CLI/App.hpp>

#include <chrono>
#include <cstdio>
#include <memory>

#include "app/commands/command.h"
#include "app/commands/policy/policy_drift_command.h"
#include "app/commands/policy/policy_exclude_command.h"
#include "app/commands/policy/policy_learn_command.h"
#include "app/setup/exit_code.h"
#include "app/setup/policy_report.h"
#include "app/setup/report.h"
#include "config/config.h"
#include "config/policy/openapi_import.h"
#include "config/policy/policy_reader.h"
#include "config/policy/policy_writer.h"
#include "policy/policy.h"

namespace weir {
namespace {

constexpr size_t kDocumentBytesMax = 16 << 20;

struct PolicyArguments {
  std::string file;    ///< of a policy or a configuration; an OpenAPI document for `import`
  std::string method;  ///< of the request whose route is asked for
  std::string target;  ///< its URL or path; empty: none is asked for
};

/// Reads and compiles; all findings are printed. Null when there was an error.
std::shared_ptr<const Policy> load(const std::string& file) {
  Diagnostics diagnostics;
  std::shared_ptr<const Policy> policy;
  if (auto spec = read_policy_file(file, diagnostics); spec && !has_errors(diagnostics)) {
    auto compiled = Policy::compile(std::move(*spec), SecurityLevel::kStandard, diagnostics);
    if (compiled) policy = std::move(*compiled);
  }
  print_findings(diagnostics);
  return policy;
}

std::string joined(const std::vector<std::string>& texts, const char* none) {
  std::string text;
  for (const auto& item : texts)
    text += (text.empty() ? "" : ",") + item;
  return text.empty() ? none : text;
}

void print_route(const RouteSpec& spec, const Route& route) {
  std::printf("%-24s %s%s  %s, %zu parameters%s\n", joined(spec.methods, "any method").c_str(), spec.host.c_str(),
              spec.path.c_str(), std::string(to_string(route.level)).c_str(), route.parameters.size(),
              spec.name.empty() ? "" : ("  (" + spec.name + ")").c_str());
}

/// "https://host/path?query" or "/path".
void split_target(std::string_view target, Event& event) {
  if (const size_t scheme = target.find("://"); scheme != std::string_view::npos) {
    event.scheme = target.substr(0, scheme);
    target.remove_prefix(scheme + 3);
    event.host = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(event.host.size());
  }
  const size_t query = target.find('?');
  event.path = target.substr(0, query);
  if (query != std::string_view::npos) event.query = target.substr(query + 1);
}

/// `weir policy import`: an OpenAPI 3 document's policy on standard output.
int run_policy_import(const PolicyArguments& arguments) {
  const auto text = read_whole_file(arguments.file, kDocumentBytesMax);
  if (!text) {
    std::fprintf(stderr, "weir policy: %s\n", text.error().detail.c_str());
    return kExitFailed;
  }
  Diagnostics diagnostics;
  PolicySpec spec = import_openapi(*text, arguments.file, diagnostics);
  const std::string printed = print_policy(spec);
  if (!has_errors(diagnostics)) (void)Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  print_findings(diagnostics);
  if (has_errors(diagnostics)) return kExitUsage;
  std::printf("# Made from %s by weir policy import. Name it under policy.files.\n%s", arguments.file.c_str(),
              printed.c_str());
  return kExitFine;
}

/// `weir policy check`: every error of a policy at once.
int run_policy_check(const PolicyArguments& arguments) {
  const auto policy = load(arguments.file);
  if (!policy) return kExitUsage;
  const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
  print_findings(expired_exclusions(*policy, EventTime(now)));
  std::printf("%s: fine, %zu routes, %zu exclusions\n", arguments.file.c_str(), policy->routes().size() - 1,
              policy->spec().exclusions.size());
  return kExitFine;
}

/// `weir policy routes`: one line per route, or the route that one request takes.
int run_policy_routes(const PolicyArguments& arguments) {
  const auto policy = load(arguments.file);
  if (!policy) return kExitUsage;
  const auto& specs = policy->spec().routes;
  if (arguments.target.empty()) {
    for (size_t i = 0; i < specs.size(); ++i)
      print_route(specs[i], policy->routes()[i + 1]);
    return kExitFine;
  }
  Event event;
  event.method = arguments.method;
  split_target(arguments.target, event);
  RequestPath path;
  const uint32_t route = policy->route_of(event, path);
  if (route == 0) {
    std::printf("the default route\n");
  } else {
    print_route(specs[route - 1], policy->routes()[route]);
  }
  return kExitFine;
}

}  // namespace

void add_policy_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<PolicyArguments>();
  auto* policy = program.add_subcommand("policy", "Work on the policy: routes, forms of parameters, exclusions");
  policy->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, const char* file_help,
                       int (*command)(const PolicyArguments&)) {
    auto* sub = policy->add_subcommand(name, help);
    sub->add_option("FILE", arguments->file, file_help)->required();
    sub->callback([arguments, command, &exit_code] { exit_code = command(*arguments); });
    return sub;
  };
  const char* policy_file = "Policy file, or a configuration with the section policy";
  add("check", "Report every error of a policy at once", policy_file, run_policy_check);
  auto* routes = add("routes", "List the routes, or say which one a request takes", policy_file, run_policy_routes);
  routes->add_option("METHOD", arguments->method, "The request's method");
  routes->add_option("URL", arguments->target, "The request's URL or path");
  routes->footer("Example: weir policy routes policy.yaml POST https://shop.example.com/login");
  add("import", "Make a policy of an OpenAPI 3 document, on standard output",
      "OpenAPI 3.0 or 3.1 document, YAML or JSON", run_policy_import);
  add_policy_exclude(*policy, exit_code);
  add_policy_learn(*policy, exit_code);
  add_policy_drift(*policy, exit_code);
}

}  // namespace weir
