#include <CLI/App.hpp>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/admin_call.h"
#include "app/commands/command.h"
#include "app/setup/report.h"

namespace weir {
namespace {

struct CtlArguments {
  AdminArguments admin;
  std::string record_file = "-";  ///< of `analyze`: its first line; "-" is standard input
  ClientArguments client;         ///< of calls about one
  std::string lasts;              ///< of a silence: "30m"
  std::string episode;            ///< of a silence: of this one alone
};

constexpr size_t kRecordBytesMax = 10U << 20;

/// `weir ctl reload`: 0 when the rules were reloaded, 1 when they were refused (the answer says why) or nobody answered.
int run_ctl_reload(const CtlArguments& arguments) {
  auto call = admin_call(arguments.admin);
  if (!call) return report_usage_error(call.error());
  call->method = "POST";
  call->path = "/-/reload";
  return make_call(*call, "ctl");
}

/// `weir ctl status`
int run_ctl_status(const CtlArguments& arguments) {
  auto call = admin_call(arguments.admin);
  if (!call) return report_usage_error(call.error());
  call->path = "/-/status";
  return make_call(*call, "ctl");
}

/// `weir ctl analyze`: what the running weir says of one record.
int run_ctl_analyze(const CtlArguments& arguments) {
  auto call = admin_call(arguments.admin);
  if (!call) return report_usage_error(call.error());
  auto record = first_line_of(arguments.record_file, kRecordBytesMax);
  if (!record) return report_usage_error(record.error());
  call->method = "POST";
  call->path = "/api/v1/analyze";
  call->json_body = std::move(*record);
  return make_call(*call, "ctl");
}

/// `weir ctl client`: what it keeps of one client.
int run_ctl_client(const CtlArguments& arguments) {
  auto call = admin_call(arguments.admin);
  if (!call) return report_usage_error(call.error());
  call->path = client_path(arguments.client);
  return make_call(*call, "ctl");
}

/// `weir ctl forget`: what is kept of a client goes.
int run_ctl_forget(const CtlArguments& arguments) {
  return order_about_client(arguments.admin, arguments.client, "forget", nlohmann::json::object(), "ctl");
}

/// `weir ctl silence`: no alerts of a client or an episode for a while.
int run_ctl_silence(const CtlArguments& arguments) {
  const auto seconds = seconds_of("--for", arguments.lasts);
  if (!seconds) return report_usage_error(seconds.error());
  nlohmann::json body = {{"duration_s", *seconds}};
  if (!arguments.episode.empty()) body["episode_id"] = arguments.episode;
  return order_about_client(arguments.admin, arguments.client, "silence", std::move(body), "ctl");
}

}  // namespace

void add_ctl_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<CtlArguments>();
  auto* ctl = program.add_subcommand("ctl", "Talk to a running weir through its admin API");
  ctl->require_subcommand(1);
  ctl->footer("The key, if one is needed, comes from --api-key-file or the variable WEIR_API_KEY.");
  const auto add = [&](const char* name, const char* help, int (*command)(const CtlArguments&)) {
    auto* sub = ctl->add_subcommand(name, help);
    add_admin_options(*sub, arguments->admin);
    sub->callback([arguments, command, &exit_code] { exit_code = command(*arguments); });
    return sub;
  };
  add("reload", "Reload the rules; print what came of it", run_ctl_reload);
  add("status", "Print version, rules, lanes and lag", run_ctl_status);
  const auto add_client = [&](CLI::App* sub) {
    add_client_option(*sub, arguments->client);
    return sub;
  };
  const auto add_reason = [&](CLI::App* sub) {
    add_reason_option(*sub, arguments->client);
    return sub;
  };
  add_client(add("client", "Print what it keeps of one client: window, score, open episodes, decisions, alerts of late",
                 run_ctl_client));
  add_reason(add_client(add("forget", "Close a client's episodes and forget what is kept of it", run_ctl_forget)));
  auto* silence = add_reason(
      add_client(add("silence", "Leave out the alerts of a client or an episode for a while", run_ctl_silence)));
  silence->add_option("--for", arguments->lasts, "For how long: 90s, 30m, 4h, at most 7d; 0 ends a silence")
      ->required();
  silence->add_option("--episode", arguments->episode, "Only of this episode, by its id");
  add("analyze", "Print what it makes of one record", run_ctl_analyze)
      ->alias("analyse")
      ->add_option("FILE", arguments->record_file, "A file whose first line is the record; - is standard input")
      ->default_str("-");
}

}  // namespace weir
