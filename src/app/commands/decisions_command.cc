#include <unistd.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/commands/admin_call.h"
#include "app/commands/command.h"
#include "app/commands/repeatable.h"
#include "app/daemon/logging.h"
#include "app/daemon/service.h"
#include "app/decisions/bouncer_api.h"
#include "app/decisions/decision_feed.h"
#include "app/decisions/export_format.h"
#include "app/decisions/stored_decision.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/setup/terminal_log.h"
#include "app/terminal/terminal.h"
#include "config/network_text.h"
#include "http/server.h"
#include "lane/wall_clock.h"
#include "score/decisions/decision_message.h"

namespace weir {
namespace {

constexpr Milliseconds kLookAgain{200};
constexpr int kTryAgainMs = 1'000;
constexpr Milliseconds kBehindInterval{5'000};  // so often the brokers are asked where the topic ends
constexpr Milliseconds kBehindPatience{1'000};
constexpr Milliseconds kRewriteInterval{1'000};  // at most so often is a watched file replaced

struct DecisionsArguments {
  std::string config_file;
  AdminArguments admin;  ///< of `add` and `delete`, as the next four
  ClientArguments client;
  std::string lasts, retry_after;
  std::string action = "ban";
  bool is_json = false;          ///< of `list`
  std::string format = "plain";  ///< of `export`, as all to --watch
  std::vector<std::string> actions;
  std::string output;
  bool is_watching = false;
  std::string listen = "127.0.0.1:8080", keys_file;  ///< of `serve`, as all below
  std::vector<std::string> allowed;
  uint32_t requests_per_minute = 600;
};

/// A board with what the topic holds.
Status fill(DecisionFeed& feed, DecisionBoard& board, Interruption& interruption) {
  uint64_t strangers = 0;
  const Status status = feed.read_all(interruption, [&](std::string_view key, std::string_view value) {
    strangers += board.take(key, value) == DecisionBoard::Taken::kYes ? 0 : 1;
  });
  board.expire(wall_clock());
  if (strangers > 0)
    std::fprintf(stderr, "weir decisions: %s records were no decisions, or one too many\n",
                 with_separators(strangers).c_str());
  return status;
}

std::string left_text(int64_t ms) {
  const int64_t seconds = std::max<int64_t>(ms / 1'000, 0);
  char text[32];
  std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", static_cast<long long>(seconds / 3'600),
                static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
  return text;
}

void print_table(const DecisionBoard& board) {
  if (board.size() == 0) return;
  std::printf("%-40s %-9s %-12s %-24s %s\n", "SUBJECT", "ACTION", "LEFT", "RULE", "REASON");
  const int64_t now_ms = wall_clock().time_since_epoch().count();
  board.each([&](const Decision& decision) {
    const std::string action = std::string(to_string(decision.action)) + (decision.is_simulated ? "?" : "");
    const std::string rule = decision.rule.empty() ? "(" + decision.caller + ")" : decision.rule;
    std::printf("%-40s %-9s %-12s %-24s %s\n", printable(decision.subject).c_str(), action.c_str(),
                left_text(decision.until_ms - now_ms).c_str(), printable(rule).c_str(),
                printable(decision.reason).c_str());
  });
}

/// What a command reads from the topic, and what it holds.
struct Reading {
  Interruption interruption;  // before other threads
  std::optional<DecisionFeed> feed;
  DecisionBoard board;
};

/// The exit code if it cannot be read.
std::optional<int> read_topic(const DecisionsArguments& arguments, Reading& reading) {
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  auto feed = DecisionFeed::open(*config, log_to_terminal());
  if (!feed) return report_failure("decisions", feed.error());
  reading.feed.emplace(std::move(*feed));
  const Status status = fill(*reading.feed, reading.board, reading.interruption);
  return status ? std::nullopt : std::optional(report_failure("decisions", status.error()));
}

/// `weir decisions list`
int run_list(const DecisionsArguments& arguments) {
  Reading reading;
  if (const auto failed = read_topic(arguments, reading)) return *failed;
  const DecisionBoard& board = reading.board;
  if (arguments.is_json) {
    board.each([](const Decision& decision) { std::printf("%s\n", decision_value(decision).c_str()); });
  } else {
    print_table(board);
    std::fprintf(stderr, "%s decisions, %s of them enforced\n", with_separators(board.size()).c_str(),
                 with_separators(board.enforced_count()).c_str());
  }
  return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
}

/// What `export` writes now.
std::string content_of(const DecisionsArguments& arguments, const DecisionBoard& board) {
  unsigned actions = arguments.actions.empty() ? 1U << static_cast<unsigned>(DecisionAction::kBan) : 0U;
  for (const std::string& name : arguments.actions)
    actions |= 1U << static_cast<unsigned>(*from_name<DecisionAction>(name));
  return exported(board, *from_name<ExportFormat>(arguments.format), actions);
}

/// Keeps the file as the decisions are, until interrupted.
Status watch(const DecisionsArguments& arguments, Reading& reading, std::string written) {
  auto& [interruption, feed, board] = reading;
  auto next_write = std::chrono::steady_clock::now() + kRewriteInterval;
  while (!interruption.requested()) {
    const auto more = feed->read_more(kLookAgain, [&held = board](std::string_view key, std::string_view value) {
      static_cast<void>(held.take(key, value));
    });
    if (!more) {  // what the library gets over by itself, such as a broker that restarts
      std::fprintf(stderr, "weir decisions: %s; trying again\n", more.error().to_string().c_str());
      interruption.wait(-1, kTryAgainMs);
    }
    board.expire(wall_clock());
    if (std::chrono::steady_clock::now() < next_write) continue;
    next_write = std::chrono::steady_clock::now() + kRewriteInterval;
    std::string content = content_of(arguments, board);
    if (content == written) continue;
    if (Status status = replace_file(arguments.output, content); !status) return status;
    written = std::move(content);
  }
  return {};
}

/// `weir decisions export`
int run_export(const DecisionsArguments& arguments) {
  Reading reading;
  if (const auto failed = read_topic(arguments, reading)) return *failed;
  std::string content = content_of(arguments, reading.board);
  if (arguments.output.empty()) {
    std::fwrite(content.data(), 1, content.size(), stdout);
    return std::fflush(stdout) == 0 ? kExitFine : kExitFailed;
  }
  Status status = replace_file(arguments.output, content);
  if (status && arguments.is_watching) status = watch(arguments, reading, std::move(content));
  return status ? kExitFine : report_failure("decisions", status.error());
}

Result<HttpOptions> server_options(const DecisionsArguments& arguments) {
  HttpOptions options;
  const size_t colon = arguments.listen.rfind(':');
  const std::string port = colon == std::string::npos ? "" : arguments.listen.substr(colon + 1);
  const bool is_port = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (!is_port || std::stoul(port) > 65'535)
    return fail(ErrorCode::kInvalidArgument, "--listen", "'" + arguments.listen + "' is no ADDRESS:PORT");
  options.address = arguments.listen.substr(0, colon);
  if (options.address.starts_with('[') && options.address.ends_with(']'))
    options.address = options.address.substr(1, options.address.size() - 2);
  options.port = static_cast<uint16_t>(std::stoul(port));
  auto keys = ApiKeyStore::load(arguments.keys_file);
  if (!keys) return tl::unexpected(keys.error());
  if (keys->size() == 0)
    return fail(ErrorCode::kInvalidArgument, "--keys", arguments.keys_file + " has no key (weir apikey makes some)");
  options.access.keys = std::make_shared<const ApiKeyStore>(std::move(*keys));
  options.access.requests_per_minute = arguments.requests_per_minute;
  for (const std::string& network : arguments.allowed) {
    if (const auto fault = network_fault(network))
      return fail(ErrorCode::kInvalidArgument, "--allow", fault->message + "; " + fault->hint);
    options.access.allowed.push_back(*Cidr::parse(network));
  }
  return options;
}

HttpHandlers handlers_of(BouncerApi& api) {
  HttpHandlers handlers;
  handlers.metrics = [&api] { return api.metrics(); };
  handlers.metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";
  handlers.healthy = [] { return Health{true, "ok"}; };
  handlers.ready = [&api] {
    return api.is_loaded() ? Health{true, "ready"} : Health{false, "the decisions are still being read"};
  };
  handlers.api = api.routes();
  handlers.answered = [&api](int status) { api.note_answer(status); };
  return handlers;
}

RequestLogSink request_log(Log& log) {
  return [sink = log.sink()](const RequestLogEntry& entry) {
    std::string line = "http: " + std::string(entry.remote_address) + " " + std::string(entry.method) + " " +
                       std::string(entry.path) + " " + std::to_string(entry.status);
    if (!entry.caller.empty()) line += " " + std::string(entry.caller);
    if (!entry.refusal.empty()) line += ", refused: " + std::string(entry.refusal);
    if (!entry.failure.empty()) line += ", failed: " + std::string(entry.failure);
    if (entry.suppressed > 0) line += " (" + std::to_string(entry.suppressed) + " requests before it are not shown)";
    const bool is_worth_a_look = !entry.refusal.empty() || !entry.failure.empty();
    sink(is_worth_a_look ? LogLevel::kWarning : LogLevel::kDebug, line);
  };
}

/// Reads on until interrupted. The service manager is told when everything is read.
Status feed_api(DecisionFeed& feed, BouncerApi& api, Interruption& interruption, Log& log) {
  const ServiceNotifier notifier;
  const auto take = [&api](std::string_view key, std::string_view value) { static_cast<void>(api.take(key, value)); };
  if (Status status = feed.read_all(interruption, take); !status) return status;
  if (interruption.requested()) return {};  // perhaps before all was read
  api.set_loaded();
  notifier.ready("Telling decisions");
  auto next_question = std::chrono::steady_clock::now();
  while (!interruption.requested()) {
    const auto more = feed.read_more(kLookAgain, take);
    if (std::chrono::steady_clock::now() >= next_question) {
      if (const auto behind = feed.behind(kBehindPatience); behind) api.note_behind(*behind, wall_clock());
      next_question = std::chrono::steady_clock::now() + kBehindInterval;
    }
    if (more) continue;
    log.write(LogLevel::kWarning, "decisions: " + more.error().to_string() + "; trying again");
    interruption.wait(-1, kTryAgainMs);
  }
  notifier.stopping("Closing connections");
  return {};
}

/// `weir decisions serve`
int run_serve(const DecisionsArguments& arguments) {
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  auto options = server_options(arguments);
  if (!options) return report_usage_error(options.error());
  Interruption interruption;  // before other threads
  Log log(config->log);
  auto feed = DecisionFeed::open(*config, log.sink());
  if (!feed) return report_failure("decisions", feed.error());
  BouncerApi api;
  HttpServer server(std::move(*options), handlers_of(api), request_log(log));
  if (const Status started = server.start(); !started) return report_failure("decisions", started.error());
  log.write(LogLevel::kInfo,
            "decisions: serving " + config->kafka.topics.decisions + " on port " + std::to_string(server.port()));
  const Status status = feed_api(*feed, api, interruption, log);
  server.stop();
  return status ? kExitFine : report_failure("decisions", status.error());
}

/// `weir decisions add`: an order, which the process that has the client's partition carries out.
int run_add(const DecisionsArguments& arguments) {
  const auto seconds = seconds_of("--for", arguments.lasts);
  if (!seconds) return report_usage_error(seconds.error());
  nlohmann::json body = {{"action", arguments.action}, {"duration_s", *seconds}};
  if (!arguments.retry_after.empty()) {
    const auto retry = seconds_of("--retry-after", arguments.retry_after);
    if (!retry) return report_usage_error(retry.error());
    body["retry_after_s"] = *retry;
  }
  return order_about_client(arguments.admin, arguments.client, "decide", std::move(body), "decisions");
}

/// `weir decisions delete`
int run_delete(const DecisionsArguments& arguments) {
  return order_about_client(arguments.admin, arguments.client, "lift", nlohmann::json::object(), "decisions");
}

template <NamedEnum Enum>
std::vector<std::string> names_of() {
  return {kNamesOf<Enum>.begin(), kNamesOf<Enum>.end()};
}

void add_topic_options(CLI::App& command, DecisionsArguments& arguments) {
  command.add_option("-c,--config", arguments.config_file,
                     "Configuration file (YAML): brokers and topic; defaults without one");
}

void add_orders(CLI::App& decisions, const std::shared_ptr<DecisionsArguments>& arguments, int& exit_code) {
  const auto add_common = [&](CLI::App& command) {
    add_admin_options(command, arguments->admin);
    add_client_option(command, arguments->client);
    add_reason_option(command, arguments->client);
  };
  auto* add = decisions.add_subcommand("add", "Decide about a client by hand, through the admin API of a running weir");
  add_common(*add);
  add->add_option("--action", arguments->action, "What is to be done")
      ->check(CLI::IsMember(names_of<DecisionAction>()))
      ->option_text("ban|captcha|throttle [ban]");
  add->add_option("--for", arguments->lasts, "For how long: 90s, 30m, 4h, 7d")->required();
  add->add_option("--retry-after", arguments->retry_after, "Of a throttle: between two requests");
  add->callback([arguments, &exit_code] { exit_code = run_add(*arguments); });
  auto* remove =
      decisions.add_subcommand("delete", "End the decision about a client; its next alert may lead to another");
  add_common(*remove);
  remove->callback([arguments, &exit_code] { exit_code = run_delete(*arguments); });
}

void add_list(CLI::App& decisions, const std::shared_ptr<DecisionsArguments>& arguments, int& exit_code) {
  auto* list = decisions.add_subcommand("list", "Show the decisions that are in force; ? marks simulated ones");
  add_topic_options(*list, *arguments);
  list->add_flag("--json", arguments->is_json, "As NDJSON, as they stand in the topic");
  list->callback([arguments, &exit_code] { exit_code = run_list(*arguments); });
}

void add_export(CLI::App& decisions, const std::shared_ptr<DecisionsArguments>& arguments, int& exit_code) {
  auto* to_file =
      decisions.add_subcommand("export", "Write the addresses and networks to be acted on for servers and proxies");
  add_topic_options(*to_file, *arguments);
  to_file->add_option("--format", arguments->format, "How a line is written")
      ->check(CLI::IsMember(names_of<ExportFormat>()))
      ->option_text("plain|nginx-deny|nginx-geo|haproxy-map|envoy [plain]");
  repeatable(to_file->add_option("--action", arguments->actions, "Only these; may be repeated")
                 ->check(CLI::IsMember(names_of<DecisionAction>()))
                 ->option_text("ban|captcha|throttle [ban]"));
  auto* output = to_file->add_option("-o,--output", arguments->output,
                                     "Replace this file, in one step, instead of writing to standard output");
  output->option_text("FILE");
  to_file->add_flag("--watch", arguments->is_watching, "Go on replacing it as decisions come and end")->needs(output);
  to_file->callback([arguments, &exit_code] { exit_code = run_export(*arguments); });
}

void add_serve(CLI::App& decisions, const std::shared_ptr<DecisionsArguments>& arguments, int& exit_code) {
  auto* serve = decisions.add_subcommand(
      "serve", "Tell decisions to bouncers over HTTP, in the protocol of CrowdSec's local API");
  add_topic_options(*serve, *arguments);
  serve->add_option("--listen", arguments->listen, "Numeric address and port")
      ->option_text("ADDRESS:PORT [127.0.0.1:8080]");
  serve->add_option("--keys", arguments->keys_file, "File with the names and hashed keys of the bouncers (weir apikey)")
      ->required()
      ->option_text("FILE");
  repeatable(serve
                 ->add_option("--allow", arguments->allowed,
                              "Network that may call; may be repeated; without any, loopback only")
                 ->option_text("NETWORK"));
  serve->add_option("--requests-per-minute", arguments->requests_per_minute, "Of one address; further ones are refused")
      ->check(CLI::Range(1, 1'000'000))
      ->option_text("NUMBER [600]");
  serve->callback([arguments, &exit_code] { exit_code = run_serve(*arguments); });
}

}  // namespace

void add_decisions_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<DecisionsArguments>();
  auto* decisions =
      program.add_subcommand("decisions", "What is decided about clients: show it, and give it to those who enforce");
  decisions->require_subcommand(1);
  add_orders(*decisions, arguments, exit_code);
  add_list(*decisions, arguments, exit_code);
  add_export(*decisions, arguments, exit_code);
  add_serve(*decisions, arguments, exit_code);
  decisions->footer(
      "Examples: weir decisions list --config weir.yaml\n"
      "          weir decisions export --format nginx-deny --output /etc/nginx/weir-deny.conf --watch\n"
      "          weir decisions add 198.51.100.7 --for 4h --reason 'asked for by the hoster'\n"
      "          weir decisions serve --keys /etc/weir/bouncers --listen 127.0.0.1:8080");
}

}  // namespace weir
