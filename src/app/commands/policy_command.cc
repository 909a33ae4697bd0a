#include "app/commands/policy_command.h"

#include <cstdio>

#include "app/setup/exit_code.h"
#include "app/setup/policy_report.h"
#include "config/config.h"
#include "config/policy/openapi_import.h"
#include "config/policy/policy_reader.h"
#include "config/policy/policy_writer.h"
#include "policy/policy.h"

namespace weir {
namespace {

constexpr size_t kDocumentBytesMax = 16 << 20;

void print(const Diagnostics& diagnostics) {
  for (const auto& diagnostic : diagnostics)
    std::fprintf(stderr, "%s\n", diagnostic.to_string().c_str());
}

/// Reads and compiles; all findings are printed. Null when there was an error.
std::shared_ptr<const Policy> load(const std::string& file) {
  Diagnostics diagnostics;
  std::shared_ptr<const Policy> policy;
  if (auto spec = read_policy_file(file, diagnostics); spec && !has_errors(diagnostics)) {
    auto compiled = Policy::compile(std::move(*spec), SecurityLevel::kStandard, diagnostics);
    if (compiled) policy = std::move(*compiled);
  }
  print(diagnostics);
  return policy;
}

std::string joined(const std::vector<std::string>& texts, const char* none) {
  std::string text;
  for (const auto& one : texts)
    text += (text.empty() ? "" : ",") + one;
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

}  // namespace

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
  print(diagnostics);
  if (has_errors(diagnostics)) return kExitUsage;
  std::printf("# Made from %s by weir policy import. Name it under policy.files.\n%s", arguments.file.c_str(),
              printed.c_str());
  return kExitFine;
}

int run_policy_check(const PolicyArguments& arguments) {
  const auto policy = load(arguments.file);
  if (!policy) return kExitUsage;
  std::printf("%s: fine, %zu routes, %zu exclusions\n", arguments.file.c_str(), policy->routes().size() - 1,
              policy->spec().exclusions.size());
  return kExitFine;
}

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

}  // namespace weir
