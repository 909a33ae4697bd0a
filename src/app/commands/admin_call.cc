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
#include "base/ascii.h"
#include "base/hex.h"

namespace weir {
namespace {

constexpr size_t kKeyBytesMax = 512;

/// JSON laid out for people; anything else as it is.
std::string readable(const std::string& body) {
  using Json = nlohmann::ordered_json;
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? body : json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
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

}  // namespace weir
