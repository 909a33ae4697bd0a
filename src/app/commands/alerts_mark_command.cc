#include "app/commands/alerts_mark_command.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/alerts/alert_lines.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/terminal_log.h"
#include "app/setup/until_interrupted.h"
#include "app/terminal/terminal.h"
#include "app/verdicts/verdict_topic.h"
#include "kafka/single_producer.h"

namespace weir {
namespace {

constexpr std::string_view kUndecided = "undecided";
constexpr Milliseconds kProduceTimeout{10'000};
constexpr size_t kNoteBytesMax = 4'096;

struct MarkArguments {
  std::string config_file, id, verdict, note, by;
  bool as_json = false;
};

std::string own_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? "uid " + std::to_string(::getuid()) : entry->pw_name;
}

ClientOptions client_of(const Config& config) {
  ClientOptions options;
  options.kafka = config.kafka;
  options.log = log_to_terminal();
  return options;
}

/// The one alert whose id begins so; of several of one episode the last.
Result<AlertView> find_alert(const Config& config, const std::string& id) {
  Interruption interruption;
  auto lines = AlertLines::open(config, {}, {}, AlertLines::Start::kBeginning, AlertLines::End::kWhatIsThere);
  if (!lines) return tl::unexpected(lines.error());
  std::optional<AlertView> found;
  while (true) {
    const auto line = lines->next(interruption);
    if (!line) return tl::unexpected(line.error());
    if (!*line) break;
    auto alert = AlertView::parse(**line);
    if (!alert || !alert->id().starts_with(id)) continue;
    if (found && found->episode() != alert->episode())
      return fail(ErrorCode::kInvalidArgument, "mark",
                  "several alerts have an id that begins with " + id + ": give more of it");
    found = std::move(alert);
  }
  if (interruption.requested()) return fail(ErrorCode::kIo, "mark", "interrupted");
  if (!found) return fail(ErrorCode::kNotFound, "mark", "there is no alert whose id begins with " + id);
  return std::move(*found);
}

Verdict verdict_on(const AlertView& alert, MarkedAs marked, const MarkArguments& arguments) {
  return {alert.episode(),
          alert.id(),
          marked,
          arguments.note,
          arguments.by.empty() ? own_name() : arguments.by,
          std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()),
          alert.own("kind"),
          alert.title(),
          causes_of(alert)};
}

int run_mark(const MarkArguments& arguments) {
  if (arguments.note.size() > kNoteBytesMax)
    return report_usage_error({ErrorCode::kInvalidArgument, "mark", "--note is longer than 4,096 bytes"});
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  const auto alert = find_alert(*config, arguments.id);
  if (!alert) return report_failure("alerts", alert.error());
  const ClientOptions client = client_of(*config);
  const KafkaTopics& topics = config->kafka.topics;
  if (Status status = ensure_verdict_topic(client, topics); !status) return report_failure("alerts", status.error());
  const auto marked = from_name<MarkedAs>(arguments.verdict);
  // Without a value the topic forgets the episode.
  const std::string value = marked ? to_json(verdict_on(*alert, *marked, arguments)) : std::string();
  const auto written = produce_one(client, {topics.verdicts, alert->episode(), value}, kProduceTimeout);
  if (!written) return report_failure("alerts", written.error());
  std::printf("episode %s is marked %s: %s\n", printable(alert->episode()).c_str(), arguments.verdict.c_str(),
              printable(alert->title()).c_str());
  return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
}

int run_verdicts(const MarkArguments& arguments) {
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  Interruption interruption;
  UntilInterrupted patience(interruption);
  const auto book = read_verdicts(client_of(*config), config->kafka.topics.verdicts, patience);
  if (!book) return report_failure("alerts", book.error());
  std::vector<const Verdict*> verdicts;
  for (const auto& [episode, verdict] : book->all())
    verdicts.push_back(&verdict);
  std::stable_sort(verdicts.begin(), verdicts.end(),
                   [](const Verdict* a, const Verdict* b) { return a->time < b->time; });
  for (const Verdict* verdict : verdicts) {
    if (arguments.as_json) {
      std::printf("%s\n", to_json(*verdict).c_str());
      continue;
    }
    std::printf("%s  %-5s  %.8s  %s  (%s%s%s)\n", format_rfc3339(verdict->time).c_str(),
                std::string(to_string(verdict->as)).c_str(), printable(verdict->alert).c_str(),
                printable(verdict->title).c_str(), printable(verdict->by).c_str(), verdict->note.empty() ? "" : ": ",
                printable(verdict->note).c_str());
  }
  if (book->unreadable() > 0)
    std::fprintf(stderr, "weir alerts: %s records of the topic were no verdicts\n",
                 with_separators(book->unreadable()).c_str());
  return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
}

void add_config(CLI::App& command, MarkArguments& arguments) {
  command.add_option("-c,--config", arguments.config_file,
                     "Configuration file (YAML): brokers, topics; defaults without one");
}

}  // namespace

void add_alerts_mark(CLI::App& alerts, int& exit_code) {
  auto arguments = std::make_shared<MarkArguments>();
  auto* mark = alerts.add_subcommand(
      "mark", "Say whether an alert was a false alarm; weir rules scorecard and the metrics add it up by rule");
  add_config(*mark, *arguments);
  mark->add_option("ID", arguments->id, "The alert's id (metadata.uid), or its beginning; its whole episode is marked")
      ->required();
  mark->add_option("VERDICT", arguments->verdict,
                   "true: it was one; false: a false alarm; undecided: takes the word back")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"true", "false", std::string(kUndecided)}));
  mark->add_option("--note", arguments->note, "Why, for those who read it later; no secrets")->option_text("TEXT");
  mark->add_option("--by", arguments->by, "Who says so; the user's name without it")->option_text("NAME");
  mark->callback([=, &exit_code] { exit_code = run_mark(*arguments); });
  auto* verdicts = alerts.add_subcommand("verdicts", "Show what alerts were marked as, the oldest first");
  add_config(*verdicts, *arguments);
  verdicts->add_flag("--json", arguments->as_json, "As they stand in the topic, one a line");
  verdicts->callback([=, &exit_code] { exit_code = run_verdicts(*arguments); });
}

}  // namespace weir
