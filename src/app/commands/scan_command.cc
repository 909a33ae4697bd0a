#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

#include "app/commands/command.h"
#include "app/commands/repeatable.h"
#include "app/commands/setup_options.h"
#include "app/scan/scan.h"
#include "app/scan/scan_report.h"
#include "app/setup/exit_code.h"
#include "app/setup/input_overrides.h"
#include "app/setup/report.h"
#include "app/setup/time_argument.h"

namespace weir {
namespace {

struct ScanArguments {
  SetupArguments setup;
  InputOverrides input;
  std::optional<ScanOutput> output;  ///< none: a table on a terminal, else alerts
  std::string since, until;
  std::string json_file;       ///< figures go here; empty: nowhere
  std::string decisions_file;  ///< what came of the alerts goes here; empty: nowhere
  std::string rejects_file;    ///< records that could not be read go here; empty: nowhere
  Reading reading = Reading::kAsItComes;
  OpenEpisodes episodes = OpenEpisodes::kStayOpen;
  std::vector<std::string> files;  ///< "-" is standard input
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OutputFile = std::unique_ptr<std::FILE, CloseFile>;

/// For its owner's eyes: refused records are neither cut nor masked.
Result<OutputFile> open_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  OutputFile file(descriptor < 0 ? nullptr : ::fdopen(descriptor, "w"));
  if (!file) return fail(ErrorCode::kIo, "--rejects", path + ": " + std::strerror(errno));
  return file;
}

Result<TimeRange> times_of(const ScanArguments& arguments) {
  TimeRange times;
  if (!arguments.since.empty()) {
    const auto from = time_argument("--since", arguments.since);
    if (!from) return tl::unexpected(from.error());
    times.from = *from;
  }
  if (!arguments.until.empty()) {
    const auto until = time_argument("--until", arguments.until);
    if (!until) return tl::unexpected(until.error());
    times.until = *until;
  }
  return times;
}

bool results_are_written() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  std::fprintf(stderr, "weir scan: cannot write the results to standard output\n");
  return false;
}

bool rejects_are_written(OutputFile file, const std::string& path) {
  if (!file || std::fclose(file.release()) == 0) return true;
  std::fprintf(stderr, "weir scan: cannot write %s: %s\n", path.c_str(), std::strerror(errno));
  return false;
}

bool decisions_are_written(DecisionFile& file, const std::string& path) {
  if (file.close()) return true;
  std::fprintf(stderr, "weir scan: cannot write %s\n", path.c_str());
  return false;
}

/// The table says it all.
std::FILE* summary_stream(ScanOutput output) {
  if (output == ScanOutput::kTable) return nullptr;
  return output == ScanOutput::kSummary ? stdout : stderr;
}

/// `weir scan`: files through both stages without Kafka, in one thread. Returns the exit code.
int run_scan(const ScanArguments& arguments) {
  const auto times = times_of(arguments);
  if (!times) return report_usage_error(times.error());
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  if (auto applied = apply_overrides(arguments.input, setup->config.input); !applied)
    return report_usage_error(applied.error());
  ScanOptions options{
      arguments.output.value_or(::isatty(STDOUT_FILENO) == 1 ? ScanOutput::kTable : ScanOutput::kAlerts),
      arguments.reading, arguments.episodes, *times, arguments.input};
  OutputFile rejects;
  if (!arguments.rejects_file.empty()) {
    auto opened = open_private(arguments.rejects_file);
    if (!opened) return report_usage_error(opened.error());
    rejects = std::move(*opened);
    options.rejects = rejects.get();
  }
  auto decisions = DecisionFile::open(arguments.decisions_file);
  if (!decisions) return report_usage_error(decisions.error());
  options.decisions = &*decisions;
  if (Status spared = spare_crawlers(setup->config); !spared) return report_usage_error(spared.error());
  const RuleSlot rules(setup->rules, setup->config.policy);
  Interruption interruption;
  const auto enrichment = load_enrichment(setup->config);
  if (!enrichment) return report_usage_error(enrichment.error());
  Scan scan(options, setup->config, rules, interruption);
  scan.enrich_with(*enrichment);
  scan.report().policy = setup->config.policy;
  const auto started = std::chrono::steady_clock::now();
  scan.run(arguments.files);
  if (interruption.requested() && ::isatty(STDERR_FILENO) == 1) std::fputc('\n', stderr);  // behind the terminal's ^C
  scan.finish();
  scan.report().seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (!decisions_are_written(*decisions, arguments.decisions_file)) return kExitFailed;
  if (!results_are_written() || !rejects_are_written(std::move(rejects), arguments.rejects_file)) return kExitFailed;
  const int exit_code = finish_scan_report(scan.report(), summary_stream(options.output), arguments.json_file);
  const bool all_well = scan.something_was_read() && !scan.has_failed();
  return exit_code == kExitFine && !all_well ? kExitFailed : exit_code;
}

void add_input_options(CLI::App& scan, ScanArguments& arguments) {
  repeatable(
      scan.add_option("--field", arguments.input.fields,
                      "Where a field of the request stands in a JSON record, instead of where the profile says; may be "
                      "repeated, for example client_ip=/remote/address")
          ->option_text("NAME=POINTER"));
  scan.add_option("--unwrap", arguments.input.unwrap, "Where in an envelope the record stands, for example /message")
      ->option_text("POINTER");
  repeatable(scan.add_option("--trusted-proxy", arguments.input.trusted_proxies,
                             "Believe X-Forwarded-For from this address or network; may be repeated")
                 ->option_text("NETWORK"));
  scan.add_option("--since", arguments.since,
                  "Only requests from this time on: 2025-01-15T10:00:00Z, 2025-01-15, or how long ago (15m, 2h, 7d)")
      ->option_text("TIME");
  scan.add_option("--until", arguments.until, "Only requests before this time")->option_text("TIME");
  scan.add_flag_callback(
      "-f,--follow", [&arguments] { arguments.reading = Reading::kFollowing; },
      "Go on with what is written to the files, also when they are rotated; end with Ctrl-C");
}

}  // namespace

void add_scan_command(CLI::App& program, int& exit_code) {
  static const std::map<std::string, ScanOutput> kOutputs{{"alerts", ScanOutput::kAlerts},
                                                          {"verdicts", ScanOutput::kVerdicts},
                                                          {"summary", ScanOutput::kSummary},
                                                          {"table", ScanOutput::kTable}};
  auto arguments = std::make_shared<ScanArguments>();
  auto* scan = program.add_subcommand("scan", "Judge request logs from files or standard input, without Kafka");
  add_setup_options(
      *scan, arguments->setup,
      "Form of the records (weir profiles list), or the path of a profile of your own; else it is recognised");
  scan->add_option("-o,--output", arguments->output,
                   "table: what was found, for people; alerts: what the daemon would publish, verdicts: one line per "
                   "request, both as NDJSON; summary: figures only")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case))
      ->option_text("table|alerts|verdicts|summary [table on a terminal, else alerts]");
  add_input_options(*scan, *arguments);
  scan->add_option("--rejects", arguments->rejects_file, "Write the records that could not be read to this file")
      ->option_text("FILE");
  scan->add_option("--decisions", arguments->decisions_file,
                   "Write what decisions.rules of the configuration make of the alerts to this file, as NDJSON")
      ->option_text("FILE");
  scan->add_option("--json", arguments->json_file, "Write the figures to this file as JSON")->option_text("FILE");
  scan->add_flag_callback(
      "--close-episodes", [arguments = arguments.get()] { arguments->episodes = OpenEpisodes::kClose; },
      "At the end, also print the closing alert of every open episode");
  scan->add_option("FILE", arguments->files, "Files to read, also compressed (gzip, zstd); - is standard input")
      ->required();
  scan->footer(
      "Examples: weir scan access.log access.log.1.gz\n"
      "          tail -f access.log | weir scan --profile nginx -\n"
      "          weir scan --output verdicts access.json | jq 'select(.malicious)'\n"
      "Exit codes: 0 fine, 1 a file could not be read or judged, 2 wrong usage or configuration.");
  scan->callback([arguments, &exit_code] { exit_code = run_scan(*arguments); });
}

}  // namespace weir
