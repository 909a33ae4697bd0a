#include <CLI/App.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "app/commands/command.h"
#include "app/input/line_reader.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/form_report.h"
#include "app/setup/report.h"
#include "app/setup/sample_check.h"
#include "app/setup/source_readings.h"
#include "config/config.h"
#include "kafka/check/cluster_check.h"

namespace weir {
namespace {

constexpr size_t kSampleRecordsMax = 10'000;
constexpr size_t kSampleLineBytesMax = 1 << 20;

struct ConfigArguments {
  std::string file;
  std::string source;  ///< empty: all there are
  std::string sample;  ///< file with records; empty: none
  bool broker = false;
};

void print_fit(const std::string& sample, const SourceConfig& source, const SampleFit& fit) {
  std::printf("%s, read as source %s (%s): %zu of %zu records fit, %zu requests\n", sample.c_str(), source.name.c_str(),
              source.input.profile.name.c_str(), fit.fitting, fit.records, fit.requests);
  if (!fit.refusal.empty()) std::printf("  the first that does not fit: %s\n", fit.refusal.c_str());
  for (const ProfileFieldIndex field : fit.missing)
    std::printf("  no request has: %s\n", std::string(field_name(field)).c_str());
}

/// What the sample looks like, and the lines to write.
void print_form(const std::vector<std::string_view>& records, const Config& config) {
  const Recognition recognition = recognise_format(records, InputOptions{}, config.profile_catalog());
  const RecognitionCandidate* best = recognition.best();
  if (best == nullptr) {
    std::printf("no profile reads it (weir profiles list; docs/profiles.md tells how to write one)\n");
    return;
  }
  std::printf("it looks like %s, %zu of %zu records; for the configuration, in input or in the source:\n",
              describe(*best).c_str(), best->lines_read, recognition.lines);
  for (const std::string& line : configuration_lines(*best))
    std::printf("  %s\n", line.c_str());
}

/// Whether a sample fits the sources, or the one that is named: exit code 1 when most of it fits none of them.
int check_sample(const ConfigArguments& arguments, const Config& config) {
  std::vector<SourceConfig> sources = config.all_sources();
  if (!arguments.source.empty()) {
    const auto chosen = config_of_source(config, arguments.source);
    if (!chosen) {
      std::fprintf(stderr, "weir config: %s\n", chosen.error().detail.c_str());
      return kExitUsage;
    }
    sources = chosen->all_sources();
  }
  LineReader reader(arguments.sample, kSampleLineBytesMax);
  std::vector<std::string_view> records;
  auto read = reader.open();
  if (read) read = reader.read(kSampleRecordsMax, records);
  if (!read) {
    std::fprintf(stderr, "weir config: %s\n", read.error().to_string().c_str());
    return kExitFailed;
  }
  bool fits = false;
  for (const SourceConfig& source : sources) {
    const SampleFit fit = fit_sample(records, source);
    print_fit(arguments.sample, source, fit);
    fits = fits || fit.is_good();
  }
  if (!fits) print_form(records, config);
  return fits ? kExitFine : kExitFailed;
}

/// `weir config check FILE`: all that `weir run` looks at before it needs a broker; exit code 2 when there is an error. With
/// --broker also what the cluster must be like and allow; 1 when it is not or does not. With --sample whether records fit.
int run_config_check(const ConfigArguments& check) {
  SetupArguments arguments;
  arguments.config_file = check.file;
  arguments.surroundings = Surroundings::kChecked;
  arguments.sources = SetupArguments::Sources::kAll;
  const auto setup = prepare_command(arguments);
  if (!setup) return report_usage_error(setup.error());
  if (check.broker) {
    const Diagnostics findings = check_cluster(setup->config);
    print_findings(findings);
    if (has_errors(findings)) return kExitFailed;
  }
  std::printf("%s: fine\n", check.file.c_str());
  return check.sample.empty() ? kExitFine : check_sample(check, setup->config);
}

/// `weir config print FILE`: the effective configuration with defaults and environment applied, secrets masked.
int run_config_print(const ConfigArguments& arguments) {
  auto config = read_config(arguments.file);
  if (!config) return kExitUsage;
  if (!arguments.source.empty()) {
    auto chosen = config_of_source(*config, arguments.source);
    if (!chosen) {
      std::fprintf(stderr, "weir config: %s\n", chosen.error().detail.c_str());
      return kExitUsage;
    }
    config = std::move(*chosen);
  }
  std::fputs(print_config(*config).c_str(), stdout);
  return kExitFine;
}

}  // namespace

void add_config_command(CLI::App& program, int& exit_code) {
  auto* config = program.add_subcommand("config", "Check and show the configuration");
  config->require_subcommand(1);
  auto arguments = std::make_shared<ConfigArguments>();
  const auto add_for_file = [&](const char* name, const char* help, int (*command)(const ConfigArguments&)) {
    auto* sub = config->add_subcommand(name, help);
    sub->add_option("FILE", arguments->file, "Configuration file (YAML)")->required();
    sub->add_option("--source", arguments->source, "Only this one of its sources")->option_text("NAME");
    sub->callback([arguments, command, &exit_code] { exit_code = command(*arguments); });
    return sub;
  };
  const auto add_text = [&](const char* name, const char* help, std::string (*text)()) {
    config->add_subcommand(name, help)->callback([text] { std::fputs(text().c_str(), stdout); });
  };
  auto* checked = add_for_file("check", "Report every error of a configuration file at once", run_config_check);
  checked
      ->add_option("--sample", arguments->sample,
                   "Also say whether the records of this file, one a line, have the form that the sources expect")
      ->option_text("FILE");
  checked->add_flag("--broker", arguments->broker,
                    "Also ask the brokers: connection, topics and their settings, and every right that is needed; "
                    "nothing is written");
  checked->footer(
      "Looks at all that 'weir run' would: values, rules, policy, certificates, credentials, directories, the port.\n"
      "Exit code 2 when something is wrong, 1 when only the brokers are, or when most of the sample does not fit.");
  add_for_file("print", "Print the effective configuration, secrets masked", run_config_print);
  add_text("schema", "Print the JSON Schema of the file, for editors", config_json_schema);
  add_text("reference", "Print the reference of all properties as Markdown", config_reference_markdown);
}

}  // namespace weir
