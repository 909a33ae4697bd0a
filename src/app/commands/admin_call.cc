#include "app/commands/admin_call.h"

#include <CLI/App.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/input/line_reader.h"
#include "app/setup/admin_address.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "base/ascii.h"
#include "base/hex.h"

namespace weir {
namespace {

constexpr size_t kKeyBytesMax = 512;

/// JSON laid out for people; anything else as it is.
std::string readable(const std::string& body) {
  const auto json = nlohmann::ordered_json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? body : json.dump(2, ' ', false, decltype(json)::error_handler_t::replace) + "\n";
}

}  // namespace

void add_admin_options(CLI::App& command, AdminArguments& arguments) {
  command.add_option("-c,--config", arguments.config_file, "Configuration file that says where it listens");
  command.add_option("-a,--address", arguments.address, "Where it listens [127.0.0.1:9464]");
  command.add_option("--api-key-file", arguments.api_key_file, "File whose first line is the key");
}

Result<std::string> first_line_of(const std::string& file, size_t bytes_max) {
  LineReader reader(file, bytes_max);
  if (auto opened = reader.open(); !opened) return tl::unexpected(opened.error());
  std::vector<std::string_view> lines;
  if (auto read = reader.read(1, lines); !read) return tl::unexpected(read.error());
  if (lines.empty()) return fail(ErrorCode::kInvalidArgument, "file", file + " is empty");
  return std::string(lines.front());
}

Result<HttpCall> admin_call(const AdminArguments& arguments) {
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

int make_call(const HttpCall& call, const char* command) {
  const auto reply = call_http(call);
  if (!reply) {
    std::fprintf(stderr, "weir %s: %s\n", command, reply.error().detail.c_str());
    return kExitFailed;
  }
  const std::string text = readable(reply->body);
  const bool is_fine = reply->status == 200 || reply->status == 202;
  std::fputs(text.c_str(), stdout);
  if (reply->status == 401 || reply->status == 403) {
    std::fprintf(stderr, "weir %s: refused (%d); the log of the running weir says why\n", command, reply->status);
  } else if (!is_fine) {
    std::fprintf(stderr, "weir %s: the answer is %d\n", command, reply->status);
  }
  return is_fine ? kExitFine : kExitFailed;
}

std::string encoded_segment(std::string_view text) {
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

void add_client_option(CLI::App& command, ClientArguments& arguments) {
  command
      .add_option("CLIENT", arguments.client,
                  "As alerts name it; customer:, api_key: or address: before it say which kind it is")
      ->required();
}

void add_reason_option(CLI::App& command, ClientArguments& arguments) {
  command.add_option("--reason", arguments.reason, "Why, for the log and whoever asks later")->required();
}

std::string client_path(const ClientArguments& arguments) {
  return "/api/v1/clients/" + encoded_segment(arguments.client);
}

int order_about_client(const AdminArguments& admin, const ClientArguments& arguments, const char* what,
                       nlohmann::json body, const char* command) {
  auto call = admin_call(admin);
  if (!call) return report_usage_error(call.error());
  call->method = "POST";
  call->path = client_path(arguments) + "/" + what;
  body["reason"] = arguments.reason;
  call->json_body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return make_call(*call, command);
}

Result<int64_t> seconds_of(const char* option, std::string_view text) {
  constexpr int64_t kNumberMax = 1'000'000;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto unit = text.substr(static_cast<size_t>(end - text.data()));
  const bool is_number = error == std::errc() && number >= 0 && number <= kNumberMax;
  if (is_number && (unit == "s" || (unit.empty() && number == 0))) return number;
  if (is_number && unit == "m") return number * 60;
  if (is_number && unit == "h") return number * 3'600;
  if (is_number && unit == "d") return number * 86'400;
  return fail(ErrorCode::kInvalidArgument, option, "'" + std::string(text) + "' is no time; such are 90s, 30m, 4h, 7d");
}

}  // namespace weir
