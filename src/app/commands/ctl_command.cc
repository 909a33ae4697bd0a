#include <CLI/App.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/commands/command.h"
#include "app/input/line_reader.h"
#include "app/setup/admin_address.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "http/client.h"

namespace weir {
namespace {

/// Which running weir to talk to, and as whom.
struct CtlArguments {
  std::string config_file;        ///< its http.address and http.port; defaults without one
  std::string address;            ///< instead of them: HOST:PORT, numeric
  std::string api_key_file;       ///< its first line is the key; else the variable WEIR_API_KEY
  std::string record_file = "-";  ///< of `analyze`: its first line; "-" is standard input
  std::string client;             ///< as alerts name it
  std::string reason;             ///< of a decision
  std::string lasts;              ///< of a silence: "30m"
  std::string episode;            ///< of a silence: of this one alone
};

constexpr size_t kRecordBytesMax = 10U << 20;
constexpr size_t kKeyBytesMax = 512;

Result<std::string> first_line_of(const std::string& file, size_t bytes_max) {
  LineReader reader(file, bytes_max);
  if (auto opened = reader.open(); !opened) return tl::unexpected(opened.error());
  std::vector<std::string_view> lines;
  if (auto read = reader.read(1, lines); !read) return tl::unexpected(read.error());
  if (lines.empty()) return fail(ErrorCode::kInvalidArgument, "ctl", file + " is empty");
  return std::string(lines.front());
}

Result<HttpCall> call_for(const CtlArguments& arguments) {
  auto call = call_to(arguments.address, arguments.config_file);
  if (!call) return call;
  if (!arguments.api_key_file.empty()) {
    auto key = first_line_of(arguments.api_key_file, kKeyBytesMax);
    if (!key) return tl::unexpected(key.error());
    call->api_key = Secret(std::move(*key));
  } else if (const char* key = std::getenv("WEIR_API_KEY"); key != nullptr) {
    call->api_key = Secret(key);
  }
  return call;
}

/// JSON laid out for people; anything else as it is.
std::string readable(const std::string& body) {
  using Json = nlohmann::ordered_json;
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? body : json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int make(const HttpCall& call) {
  const auto reply = call_http(call);
  if (!reply) {
    std::fprintf(stderr, "weir ctl: %s\n", reply.error().detail.c_str());
    return kExitFailed;
  }
  const std::string text = readable(reply->body);
  const bool is_fine = reply->status == 200 || reply->status == 202;
  std::fputs(text.c_str(), stdout);
  if (reply->status == 401 || reply->status == 403) {
    std::fprintf(stderr, "weir ctl: refused (%d); the log of the running weir says why\n", reply->status);
  } else if (!is_fine) {
    std::fprintf(stderr, "weir ctl: the answer is %d\n", reply->status);
  }
  return is_fine ? kExitFine : kExitFailed;
}

/// `weir ctl reload`: 0 when the rules were reloaded, 1 when they were refused (the answer says why) or nobody answered.
int run_ctl_reload(const CtlArguments& arguments) {
  auto call = call_for(arguments);
  if (!call) return report_usage_error(call.error());
  call->method = "POST";
  call->path = "/-/reload";
  return make(*call);
}

/// `weir ctl status`
int run_ctl_status(const CtlArguments& arguments) {
  auto call = call_for(arguments);
  if (!call) return report_usage_error(call.error());
  call->path = "/-/status";
  return make(*call);
}

/// `weir ctl analyze`: what the running weir says of one record.
int run_ctl_analyze(const CtlArguments& arguments) {
  auto call = call_for(arguments);
  if (!call) return report_usage_error(call.error());
  auto record = first_line_of(arguments.record_file, kRecordBytesMax);
  if (!record) return report_usage_error(record.error());
  call->method = "POST";
  call->path = "/api/v1/analyze";
  call->json_body = std::move(*record);
  return make(*call);
}

/// A path's segment that stands for the text.
std::string encoded(std::string_view text) {
  std::string segment;
  for (const char c : text) {
    if (is_word_byte(c) || c == '-' || c == '.' || c == ':') {
      segment += c;
    } else {
      segment += '%';
      append_hex(segment, static_cast<unsigned char>(c));
    }
  }
  return segment;
}

/// `weir ctl client`: what it keeps of one client.
int run_ctl_client(const CtlArguments& arguments) {
  auto call = call_for(arguments);
  if (!call) return report_usage_error(call.error());
  call->path = "/api/v1/clients/" + encoded(arguments.client);
  return make(*call);
}

/// The seconds of "90s", "30m", "4h" or "7d"; "0" is none.
std::optional<int64_t> seconds_of(std::string_view text) {
  constexpr int64_t kNumberMax = 1'000'000;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = text.substr(static_cast<size_t>(end - text.data()));
  if (error != std::errc() || number < 0 || number > kNumberMax) return std::nullopt;
  if (unit == "s" || (unit.empty() && number == 0)) return number;
  if (unit == "m") return number * 60;
  if (unit == "h") return number * 3'600;
  if (unit == "d") return number * 86'400;
  return std::nullopt;
}

int decide(const CtlArguments& arguments, const char* what, nlohmann::json body) {
  auto call = call_for(arguments);
  if (!call) return report_usage_error(call.error());
  call->method = "POST";
  call->path = "/api/v1/clients/" + encoded(arguments.client) + "/" + what;
  body["reason"] = arguments.reason;
  call->json_body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return make(*call);
}

/// `weir ctl forget`: what is kept of a client goes.
int run_ctl_forget(const CtlArguments& arguments) {
  return decide(arguments, "forget", nlohmann::json::object());
}

/// `weir ctl silence`: no alerts of a client or an episode for a while.
int run_ctl_silence(const CtlArguments& arguments) {
  const auto seconds = seconds_of(arguments.lasts);
  if (!seconds) {
    return report_usage_error(
        {ErrorCode::kInvalidArgument, "ctl",
         "--for " + arguments.lasts + " is no time; such are 90s, 30m, 4h, 7d, and 0 to end a silence"});
  }
  nlohmann::json body = {{"duration_s", *seconds}};
  if (!arguments.episode.empty()) body["episode_id"] = arguments.episode;
  return decide(arguments, "silence", std::move(body));
}

}  // namespace

void add_ctl_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<CtlArguments>();
  auto* ctl = program.add_subcommand("ctl", "Talk to a running weir through its admin API");
  ctl->require_subcommand(1);
  ctl->footer("The key, if one is needed, comes from --api-key-file or the variable WEIR_API_KEY.");
  const auto add = [&](const char* name, const char* help, int (*command)(const CtlArguments&)) {
    auto* sub = ctl->add_subcommand(name, help);
    sub->add_option("-c,--config", arguments->config_file, "Configuration file that says where it listens");
    sub->add_option("-a,--address", arguments->address, "Where it listens [127.0.0.1:9464]");
    sub->add_option("--api-key-file", arguments->api_key_file, "File whose first line is the key");
    sub->callback([arguments, command, &exit_code] { exit_code = command(*arguments); });
    return sub;
  };
  add("reload", "Reload the rules; print what came of it", run_ctl_reload);
  add("status", "Print version, rules, lanes and lag", run_ctl_status);
  const auto add_client = [&](CLI::App* sub) {
    sub->add_option("CLIENT", arguments->client,
                    "As alerts name it; customer:, api_key: or address: before it say which kind it is")
        ->required();
    return sub;
  };
  const auto add_reason = [&](CLI::App* sub) {
    sub->add_option("--reason", arguments->reason, "Why, for the log and whoever asks later")->required();
    return sub;
  };
  add_client(
      add("client", "Print what it keeps of one client: window, score, open episodes, alerts of late", run_ctl_client));
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
