#include "app/commands/command_line.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <string_view>

#include "app/commands/apikey_command.h"
#include "app/commands/config_command.h"
#include "app/commands/ctl_command.h"
#include "app/commands/explain_command.h"
#include "app/commands/policy_command.h"
#include "app/commands/rules_command.h"
#include "app/commands/run_command.h"
#include "app/commands/scan_command.h"
#include "app/demo/demo_command.h"
#include "app/setup/exit_code.h"
#include "base/crash_point.h"

namespace weir {
namespace {

/// The arguments of all commands; the parser writes into it, the command chosen reads its part.
struct Arguments {
  std::string daemon_config;
  ScanArguments scan;
  ExplainArguments explain;
  RulesArguments rules;
  PolicyArguments policy;
  std::string config_file;
  DemoArguments demo;
  ApiKeyArguments api_key;
  CtlArguments ctl;
  int exit_code = kExitFine;
};

void add_run(CLI::App& app, Arguments& arguments) {
  auto* run = app.add_subcommand("run", "Run the daemon: requests from Kafka in, alerts and metrics out");
  run->add_option("-c,--config", arguments.daemon_config, "Configuration file (YAML)")->required();
  run->footer(
      "Signals: SIGHUP reloads the rules, SIGTERM and SIGINT commit what is done and stop.\n"
      "Example: weir run --config /etc/weir/weir.yaml");
  run->callback([&] { arguments.exit_code = run_daemon(arguments.daemon_config); });
}

void add_scan(CLI::App& app, Arguments& arguments) {
  static const std::map<std::string, ScanOutput> kOutputs{
      {"alerts", ScanOutput::kAlerts}, {"verdicts", ScanOutput::kVerdicts}, {"summary", ScanOutput::kSummary}};
  auto& scan_arguments = arguments.scan;
  auto* scan = app.add_subcommand("scan", "Judge request logs (NDJSON) from files or standard input, without Kafka");
  scan->add_option("-c,--config", scan_arguments.config_file, "Configuration file (YAML); defaults without one");
  scan->add_option("-r,--rules", scan_arguments.rule_directories,
                   "Rule directory, instead of the configuration's; may be repeated")
      ->expected(1)
      ->allow_extra_args(false)  // else it would take the FILE that follows
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  scan->add_option("-p,--profile", scan_arguments.profile,
                   "Form of the records: flat, ecs, nginx, envoy, traefik, caddy");
  scan->add_option("-o,--output", scan_arguments.output,
                   "alerts: what the daemon would publish; verdicts: one line per record; summary: figures only")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case))
      ->option_text("alerts|verdicts|summary [alerts]")
      ->default_str("alerts");
  scan->add_option("--json", scan_arguments.json_file, "Write the figures to this file as JSON");
  scan->add_flag("--close-episodes", scan_arguments.close_episodes,
                 "At the end, also print the closing alert of every open episode");
  scan->add_option("FILE", scan_arguments.files, "Files to read; - is standard input")->required();
  scan->footer(
      "Example: weir scan --profile nginx --output verdicts access.json | jq 'select(.malicious)'\n"
      "Exit codes: 0 fine, 1 a file could not be read or judged, 2 wrong usage or configuration.");
  scan->callback([&] { arguments.exit_code = run_scan(arguments.scan); });
}

void add_explain(CLI::App& app, Arguments& arguments) {
  auto& explain_arguments = arguments.explain;
  auto* explain =
      app.add_subcommand("explain", "Show for one record every decode step, every hit and the parts of its score");
  explain->add_option("-c,--config", explain_arguments.config_file, "Configuration file (YAML); defaults without one");
  explain
      ->add_option("-r,--rules", explain_arguments.rule_directories,
                   "Rule directory, instead of the configuration's; may be repeated")
      ->expected(1)
      ->allow_extra_args(false)  // else it would take the FILE that follows
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  explain->add_option("-p,--profile", explain_arguments.profile,
                      "Form of the record: flat, ecs, nginx, envoy, traefik, caddy");
  explain->add_option("--record", explain_arguments.record, "The record itself, as one JSON object");
  explain->add_option("FILE", explain_arguments.file, "A file whose first line is explained; - is standard input")
      ->default_str("-");
  explain->footer(
      R"(Example: weir explain --record '{"ts":"2025-01-15T00:00:00Z","ip":"192.0.2.1","method":"GET","path":"/","query":"id=1%27%20OR%201=1--"}')");
  explain->callback([&] { arguments.exit_code = run_explain(arguments.explain); });
}

void add_rules(CLI::App& app, Arguments& arguments) {
  auto* rules = app.add_subcommand("rules", "Work on detection rules (Sigma)");
  rules->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*command)(const RulesArguments&)) {
    auto* sub = rules->add_subcommand(name, help);
    sub->add_option("-c,--config", arguments.rules.config_file, "Configuration file (YAML); defaults without one");
    sub->add_option("DIR", arguments.rules.directories, "Rule directories or files; the installed rules without one");
    sub->callback([&arguments, command] { arguments.exit_code = command(arguments.rules); });
    return sub;
  };
  add("test", "Run every rule's positive and negative examples", run_rules_test)
      ->add_option("--junit", arguments.rules.junit_file, "Write the results to this file as JUnit XML");
  add("lint", "Report what the specification forbids, with file and line", run_rules_lint);
  add("list", "Print one line per rule, its id first", run_rules_list);
  auto* cost = add("cost", "Measure each rule's share of the scan time, leaving out one at a time", run_rules_cost);
  cost->add_option(
      "--sample", arguments.rules.sample_file,
      "NDJSON records (flat profile) to measure on; without one, generated traffic and the rules' examples");
  cost->add_option("--rule", arguments.rules.only, "Measure only the rule with this id; may be repeated")
      ->option_text("ID")
      ->allow_extra_args(false);
  cost->add_option("--json", arguments.rules.json_file, "Write the figures to this file as JSON");
  cost->add_option("--fail-above,--max-percent", arguments.rules.share_max_percent,
                   "Exit with 1 when a rule's share is above this, in every measurement")
      ->option_text("PERCENT");
}

void add_policy(CLI::App& app, Arguments& arguments) {
  auto* policy = app.add_subcommand("policy", "Work on the policy: routes, forms of parameters, exclusions");
  policy->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, const char* file_help,
                       int (*command)(const PolicyArguments&)) {
    auto* sub = policy->add_subcommand(name, help);
    sub->add_option("FILE", arguments.policy.file, file_help)->required();
    sub->callback([&arguments, command] { arguments.exit_code = command(arguments.policy); });
    return sub;
  };
  const char* policy_file = "Policy file, or a configuration with the section policy";
  add("check", "Report every error of a policy at once", policy_file, run_policy_check);
  auto* routes = add("routes", "List the routes, or say which one a request takes", policy_file, run_policy_routes);
  routes->add_option("METHOD", arguments.policy.method, "The request's method");
  routes->add_option("URL", arguments.policy.target, "The request's URL or path");
  routes->footer("Example: weir policy routes policy.yaml POST https://shop.example.com/login");
  add("import", "Make a policy of an OpenAPI 3 document, on standard output",
      "OpenAPI 3.0 or 3.1 document, YAML or JSON", run_policy_import);
}

void add_config(CLI::App& app, Arguments& arguments) {
  auto* config = app.add_subcommand("config", "Check and show the configuration");
  config->require_subcommand(1);
  auto* check = config->add_subcommand("check", "Report every error of a configuration file at once");
  check->add_option("FILE", arguments.config_file, "Configuration file (YAML)")->required();
  check->callback([&] { arguments.exit_code = run_config_check(arguments.config_file); });
  auto* print = config->add_subcommand("print", "Print the effective configuration, secrets masked");
  print->add_option("FILE", arguments.config_file, "Configuration file (YAML)")->required();
  print->callback([&] { arguments.exit_code = run_config_print(arguments.config_file); });
  config->add_subcommand("schema", "Print the JSON Schema of the file, for editors")->callback([&] {
    arguments.exit_code = run_config_schema();
  });
  config->add_subcommand("reference", "Print the reference of all properties as Markdown")->callback([&] {
    arguments.exit_code = run_config_reference();
  });
}

void add_apikey(CLI::App& app, Arguments& arguments) {
  auto* apikey = app.add_subcommand("apikey", "Make and look at keys for the admin API");
  apikey->require_subcommand(1);
  apikey->footer(
      "A key is read from standard input when none is given, so that no shell history keeps it.\n"
      "Example: weir apikey generate > key && weir apikey hash < key");
  const auto add = [&](const char* name, const char* help, int (*command)(const ApiKeyArguments&)) {
    auto* sub = apikey->add_subcommand(name, help);
    sub->callback([&arguments, command] { arguments.exit_code = command(arguments.api_key); });
    return sub;
  };
  add("generate", "Print a new key, and its line for http.api_keys_file on standard error", run_apikey_generate)
      ->add_option("--prefix", arguments.api_key.prefix, "Two to four lower-case letters")
      ->capture_default_str();
  for (auto* sub : {add("hash", "Print the key's hash, as http.api_keys_file holds it", run_apikey_hash),
                    add("check", "Say whether a text has the form of a key", run_apikey_check),
                    add("mask", "Print what may be shown of a key", run_apikey_mask)})
    sub->add_option("KEY", arguments.api_key.key, "The key; without one, the first line of standard input");
}

void add_ctl(CLI::App& app, Arguments& arguments) {
  auto* ctl = app.add_subcommand("ctl", "Talk to a running weir through its admin API");
  ctl->require_subcommand(1);
  ctl->footer("The key, if one is needed, comes from --api-key-file or the variable WEIR_API_KEY.");
  const auto add = [&](const char* name, const char* help, int (*command)(const CtlArguments&)) {
    auto* sub = ctl->add_subcommand(name, help);
    sub->add_option("-c,--config", arguments.ctl.config_file, "Configuration file that says where it listens");
    sub->add_option("-a,--address", arguments.ctl.address, "Where it listens [127.0.0.1:9464]");
    sub->add_option("--api-key-file", arguments.ctl.api_key_file, "File whose first line is the key");
    sub->callback([&arguments, command] { arguments.exit_code = command(arguments.ctl); });
    return sub;
  };
  add("reload", "Reload the rules; print what came of it", run_ctl_reload);
  add("status", "Print version, rules, lanes and lag", run_ctl_status);
  add("analyze", "Print what it makes of one record", run_ctl_analyze)
      ->add_option("FILE", arguments.ctl.record_file, "A file whose first line is the record; - is standard input")
      ->default_str("-");
}

void add_demo(CLI::App& app, Arguments& arguments) {
  auto& demo_arguments = arguments.demo;
  auto* demo = app.add_subcommand("demo", "Run the whole pipeline on an embedded Kafka with generated traffic");
  demo->add_option("--seconds", demo_arguments.seconds, "Stop after this time; 0: run until interrupted")
      ->default_val(0);
  demo->add_option("--rate", demo_arguments.rate, "Records a second")
      ->default_val(2'000)
      ->check(CLI::Range(1, 100'000));
  demo->add_option("--seed", demo_arguments.seed, "Seed of the traffic")->default_val(7);
  demo->add_option("--port", demo_arguments.port, "Port of /metrics and the probes; 0: any free one")
      ->default_val(9464);
  demo->add_option("--json", demo_arguments.json_file, "Write the figures to this file as JSON");
  demo->callback([&] { arguments.exit_code = run_demo(arguments.demo); });
}

/// For the fault tests: the points of WEIR_CRASH_AT that this build knows, one a line; none in a shipped build.
int print_crash_points() {
#ifdef WEIR_CRASH_POINTS
  for (const std::string_view point : kCrashPoints)
    std::printf("%.*s\n", static_cast<int>(point.size()), point.data());
#endif
  return kExitFine;
}

/// The library itself would only say that a command is missing.
bool has_command(const CLI::App& app, const std::string& name) {
  const auto commands = app.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  return !commands.empty();
}

}  // namespace

int run_command_line(int argc, char* argv[]) {
  if (argc == 2 && std::string_view(argv[1]) == "--crash-points") return print_crash_points();
  Arguments arguments;
  CLI::App app{"weir: finds attacks and abuse in a stream of HTTP request logs", "weir"};
  app.set_version_flag("--version", std::string("weir ") + WEIR_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  add_run(app, arguments);
  add_scan(app, arguments);
  add_explain(app, arguments);
  add_rules(app, arguments);
  add_policy(app, arguments);
  add_config(app, arguments);
  add_apikey(app, arguments);
  add_ctl(app, arguments);
  add_demo(app, arguments);
  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
    std::fprintf(stderr, "weir: there is no command '%s'; weir --help lists them\n", argv[1]);
    return kExitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" to the library, with exit code 0.
    return app.exit(error) == 0 ? kExitFine : kExitUsage;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir: %s\n", error.what());
    return kExitFailed;
  }
  return arguments.exit_code;
}

}  // namespace weir
