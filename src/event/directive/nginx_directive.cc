#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"
#include "event/directive/config_text.h"
#include "event/directive/directive_template.h"
#include "event/directive/variable_table.h"

// nginx: log_format NAME [escape=default|json|none] 'text' 'text' …; with variables written $name or ${name}.
namespace weir {
namespace {

constexpr auto kUse = TextUse::kField;
constexpr auto kAutoTime = TimestampFormat::kAuto;
constexpr auto kS = DurationUnit::kSeconds;

// clang-format off
constexpr auto kUsed = std::to_array<VariableRow>({
    {"remote_addr", kUse, kFieldClientIp},
    {"realip_remote_addr", TextUse::kSkip, kFieldCount},
    {"binary_remote_addr", TextUse::kSkip, kFieldCount},
    {"proxy_protocol_addr", kUse, kFieldForwardedFor, 3, {}, {}, {}, "198.51.100.7"},
    {"proxy_add_x_forwarded_for", kUse, kFieldForwardedFor, 6, {}, {}, {}, "198.51.100.7, 192.0.2.10"},
    {"remote_user", kUse, kFieldClientId},
    {"request_method", kUse, kFieldMethod},
    {"scheme", kUse, kFieldScheme},
    {"host", kUse, kFieldHost, 0},
    {"server_name", kUse, kFieldHost, 7},
    {"request_uri", kUse, kFieldTarget, 0},
    {"request", kUse, kFieldTarget, 1, {}, {}, {}, kRequestLineExample},
    {"uri", kUse, kFieldPath, 0},
    {"document_uri", kUse, kFieldPath, 0},
    {"args", kUse, kFieldQuery, 0},
    {"query_string", kUse, kFieldQuery, 0},
    {"request_body", kUse, kFieldBody},
    {"status", kUse, kFieldStatus},
    {"request_time", kUse, kFieldDuration, 0, {}, {}, kS, "0.012"},
    {"upstream_response_time", kUse, kFieldDuration, 8, {}, {}, kS, "0.011"},
    {"request_length", kUse, kFieldRequestBytes, 0},
    {"content_length", kUse, kFieldRequestBytes, 4},
    {"bytes_sent", kUse, kFieldResponseBytes, 0},
    {"body_bytes_sent", kUse, kFieldResponseBytes, 1},
    {"content_type", kUse, kFieldContentType, 0, {}, {}, {}, "text/plain"},
    {"request_id", kUse, kFieldRequestId, 0},
    {"time_iso8601", kUse, kFieldTime, 1, "%Y-%m-%dT%H:%M:%S+00:00", kAutoTime},
    {"msec", kUse, kFieldTime, 0, "%s.%f", TimestampFormat::kEpochSeconds},
    {"time_local", kUse, kFieldTime, 2, "%d/%b/%Y:%H:%M:%S %z", kAutoTime},
});
// Without a use, but so common that a misspelling of them should not be taken for a variable of the user's own.
constexpr auto kUnused = std::to_array<std::string_view>({
    "ancient_browser", "body_bytes_received", "connection", "connection_requests", "connection_time", "connections_active",
    "document_root", "fastcgi_script_name", "gzip_ratio", "hostname", "http2", "http3", "https", "invalid_referer", "is_args",
    "limit_conn_status", "limit_rate", "limit_req_status", "nginx_version", "pid", "pipe", "proxy_host", "proxy_port",
    "proxy_protocol_port", "proxy_protocol_server_addr", "proxy_protocol_server_port", "realip_remote_port", "realpath_root",
    "remote_port", "request_body_file", "request_completion", "request_filename", "server_addr", "server_port",
    "server_protocol", "ssl_cipher", "ssl_ciphers", "ssl_client_fingerprint", "ssl_client_s_dn", "ssl_client_serial",
    "ssl_client_verify", "ssl_curves", "ssl_protocol", "ssl_server_name", "ssl_session_id", "ssl_session_reused", "tcpinfo_rtt",
    "tcpinfo_rttvar", "upstream_addr", "upstream_bytes_received", "upstream_bytes_sent", "upstream_cache_status",
    "upstream_connect_time", "upstream_header_time", "upstream_response_length", "upstream_status", "ingress_name", "namespace",
    "proxy_alternative_upstream_name", "proxy_upstream_name", "req_id", "service_name", "service_port", "the_real_ip"
});
// clang-format on
constexpr auto kVariables = with_unused(kUsed, kUnused);

constexpr std::string_view kCombined =
    R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent")";

constexpr ConfigSyntax kSyntax{"\\\"'", true, true, true, ';'};

std::string header_name(std::string_view variable) {
  std::string name(variable);
  for (char& c : name) {
    if (c == '_') c = '-';
  }
  return name;
}

DirectiveVariable variable_named(std::string_view name, std::string_view written, TextEscape escape,
                                 DirectiveTemplate& result) {
  if (const auto* row = find_variable(kVariables, name)) {
    // The controller's own names of ingress-nginx.
    if (name == "the_real_ip") return variable_of({name, kUse, kFieldClientIp, 2}, written, escape);
    if (name == "req_id") return variable_of({name, kUse, kFieldRequestId, 2}, written, escape);
    auto variable = variable_of(*row, written, escape);
    variable.is_decoded = row->field == kFieldPath;
    return variable;
  }
  if (name.starts_with("http_")) return request_header_variable(header_name(name.substr(5)), written, escape);
  if (name.starts_with("sent_http_")) return response_header_variable(header_name(name.substr(10)), written, escape);
  if (name.starts_with("upstream_http_"))
    return response_header_variable(header_name(name.substr(14)), written, escape);
  if (name.starts_with("cookie_")) {
    auto variable = request_header_variable("cookie", written, escape);
    variable.rank = 9;
    return variable;
  }
  if (name.starts_with("arg_")) return variable_of({name, kUse, kFieldQuery, 9}, written, escape);
  auto variable = skipped_variable(written);
  variable.is_known = false;
  if (const auto near = nearest_variable(kVariables, name); !near.empty()) {
    result.notes.push_back(std::string(written) + " is no variable of nginx: is $" + std::string(near) +
                           " meant? It is skipped.");
  }
  return variable;
}

bool is_name_byte(char c) {
  return is_word_byte(c);
}

// One text of the directive, its quotes gone.
DirectiveResult<void> add_text(const ConfigText& source, TextEscape escape, DirectiveTemplate& result) {
  const std::string_view text = source.text;
  for (size_t at = 0; at < text.size();) {
    const size_t dollar = text.find('$', at);
    result.add_literal(source.offset_of(at), text.substr(at, dollar - at));
    if (dollar == std::string_view::npos) return {};
    const bool has_braces = dollar + 1 < text.size() && text[dollar + 1] == '{';
    const size_t begin = dollar + (has_braces ? 2 : 1);
    size_t end = begin;
    while (end < text.size() && is_name_byte(text[end]))
      ++end;
    if (end == begin) return directive_fault(source.offset_of(dollar), "a $ without the name of a variable behind it");
    if (has_braces && (end >= text.size() || text[end] != '}'))
      return directive_fault(source.offset_of(dollar), "the brace of ${…} is not closed");
    const auto name = text.substr(begin, end - begin);
    result.add_variable(source.offset_of(dollar), variable_named(name, "$" + std::string(name), escape, result));
    at = end + (has_braces ? 1 : 0);
  }
  return {};
}

DirectiveResult<TextEscape> escape_named(std::string_view name, size_t offset) {
  if (name == "default" || name == "json") return TextEscape::kBackslash;
  if (name == "none") return TextEscape::kNone;
  return directive_fault(offset, "escape=" + std::string(name) + " is none of default, json and none");
}

// Words as in the configuration file: they are written one behind the other, without a space between them.
DirectiveResult<DirectiveTemplate> parse_words(const std::vector<ConfigWord>& words, size_t first) {
  DirectiveTemplate result;
  auto escape = TextEscape::kBackslash;
  for (size_t i = first; i < words.size(); ++i) {
    const auto& value = words[i].value;
    if (i == first && value.text.starts_with("escape=")) {
      const auto named = escape_named(std::string_view(value.text).substr(7), value.offset_of(0));
      if (!named) return tl::unexpected(named.error());
      escape = *named;
      continue;
    }
    if (auto added = add_text(value, escape, result); !added) return tl::unexpected(added.error());
  }
  return result;
}

}  // namespace

DirectiveResult<DirectiveTemplate> parse_nginx_directive(std::string_view text) {
  const auto [begin, end] = trimmed_range(text);
  const auto trimmed = text.substr(begin, end - begin);
  if (trimmed == "combined") {
    DirectiveTemplate result;
    if (auto added = add_text(plain_config_text(kCombined, 0, kCombined.size()), TextEscape::kBackslash, result);
        !added)
      return tl::unexpected(added.error());
    return result;
  }
  if (starts_with_word(text, begin, "log_format")) {
    const auto words = read_config_words(text, begin, kSyntax);
    if (!words) return tl::unexpected(words.error());
    if (words->size() < 3) return directive_fault(begin, "log_format needs a name and a text");
    return parse_words(*words, 2);
  }
  // The value alone: quoted as in the file, with or without its escape, or just the text.
  if (trimmed.starts_with('\'') || trimmed.starts_with("escape=")) {
    const size_t value = trimmed.starts_with("escape=") ? text.find_first_of(" \t\r\n", begin) : begin;
    const size_t first = std::min(text.find_first_not_of(" \t\r\n", value), text.size());
    if (value == begin || first >= text.size() || text[first] == '\'' || text[first] == '"') {
      const auto words = read_config_words(text, begin, kSyntax);
      if (!words) return tl::unexpected(words.error());
      return parse_words(*words, 0);
    }
    const auto escape = escape_named(text.substr(begin + 7, value - begin - 7), begin);
    if (!escape) return tl::unexpected(escape.error());
    DirectiveTemplate result;
    if (auto added = add_text(plain_config_text(text, first, end), *escape, result); !added)
      return tl::unexpected(added.error());
    return result;
  }
  DirectiveTemplate result;
  if (auto added = add_text(plain_config_text(text, begin, end), TextEscape::kBackslash, result); !added)
    return tl::unexpected(added.error());
  return result;
}

}  // namespace weir
