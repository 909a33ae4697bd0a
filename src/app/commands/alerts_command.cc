#include <unistd.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "alert/encrypting_encoder.h"
#include "app/alerts/alert_lines.h"
#include "app/alerts/alert_screen.h"
#include "app/commands/alerts_mark_command.h"
#include "app/commands/command.h"
#include "app/commands/repeatable.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/time_argument.h"

namespace weir {
namespace {

enum class Form : uint8_t { kLine, kScreen, kJson };

struct AlertsArguments {
  std::string config_file, topic, file, id, since;
  AlertFilter filter;
  Form form = Form::kLine;
  size_t last = 0;  ///< of `list`: only so many; 0: all
};

/// Reads, decrypts where it can, and shows.
class Reader {
 public:
  Reader(const AlertsArguments& arguments, const Config& config)
      : arguments_(arguments),
        palette_(Palette::for_stream(STDOUT_FILENO)),
        width_(::isatty(STDOUT_FILENO) == 1 ? terminal_width(STDOUT_FILENO) : std::numeric_limits<size_t>::max()) {
    if (!config.alerts.encryption_keys.empty()) {
      if (auto keys = FernetKeys::parse(config.alerts.encryption_keys)) keys_ = std::move(*keys);
    }
  }

  /// One that the filter takes, or none.
  std::optional<std::string> shown(const std::string& line) {
    std::string json = line;
    if (keys_) {
      // What no key opens is shown as it is: most of it is readable.
      if (auto plain = decrypt_alert(line, *keys_, {})) json = std::move(*plain);
    }
    const auto alert = AlertView::parse(json);
    if (!alert) {
      ++strangers_;
      return std::nullopt;
    }
    if (!arguments_.filter.takes(*alert)) return std::nullopt;
    if (!arguments_.id.empty() && !alert->id().starts_with(arguments_.id)) return std::nullopt;
    if (arguments_.form == Form::kJson) return json + "\n";
    return arguments_.form == Form::kScreen ? alert_screen(*alert, palette_) : alert_line(*alert, palette_, width_);
  }

  [[nodiscard]] uint64_t strangers() const { return strangers_; }

 private:
  const AlertsArguments& arguments_;
  Palette palette_;
  size_t width_;
  std::optional<FernetKeys> keys_;
  uint64_t strangers_ = 0;
};

void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void report_strangers(const Reader& reader) {
  if (reader.strangers() == 0) return;
  std::fprintf(stderr, "weir alerts: %s lines were no alerts of weir\n", with_separators(reader.strangers()).c_str());
}

int run(AlertsArguments arguments, AlertLines::Start start, AlertLines::End end) {
  if (!arguments.since.empty()) {
    auto since = time_argument("--since", arguments.since);
    if (!since) return report_usage_error(since.error());
    arguments.filter.since = *since;
    start = AlertLines::Start::kBeginning;
  }
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  Interruption interruption;
  auto lines = AlertLines::open(*config, arguments.file, arguments.topic, start, end);
  if (!lines) return report_failure("alerts", lines.error());
  Reader reader(arguments, *config);
  std::deque<std::string> last;
  uint64_t found = 0;
  while (true) {
    auto line = lines->next(interruption);
    if (!line) return report_failure("alerts", line.error());
    if (!*line) break;
    if ((*line)->empty()) continue;
    const auto shown = reader.shown(**line);
    if (!shown) continue;
    ++found;
    if (arguments.last == 0) {
      put(*shown);
      if (end == AlertLines::End::kNever) std::fflush(stdout);
      if (!arguments.id.empty()) break;
      continue;
    }
    last.push_back(*shown);
    if (last.size() > arguments.last) last.pop_front();
  }
  for (const auto& item : last)
    put(item);
  report_strangers(reader);
  if (std::fflush(stdout) != 0) return kExitFailed;
  if (arguments.id.empty() || found > 0) return kExitFine;
  std::fprintf(stderr, "weir alerts: there is no alert whose id begins with %s\n", printable(arguments.id).c_str());
  return kExitFailed;
}

void add_source_options(CLI::App& command, AlertsArguments& arguments) {
  command.add_option("-c,--config", arguments.config_file,
                     "Configuration file (YAML): brokers, topic, keys; defaults without one");
  command.add_option("--topic", arguments.topic, "Topic, instead of kafka.topics.alerts")->option_text("NAME");
}

void add_filter_options(CLI::App& command, AlertsArguments& arguments) {
  static const std::map<std::string, int64_t> kSeverities{
      {"informational", 1}, {"low", 2}, {"medium", 3}, {"high", 4}, {"critical", 5}};
  const auto add_list = [&](const char* name, std::vector<std::string>& list, const char* help, const char* text) {
    repeatable(command.add_option(name, list, help)->option_text(text));
  };
  AlertFilter& filter = arguments.filter;
  add_list("--kind", filter.kinds,
           "Only of this kind: attack, abuse, burst, correlation; may be repeated, as the next three", "KIND");
  add_list("--category", filter.categories, "Only attacks of this category: sqli, xss, …", "CATEGORY");
  add_list("--client", filter.clients, "Only of this client, as the alert names it", "CLIENT");
  add_list("--host", filter.hosts, "Only of this host", "HOST");
  command.add_option("--severity", filter.severity_min, "Only of this severity or above")
      ->transform(CLI::CheckedTransformer(kSeverities, CLI::ignore_case))
      ->option_text("informational|low|medium|high|critical");
  command
      .add_option("--since", arguments.since,
                  "Only from this time on: 2025-01-15T10:00:00Z, 2025-01-15, or how long ago (15m, 2h, 7d)")
      ->option_text("TIME");
  auto* full = command.add_flag_callback(
      "--full", [&arguments] { arguments.form = Form::kScreen; }, "A screen for each, as weir alerts show");
  command
      .add_flag_callback(
          "--json", [&arguments] { arguments.form = Form::kJson; }, "As they were published, one a line")
      ->excludes(full);
}

void add_file(CLI::App& command, AlertsArguments& arguments) {
  command.add_option("FILE", arguments.file,
                     "Read this file instead of the topic, one alert a line; - is standard input");
}

}  // namespace

void add_alerts_command(CLI::App& program, int& exit_code) {
  auto* alerts = program.add_subcommand(
      "alerts", "Read alerts: as they come, those that are there, or one of them; mark false alarms");
  alerts->require_subcommand(1);
  alerts->footer(
      "Examples: weir alerts tail --severity high\n"
      "          weir alerts list --since 2h --kind attack --host shop.example.com\n"
      "          weir alerts show 0f4f0d1c\n"
      "          weir alerts mark 0f4f0d1c false --note \"our own scanner\"\n"
      "          weir scan access.log --output alerts | weir alerts list --full -");
  const auto add = [&](const char* name, const char* help, AlertLines::Start start, AlertLines::End end) {
    auto arguments = std::make_shared<AlertsArguments>();
    auto* command = alerts->add_subcommand(name, help);
    add_source_options(*command, *arguments);
    command->callback([=, &exit_code] { exit_code = run(*arguments, start, end); });
    return std::pair{command, arguments};
  };
  auto [tail, tail_arguments] =
      add("tail", "Show alerts as they come; end with Ctrl-C", AlertLines::Start::kEnd, AlertLines::End::kNever);
  add_filter_options(*tail, *tail_arguments);
  add_file(*tail, *tail_arguments);
  auto [list, list_arguments] =
      add("list", "Show the alerts that are there", AlertLines::Start::kBeginning, AlertLines::End::kWhatIsThere);
  add_filter_options(*list, *list_arguments);
  list->add_option("-n,--last", list_arguments->last, "Only the last so many")->option_text("NUMBER");
  add_file(*list, *list_arguments);
  auto [show, show_arguments] =
      add("show", "Show one alert on a screen: the request, why it is one, how it was decoded",
          AlertLines::Start::kBeginning, AlertLines::End::kWhatIsThere);
  show_arguments->form = Form::kScreen;
  show->add_option("ID", show_arguments->id, "The alert's id (metadata.uid), or its beginning")->required();
  add_file(*show, *show_arguments);
  add_alerts_mark(*alerts, exit_code);
}

}  // namespace weir
