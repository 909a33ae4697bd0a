#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include "app/alerts/alert_lines.h"
#include "app/commands/command.h"
#include "app/daemon/logging.h"
#include "app/daemon/teardown_deadline.h"
#include "app/notify/notifier.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"

namespace weir {
namespace {

/// To leave the group, and for the library to let go of what a broker that went away has not answered.
constexpr std::chrono::milliseconds kTeardownMax{8'000};

struct NotifyArguments {
  std::string config_file, file;
  bool is_dry = false, once = false;
};

/// Prints what would be sent for the alerts that are there. Is no member of the group and sends nothing.
int print_messages(const NotifyArguments& arguments, const Config& config, const Messages& messages) {
  Interruption interruption;
  auto lines =
      AlertLines::open(config, arguments.file, {}, AlertLines::Start::kBeginning, AlertLines::End::kWhatIsThere);
  if (!lines) return report_failure("notify", lines.error());
  const NoticeFilter filter(config.notify);
  while (true) {
    const auto line = lines->next(interruption);
    if (!line) return report_failure("notify", line.error());
    if (!*line) break;
    const auto alert = AlertView::parse(**line);
    if (alert && filter.takes(*alert)) std::printf("%s\n", messages.notice_of(*alert).body.c_str());
  }
  return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
}

int send_messages(const NotifyArguments& arguments, const Config& config, Messages messages) {
  if (config.notify.url.empty()) {
    return report_usage_error({ErrorCode::kInvalidArgument, "config",
                               "notify.url is not set: give it as notify.url_file, as the credential notify.url, or in "
                               "the variable WEIR_NOTIFY__URL_FILE"});
  }
  Interruption interruption;      // before other threads
  std::signal(SIGPIPE, SIG_IGN);  // a connection that is lost is an answer like others
  Log log(config.log);
  auto webhook = Webhook::open(config.notify, WEIR_VERSION);
  if (!webhook) return report_usage_error(webhook.error());
  ClientOptions options;
  options.kafka = config.kafka;
  options.log = log.sink();
  const auto start =
      config.notify.start == NotifyStart::kOldest ? Subscription::Start::kOldest : Subscription::Start::kNewest;
  auto subscription = Subscription::open(options, config.kafka.topics.alerts, config.notify.group_id, start);
  if (!subscription) return report_failure("notify", subscription.error());
  Notifier notifier(config, std::move(messages), **webhook, **subscription, log.sink());
  const Status status =
      notifier.run(arguments.once ? Notifier::Until::kDelivered : Notifier::Until::kStopped, interruption);
  const int exit_code = status ? kExitFine : report_failure("notify", status.error());
  TeardownDeadline deadline(kTeardownMax, [&log] {
    log.write(LogLevel::kWarning,
              "notify: the client library does not let go; ending all the same, what is delivered is committed");
  });
  deadline.set_exit_code(exit_code);
  subscription->reset();
  return exit_code;
}

int run(const NotifyArguments& arguments) {
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  auto messages = Messages::of(config->notify);
  if (!messages) return report_usage_error(messages.error());
  return arguments.is_dry ? print_messages(arguments, *config, *messages)
                          : send_messages(arguments, *config, std::move(*messages));
}

}  // namespace

void add_notify_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<NotifyArguments>();
  auto* notify = program.add_subcommand(
      "notify", "Send alerts to a webhook: those that the configuration's section notify asks for");
  notify->add_option("-c,--config", arguments->config_file, "Configuration file (YAML); defaults without one");
  auto* dry = notify->add_flag("--dry-run", arguments->is_dry,
                               "Send nothing: print the messages for the alerts that are there, one a line");
  notify->add_flag("--once", arguments->once, "End when the alerts that are there are delivered, for cron")
      ->excludes(dry);
  notify
      ->add_option("FILE", arguments->file,
                   "With --dry-run: read this file instead of the topic, one alert a line; - is standard input")
      ->needs(dry);
  notify->footer(
      "Examples: weir notify --config weir.yaml --dry-run\n"
      "          weir scan access.log --output alerts | weir notify --config weir.yaml --dry-run -\n"
      "          WEIR_NOTIFY__URL_FILE=hook weir notify --config weir.yaml");
  notify->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace weir
