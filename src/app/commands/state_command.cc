#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "app/commands/command.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/terminal_log.h"
#include "app/setup/until_interrupted.h"
#include "app/terminal/interruption.h"
#include "app/terminal/progress_bar.h"
#include "app/terminal/terminal.h"
#include "config/source_topics.h"
#include "kafka/move/state_move.h"

namespace weir {
namespace {

struct StateMoveArguments {
  std::string config_file;
  std::string observations, state;
  int32_t partitions = 0;
  bool is_dry_run = false;
};

Result<StateMoveOptions> options_from(const StateMoveArguments& arguments) {
  auto config = read_config(arguments.config_file);
  if (!config) return tl::unexpected(config.error());
  if (Status spared = spare_crawlers(*config); !spared) return tl::unexpected(spared.error());
  StateMoveOptions options;
  options.client.kafka = config->kafka;
  options.client.memory = memory_per_lane(config->memory, 1);
  options.client.log = log_to_terminal();
  options.score = config->score;
  options.topics = topic_table(*config);
  options.hash_key = analyzer_options(*config).hash_key;
  options.snapshot_round = config->snapshot_round;
  options.observations = arguments.observations;
  options.state = arguments.state;
  options.partitions = arguments.partitions;
  return options;
}

std::string counted(uint64_t count) {
  return with_separators(count);
}

/// What the new partitions will not have exactly as it was, before anything is written.
void say_beforehand(const StateMove& move) {
  const StateMoveOptions& options = move.options();
  std::fprintf(
      stderr,
      "The state of %d partitions of %s was read. Divided among %d, clients keep their windows, bursts, open\n"
      "episodes, silences and decisions, and correlations their groups. Not exactly as it was:\n"
      "- the clock of every new partition is the least of the old ones: up to %s s behind the foremost;\n"
      "- the budgets of episodes and decisions of the present minute: of what comes together the most spent counts;\n"
      "- clients and silences for which a partition has no room, and episodes of many clients (\"*\") of which\n"
      "  there are two for one: they end here, and are counted below.\n",
      move.old_partitions(), options.client.kafka.topics.observations.c_str(), options.partitions,
      counted(static_cast<uint64_t>(move.division().set_back().count() + 999) / 1'000).c_str());
  const RestoreLosses& losses = move.restore_losses();
  if (losses.chunks_lost + losses.chunks_damaged > 0) {
    std::fprintf(
        stderr,
        "Chunks of the old state that cannot be used, as a start of weir would find them: %s whose observations\n"
        "retention has removed, %s damaged. Their clients start afresh.\n",
        counted(losses.chunks_lost).c_str(), counted(losses.chunks_damaged).c_str());
  }
}

void say_result(const StateMove& move, bool is_dry_run) {
  const ChunkMerger::Counts& made = move.division().made();
  const DivisionLosses& losses = move.division().losses();
  const StateMoveOptions& options = move.options();
  std::printf("%s: %s clients, %s open episodes, %s decisions in force, %s silences, %s groups of correlations\n",
              is_dry_run ? "would move" : "moved", counted(made.clients).c_str(), counted(made.episodes).c_str(),
              counted(made.decisions).c_str(), counted(made.silences).c_str(), counted(made.groups).c_str());
  std::printf("without room: %s clients with %s open episodes, %s silences; two for one: %s episodes of many clients\n",
              counted(losses.clients).c_str(), counted(losses.episodes).c_str(), counted(losses.silences).c_str(),
              counted(losses.summaries).c_str());
  if (is_dry_run) {
    std::printf("nothing was written (--dry-run)\n");
    return;
  }
  std::printf(
      "written: %s bytes to %s. Give every process the new names, then start weir:\n\n"
      "kafka:\n  topics:\n    observations: %s\n    observations_partitions: %d\n    state: %s\n",
      counted(move.bytes_written()).c_str(), options.state.c_str(), options.observations.c_str(), options.partitions,
      options.state.c_str());
}

/// Clears the bar however the step ends.
Status with_bar(const std::function<Status(const StateMove::Progress&)>& step) {
  ProgressBar bar;
  const Status status = step([&bar](uint64_t done, uint64_t total) { bar.update_parts(done, total); });
  bar.finish();
  return status;
}

/// `weir state move`. Returns the exit code.
int run_move(const StateMoveArguments& arguments) {
  Interruption interruption;  // before any other thread
  UntilInterrupted patience(interruption);
  auto options = options_from(arguments);
  if (!options) return report_usage_error(options.error());
  auto move = StateMove::prepare(std::move(*options), patience);
  if (!move) return report_error("state", move.error());
  const Status read = with_bar([&](const StateMove::Progress& progress) { return (*move)->read(progress, patience); });
  if (!read) return report_error("state", read.error());
  say_beforehand(**move);
  const auto writing = arguments.is_dry_run ? StateMove::Writing::kNo : StateMove::Writing::kYes;
  const Status divided =
      with_bar([&](const StateMove::Progress& progress) { return (*move)->divide(writing, progress, patience); });
  if (!divided) {
    if (!arguments.is_dry_run) {
      std::fprintf(stderr,
                   "weir state: nothing counts of what may stand in %s and %s: delete both, and run this again\n",
                   arguments.observations.c_str(), arguments.state.c_str());
    }
    return report_error("state", divided.error());
  }
  say_result(**move, arguments.is_dry_run);
  return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
}

}  // namespace

void add_state_command(CLI::App& program, int& exit_code) {
  auto* state = program.add_subcommand("state", "What is kept of clients between two starts");
  state->require_subcommand(1);
  auto arguments = std::make_shared<StateMoveArguments>();
  auto* move =
      state->add_subcommand("move", "Move the state to topics with another number of partitions, while no weir runs");
  move->add_option(
      "-c,--config", arguments->config_file,
      "Configuration file (YAML) that the processes have used so far, with the old topics; defaults without one");
  move->add_option("--observations", arguments->observations, "Name of the new topic of observations")
      ->required()
      ->option_text("TOPIC");
  move->add_option("--state", arguments->state, "Name of the new topic of state")->required()->option_text("TOPIC");
  move->add_option("--partitions", arguments->partitions, "How many partitions the new topics have")
      ->required()
      ->check(CLI::Range(1, 10'000))
      ->option_text("N");
  move->add_flag("--dry-run", arguments->is_dry_run, "Read, divide and count, but create and write nothing");
  move->footer(
      "Which partition a client belongs to follows from their number, so a running weir cannot be given another one.\n"
      "Stop the processes that detect, wait until the lag of the others is 0, and stop them, too. Then run this, set "
      "the\n"
      "new names and number that it prints in the configuration of every process, and start weir: it goes on with "
      "windows,\n"
      "open episodes (with their identifiers), silences and decisions. The new topics must be empty or not there; they "
      "are\n"
      "created as weir creates its topics. The old ones are not touched: with the old configuration weir goes on from "
      "there.\n"
      "It holds the whole state in memory, some 70 bytes a client. If it fails, delete the new topics and run it "
      "again:\n"
      "until it has come to its end nothing in them counts.\n"
      "Example: weir state move -c /etc/weir/weir.yaml --observations weir.observations.16 --state weir.state.16 "
      "--partitions 16\n"
      "Exit codes: 0 fine, 1 refused (weir runs, observations are not scored, the new topics are not empty) or the "
      "brokers\n"
      "failed, 2 wrong usage or configuration.");
  move->callback([arguments, &exit_code] { exit_code = run_move(*arguments); });
}

}  // namespace weir
