#include <unistd.h>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>

#include "app/commands/command.h"
#include "app/commands/range_options.h"
#include "app/commands/repeatable.h"
#include "app/replay/replay_results.h"
#include "app/replay/state_start.h"
#include "app/scan/decision_file.h"
#include "app/scan/scan_results.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/source_readings.h"
#include "app/setup/until_interrupted.h"
#include "app/terminal/interruption.h"
#include "config/source_topics.h"

namespace weir {
namespace {

/// So often somebody who reads the results as they come gets what there is.
constexpr std::chrono::milliseconds kFlushInterval{500};

struct ReplayArguments {
  SetupArguments setup;
  RangeArguments range;
  bool from_state = false;
  std::optional<ScanOutput> output;  ///< none: a table on a terminal, else alerts
  std::string decisions_file;        ///< what came of the alerts goes here; empty: nowhere
  std::string json_file;             ///< figures go here; empty: nowhere
};

bool results_are_written() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  std::fprintf(stderr, "weir replay: cannot write the results to standard output\n");
  return false;
}

std::FILE* summary_stream(ScanOutput output) {
  if (output == ScanOutput::kTable) return nullptr;
  return output == ScanOutput::kSummary ? stdout : stderr;
}

/// The state is of all records, and of one moment only.
Status check_from_state(const RangeArguments& range) {
  const auto refuse = [](const char* why) { return fail(ErrorCode::kInvalidArgument, "--from-state", why); };
  if (!range.from.empty() || !range.warm_up.empty()) {
    return refuse(
        "it begins where the daemons stand: of earlier moments the compacted state topic keeps nothing. To begin at "
        "another place give --from and --warm-up without it");
  }
  if (!range.topics.empty() || !range.partitions.empty())
    return refuse("the daemons' state is of all topics and partitions; leave --topic and --partitions out");
  return {};
}

/// The ranges of the command line, and what is known before them.
Result<ReplayOptions> prepare(const Config& config, const ReplayArguments& arguments, Interruption& interruption) {
  RangeArguments range = arguments.range;
  if (!arguments.from_state) return prepare_replay(config, range);
  if (Status status = check_from_state(range); !status) return tl::unexpected(status.error());
  range.from = "beginning";
  auto options = prepare_replay(config, range);
  if (!options) return options;
  UntilInterrupted patience(interruption);
  const auto start = begin_at_state(config, *options, patience);
  if (!start) return tl::unexpected(start.error());
  std::fprintf(stderr, "weir replay: begins with %s\n", start->found.c_str());
  for (const std::string& doubt : start->doubts)
    std::fprintf(stderr, "weir replay: alerts may differ from the daemons': %s\n", doubt.c_str());
  return options;
}

/// Both stages over the ranges; what comes of it is in `results`.
Status replay_into(ScanResults& results, DecisionFile& decisions, ReplayOptions options, const RuleSlot& rules,
                   Interruption& interruption) {
  const std::vector<PartitionRange> ranges = options.ranges;
  const TopicTable topics = options.topics;
  const auto rule_set = rules.load();
  ReplayResults sink(results, decisions, *rule_set, topics, ranges);
  Replay replay(std::move(options), {&rules});
  const auto started = std::chrono::steady_clock::now();
  const uint64_t offsets = replay.offsets();
  uint64_t done = 0;
  auto next_flush = started + kFlushInterval;
  const Status status = replay.run(sink, [&](uint64_t offsets_done, uint64_t records) {
    done = offsets_done;
    if (const auto now = std::chrono::steady_clock::now(); now >= next_flush) {
      results.flush(0);
      std::fflush(stdout);
      next_flush = now + kFlushInterval;
    }
    results.progress().update(offsets_done, offsets, records);
    return !interruption.requested();
  });
  replay.add_counters(0, results.report().detect);
  results.report().seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  results.finish(replay.statistics(0));
  if (interruption.requested()) {
    std::fprintf(stderr, "weir replay: interrupted after %s of %s offsets\n", with_separators(done).c_str(),
                 with_separators(offsets).c_str());
  }
  return status;
}

/// `weir replay`: a range of the requests topics through both stages, beside the daemons. Returns the exit code.
int run_replay(ReplayArguments arguments) {
  arguments.setup.sources = SetupArguments::Sources::kAll;
  Interruption interruption;  // before any other thread
  give_way_to_daemons();
  auto setup = prepare_command(arguments.setup);
  if (!setup) return report_usage_error(setup.error());
  auto decisions = DecisionFile::open(arguments.decisions_file);
  if (!decisions) return report_usage_error(decisions.error());
  if (Status spared = spare_crawlers(setup->config); !spared) return report_usage_error(spared.error());
  auto options = prepare(setup->config, arguments, interruption);
  if (!options) return report_error("replay", options.error());
  std::fprintf(stderr, "%s\n", describe_ranges(*options).c_str());
  const ScanOutput output =
      arguments.output.value_or(::isatty(STDOUT_FILENO) == 1 ? ScanOutput::kTable : ScanOutput::kAlerts);
  options->analyzer.keep_verdicts = needs_verdicts(output);
  const RuleSlot rules(setup->rules, setup->config.policy, source_readings(setup->config));
  const auto enrichment = load_enrichment(setup->config);
  if (!enrichment) return report_usage_error(enrichment.error());
  ScanResults results(output, alert_encoder(setup->config, options->topics));
  results.enrich_with(*enrichment);
  results.report().command = "replay";
  results.report().policy = setup->config.policy;
  const Status status = replay_into(results, *decisions, std::move(*options), rules, interruption);
  if (!results_are_written()) return kExitFailed;
  if (!decisions->close()) {
    std::fprintf(stderr, "weir replay: cannot write %s\n", arguments.decisions_file.c_str());
    return kExitFailed;
  }
  const int exit_code = finish_scan_report(results.report(), summary_stream(output), arguments.json_file);
  return status ? exit_code : report_error("replay", status.error());
}

}  // namespace

void add_replay_command(CLI::App& program, int& exit_code) {
  static const std::map<std::string, ScanOutput> kOutputs{{"alerts", ScanOutput::kAlerts},
                                                          {"verdicts", ScanOutput::kVerdicts},
                                                          {"summary", ScanOutput::kSummary},
                                                          {"table", ScanOutput::kTable}};
  auto arguments = std::make_shared<ReplayArguments>();
  auto* replay = program.add_subcommand(
      "replay", "Judge a range of the requests topics again, beside the running daemons and without touching them");
  replay->add_option("-c,--config", arguments->setup.config_file,
                     "Configuration file (YAML) of the daemons: brokers, topics, sources, policy, scoring; defaults "
                     "without one");
  repeatable(replay->add_option("-r,--rules", arguments->setup.rule_directories,
                                "Rule directory, instead of the configuration's; may be repeated"));
  add_range_options(*replay, arguments->range);
  replay->add_flag(
      "--from-state", arguments->from_state,
      "Instead of --from: begin with the clients' state that the daemons have stored, at the first records "
      "that they have not read: what they will say of these");
  replay
      ->add_option("-o,--output", arguments->output,
                   "table: what was found, for people; alerts: what the daemons would publish, verdicts: one line "
                   "per request, both as NDJSON; summary: figures only")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case))
      ->option_text("table|alerts|verdicts|summary [table on a terminal, else alerts]");
  replay
      ->add_option("--decisions", arguments->decisions_file,
                   "Write what decisions.rules of the configuration make of the alerts to this file, as NDJSON")
      ->option_text("FILE");
  replay->add_option("--json", arguments->json_file, "Write the figures to this file as JSON")->option_text("FILE");
  replay->add_flag_callback(
      "--no-cache", [arguments = arguments.get()] { arguments->setup.cache = RuleCache::kNone; },
      "Compile the rules anew: neither read nor keep them in rules.cache_directory or the user's cache");
  replay->footer(
      "It joins no consumer group, commits nothing and writes to no topic; daemons on the same machine go first "
      "(nice).\n"
      "Ctrl-C ends it with what was found so far.\n"
      "Examples: weir replay -c /etc/weir/weir.yaml --from -24h\n"
      "          weir replay -c weir.yaml --from 2025-01-15 --to 2025-01-16 --warm-up 1h -o alerts > alerts.ndjson\n"
      "          weir replay -c weir.yaml --from-state -o alerts\n"
      "          weir replay -c weir.yaml --from -2h --partitions 0-3 --limit-rate 50000 -o summary\n"
      "Exit codes: 0 fine, 1 the brokers or a record failed, 2 wrong usage or configuration.");
  replay->callback([arguments, &exit_code] {
    if (arguments->range.from.empty() && !arguments->from_state) throw CLI::RequiredError("--from-state or --from");
    exit_code = run_replay(*arguments);
  });
}

}  // namespace weir
