#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "app/commands/command.h"
#include "app/doctor/bundle.h"
#include "app/doctor/doctor.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"

namespace weir {
namespace {

struct DoctorArguments {
  std::string config_file;
  std::string bundle_file;  ///< empty: none
  bool without_record = false;
  int alert_seconds = 60;
};

std::string line_of(const DoctorFinding& finding) {
  std::string verdict(to_string(finding.verdict));
  verdict.resize(8, ' ');
  return verdict + finding.what + "\n";
}

/// What helps somebody else: the findings, the configuration with its secrets masked, and what the running weir says of itself.
BundleFiles bundle_of(const CommandSetup& setup, const DoctorReport& report) {
  std::string findings;
  for (const DoctorFinding& finding : report.findings)
    findings += line_of(finding);
  return {{"findings.txt", findings},
          {"configuration.yaml", print_config(setup.config)},
          {"status.json", report.status},
          {"metrics.txt", report.metrics}};
}

/// `weir doctor`: 0 when nothing failed, 1 when something did, 2 when the configuration itself is wrong.
int run_doctor(const DoctorArguments& arguments) {
  SetupArguments setup_arguments;
  setup_arguments.config_file = arguments.config_file;
  setup_arguments.surroundings = Surroundings::kChecked;
  const auto setup = prepare_command(setup_arguments);
  if (!setup) return report_usage_error(setup.error());
  DoctorOptions options;
  if (arguments.without_record) options.record = TestRecord::kNone;
  options.alert_timeout = std::chrono::seconds(arguments.alert_seconds);
  const DoctorReport report = examine(*setup, options, [](const DoctorFinding& finding) {
    std::fputs(line_of(finding).c_str(), stdout);
    std::fflush(stdout);
  });
  if (!arguments.bundle_file.empty()) {
    const Status written = write_bundle(arguments.bundle_file, bundle_of(*setup, report));
    if (!written) return report_usage_error(written.error());
  }
  return report.healthy() ? kExitFine : kExitFailed;
}

}  // namespace

void add_doctor_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<DoctorArguments>();
  auto* doctor = program.add_subcommand(
      "doctor", "Examine configuration, brokers, rights and a running weir; send one test record");
  doctor->add_option("-c,--config", arguments->config_file, "Configuration file (YAML)")->required();
  doctor->add_flag("--no-record", arguments->without_record, "Only look; send no test record");
  doctor->add_option("--wait", arguments->alert_seconds, "Seconds to wait for the test record's alert")
      ->check(CLI::Range(1, 3'600))
      ->default_str("60");
  doctor->add_option("--bundle", arguments->bundle_file, "Also write a support archive (tar), without secrets");
  doctor->footer(
      "The test record is an attack on /weir-doctor/MARKER from 198.51.100.77; its alert reaches whoever reads them.\n"
      "Exit code 0 when nothing failed, 1 when something did, 2 when the configuration itself is wrong.");
  doctor->callback([arguments, &exit_code] { exit_code = run_doctor(*arguments); });
}

}  // namespace weir
