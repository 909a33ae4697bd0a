#include <array>
#include <string>

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
constexpr std::array kVariables{
    VariableRow{"remote_addr", kUse, kFieldClientIp},
    VariableRow{"realip_remote_addr", TextUse::kSkip, kFieldCount},
    VariableRow{"binary_remote_addr", TextUse::kSkip, kFieldCount},
    VariableRow{"proxy_protocol_addr", kUse, kFieldForwardedFor, 3, {}, {}, {}, "198.51.100.7"},
    VariableRow{"proxy_add_x_forwarded_for", kUse, kFieldForwardedFor, 6, {}, {}, {}, "198.51.100.7, 192.0.2.10"},
    VariableRow{"remote_user", kUse, kFieldClientId},
    VariableRow{"request_method", kUse, kFieldMethod},
    VariableRow{"scheme", kUse, kFieldScheme},
    VariableRow{"host", kUse, kFieldHost, 0},
    VariableRow{"server_name", kUse, kFieldHost, 7},
    VariableRow{"request_uri", kUse, kFieldTarget, 0},
    VariableRow{"request", kUse, kFieldTarget, 1, {}, {}, {}, kRequestLineExample},
    VariableRow{"uri", kUse, kFieldPath, 0},
    VariableRow{"document_uri", kUse, kFieldPath, 0},
    VariableRow{"args", kUse, kFieldQuery, 0},
    VariableRow{"query_string", kUse, kFieldQuery, 0},
    VariableRow{"request_body", kUse, kFieldBody},
    VariableRow{"status", kUse, kFieldStatus},
    VariableRow{"request_time", kUse, kFieldDuration, 0, {}, {}, kS, "0.012"},
    VariableRow{"upstream_response_time", kUse, kFieldDuration, 8, {}, {}, kS, "0.011"},
    VariableRow{"request_length", kUse, kFieldRequestBytes, 0},
    VariableRow{"content_length", kUse, kFieldRequestBytes, 4},
    VariableRow{"bytes_sent", kUse, kFieldResponseBytes, 0},
    VariableRow{"body_bytes_sent", kUse, kFieldResponseBytes, 1},
    VariableRow{"content_type", kUse, kFieldContentType, 0, {}, {}, {}, "text/plain"},
    VariableRow{"request_id", kUse, kFieldRequestId, 0},
    VariableRow{"time_iso8601", kUse, kFieldTime, 1, "%Y-%m-%dT%H:%M:%S+00:00", kAutoTime},
    VariableRow{"msec", kUse, kFieldTime, 0, "%s.%f", TimestampFormat::kEpochSeconds},
    VariableRow{"time_local", kUse, kFieldTime, 2, "%d/%b/%Y:%H:%M:%S %z", kAutoTime},
    // Without a use, but so common that a misspelling of them should not be taken for a variable of the user's own.
    VariableRow{"ancient_browser"}, VariableRow{"body_bytes_received"}, VariableRow{"connection"}, VariableRow{"connection_requests"},
    VariableRow{"connection_time"}, VariableRow{"connections_active"}, VariableRow{"document_root"}, VariableRow{"fastcgi_script_name"},
    VariableRow{"gzip_ratio"}, VariableRow{"hostname"}, VariableRow{"http2"}, VariableRow{"http3"}, VariableRow{"https"},
    VariableRow{"invalid_referer"}, VariableRow{"is_args"}, VariableRow{"limit_conn_status"}, VariableRow{"limit_rate"},
    VariableRow{"limit_req_status"}, VariableRow{"nginx_version"}, VariableRow{"pid"}, VariableRow{"pipe"}, VariableRow{"proxy_host"},
    VariableRow{"proxy_port"}, VariableRow{"proxy_protocol_port"}, VariableRow{"proxy_protocol_server_addr"},
    VariableRow{"proxy_protocol_server_port"}, VariableRow{"realip_remote_port"}, VariableRow{"realpath_root"},
    VariableRow{"remote_port"}, VariableRow{"request_body_file"}, VariableRow{"request_completion"}, VariableRow{"request_filename"},
    VariableRow{"server_addr"}, VariableRow{"server_port"}, VariableRow{"server_protocol"}, VariableRow{"ssl_cipher"},
    VariableRow{"ssl_ciphers"}, VariableRow{"ssl_client_fingerprint"}, VariableRow{"ssl_client_s_dn"},
    VariableRow{"ssl_client_serial"}, VariableRow{"ssl_client_verify"}, VariableRow{"ssl_curves"}, VariableRow{"ssl_protocol"},
    VariableRow{"ssl_server_name"}, VariableRow{"ssl_session_id"}, VariableRow{"ssl_session_reused"}, VariableRow{"tcpinfo_rtt"},
    VariableRow{"tcpinfo_rttvar"}, VariableRow{"upstream_addr"}, VariableRow{"upstream_bytes_received"},
    VariableRow{"upstream_bytes_sent"}, VariableRow{"upstream_cache_status"}, VariableRow{"upstream_connect_time"},
    VariableRow{"upstream_header_time"}, VariableRow{"upstream_response_length"}, VariableRow{"upstream_status"},
    VariableRow{"ingress_name"}, VariableRow{"namespace"}, VariableRow{"proxy_alternative_upstream_name"},
    VariableRow{"proxy_upstream_name"}, VariableRow{"req_id"}, VariableRow{"service_name"}, VariableRow{"service_port"},
    VariableRow{"the_real_ip"},
};
// clang-format on

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
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
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
