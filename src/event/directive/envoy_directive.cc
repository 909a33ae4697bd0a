#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"
#include "event/directive/config_text.h"
#include "event/directive/directive_template.h"
#include "event/directive/variable_table.h"

// Envoy: a format string, or an object of them, with command operators %NAME(argument):length%.
namespace weir {
namespace {

constexpr auto kUse = TextUse::kField;

// clang-format off
constexpr auto kUsed = std::to_array<VariableRow>({
    {"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", kUse, kFieldClientIp, 0},
    {"DOWNSTREAM_REMOTE_ADDRESS", kUse, kFieldClientIp, 1, {}, {}, {}, "192.0.2.10:51234"},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", kUse, kFieldClientIp, 2},
    {"DOWNSTREAM_DIRECT_REMOTE_ADDRESS", kUse, kFieldClientIp, 3, {}, {}, {}, "192.0.2.10:51234"},
    {"RESPONSE_CODE", kUse, kFieldStatus},
    {"DURATION", kUse, kFieldDuration, 0},
    {"BYTES_RECEIVED", kUse, kFieldRequestBytes, 0},
    {"BYTES_SENT", kUse, kFieldResponseBytes, 0},
    {"DOWNSTREAM_WIRE_BYTES_RECEIVED", kUse, kFieldRequestBytes, 1},
    {"DOWNSTREAM_WIRE_BYTES_SENT", kUse, kFieldResponseBytes, 1},
    {"REQUESTED_SERVER_NAME", kUse, kFieldHost, 8, {}, {}, {}, "www.example.com"},
    {"STREAM_ID", kUse, kFieldRequestId, 8},
    {"UNIQUE_ID", kUse, kFieldRequestId, 9},
});
// Without a use. The last ones are known by their names here; what they mean depends on their arguments.
constexpr auto kUnused = std::to_array<std::string_view>({
    "ACCESS_LOG_TYPE", "BYTES_RETRANSMITTED", "CEL", "CLUSTER_METADATA", "CONNECTION_ID", "CONNECTION_TERMINATION_DETAILS",
    "CUSTOM_FLAGS", "DOWNSTREAM_DETECTED_CLOSE_TYPE", "DOWNSTREAM_DIRECT_LOCAL_ADDRESS", "DOWNSTREAM_DIRECT_REMOTE_PORT",
    "DOWNSTREAM_HANDSHAKE_DURATION", "DOWNSTREAM_HEADER_BYTES_RECEIVED", "DOWNSTREAM_HEADER_BYTES_SENT",
    "DOWNSTREAM_LOCAL_ADDRESS", "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "DOWNSTREAM_LOCAL_PORT", "DOWNSTREAM_LOCAL_SUBJECT",
    "DOWNSTREAM_LOCAL_URI_SAN", "DOWNSTREAM_PEER_CERT", "DOWNSTREAM_PEER_FINGERPRINT_256", "DOWNSTREAM_PEER_ISSUER",
    "DOWNSTREAM_PEER_SERIAL", "DOWNSTREAM_PEER_SUBJECT", "DOWNSTREAM_PEER_URI_SAN", "DOWNSTREAM_REMOTE_PORT",
    "DOWNSTREAM_TLS_CIPHER", "DOWNSTREAM_TLS_SESSION_ID", "DOWNSTREAM_TLS_VERSION", "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
    "DYNAMIC_METADATA", "EMIT_TIME", "ENVIRONMENT", "FILTER_CHAIN_NAME", "FILTER_STATE", "GRPC_STATUS", "GRPC_STATUS_NUMBER",
    "HOSTNAME", "LOCAL_REPLY_BODY", "METADATA", "PACKETS_RETRANSMITTED", "PROTOCOL", "REQUEST_DURATION",
    "REQUEST_HEADERS_BYTES", "REQUEST_TX_DURATION", "RESPONSE_CODE_DETAILS", "RESPONSE_DURATION", "RESPONSE_FLAGS",
    "RESPONSE_FLAGS_LONG", "RESPONSE_HEADERS_BYTES", "RESPONSE_TRAILERS_BYTES", "RESPONSE_TX_DURATION", "ROUNDTRIP_DURATION",
    "ROUTE_NAME", "SPAN_ID", "START_TIME_LOCAL", "TLS_JA3_FINGERPRINT", "TLS_JA4_FINGERPRINT", "TRACE_ID", "TRAILER",
    "UPSTREAM_CLUSTER", "UPSTREAM_CLUSTER_RAW", "UPSTREAM_FILTER_STATE", "UPSTREAM_HEADER_BYTES_RECEIVED",
    "UPSTREAM_HEADER_BYTES_SENT", "UPSTREAM_HOST", "UPSTREAM_HOST_NAME", "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", "UPSTREAM_LOCAL_PORT", "UPSTREAM_METADATA", "UPSTREAM_PEER_SUBJECT",
    "UPSTREAM_PROTOCOL", "UPSTREAM_REMOTE_ADDRESS", "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "UPSTREAM_REMOTE_PORT",
    "UPSTREAM_REQUEST_ATTEMPT_COUNT", "UPSTREAM_TLS_CIPHER", "UPSTREAM_TLS_VERSION", "UPSTREAM_TRANSPORT_FAILURE_REASON",
    "UPSTREAM_WIRE_BYTES_RECEIVED", "UPSTREAM_WIRE_BYTES_SENT", "VIRTUAL_CLUSTER_NAME", "VIRTUAL_HOST_NAME", "START_TIME",
    "REQ", "REQ_WITHOUT_QUERY", "RESP", "PATH", "QUERY_PARAM", "QUERY_PARAMS", "COMMON_DURATION"
});
// clang-format on
constexpr auto kOperators = with_unused(kUsed, kUnused);

constexpr std::string_view kDefaultFormat =
    R"([%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% )"
    R"(%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" )"
    R"("%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%")";

struct Operator {
  std::string_view name, argument;
  size_t end = 0;  ///< behind the closing percent sign
};

bool is_name_byte(char c) {
  return is_ascii_upper(c) || is_ascii_digit(c) || c == '_';
}

DirectiveResult<Operator> read_operator(std::string_view text, size_t begin) {
  Operator found;
  size_t at = begin + 1;
  while (at < text.size() && is_name_byte(text[at]))
    ++at;
  found.name = text.substr(begin + 1, at - begin - 1);
  if (found.name.empty())
    return directive_fault(begin, "a % without an operator behind it (a percent sign is written %%)");
  if (at < text.size() && text[at] == '(') {
    // The argument may hold brackets and percent signs of its own: it ends at a bracket with the operator's end behind it.
    for (size_t close = text.find(')', at); close != std::string_view::npos; close = text.find(')', close + 1)) {
      size_t end = close + 1;
      if (end < text.size() && text[end] == ':') {
        for (++end; end < text.size() && is_ascii_digit(text[end]);)
          ++end;
      }
      if (end >= text.size() || text[end] != '%') continue;
      found.argument = text.substr(at + 1, close - at - 1);
      found.end = end + 1;
      return found;
    }
    return directive_fault(begin, "the bracket of %" + std::string(found.name) + "(…)% is not closed");
  }
  if (at < text.size() && text[at] == ':') {
    for (++at; at < text.size() && is_ascii_digit(text[at]);)
      ++at;
  }
  if (at >= text.size() || text[at] != '%')
    return directive_fault(begin, "%" + std::string(found.name) + " has no percent sign at its end");
  found.end = at + 1;
  return found;
}

DirectiveVariable request_variable(std::string_view header, std::string_view written) {
  const std::string name = lower_case(header);
  if (name == ":method") return variable_of({name, kUse, kFieldMethod}, written, TextEscape::kNone);
  if (name == ":path") return variable_of({name, kUse, kFieldTarget, 1}, written, TextEscape::kNone);
  if (name == "x-envoy-original-path") return variable_of({name, kUse, kFieldTarget, 0}, written, TextEscape::kNone);
  if (name == ":scheme") return variable_of({name, kUse, kFieldScheme}, written, TextEscape::kNone);
  return request_header_variable(name, written, TextEscape::kNone);
}

// REQ(X?Y): X where the request has it, else Y. What is a field of the event decides.
DirectiveVariable request_variables(std::string_view argument, std::string_view written) {
  const size_t question = argument.find('?');
  auto first = request_variable(argument.substr(0, question), written);
  if (question == std::string_view::npos || first.field.use == TextUse::kField) return first;
  auto second = request_variable(argument.substr(question + 1), written);
  return second.field.use == TextUse::kField ? second : first;
}

DirectiveVariable time_variable(std::string_view argument, std::string_view written) {
  const auto pattern = argument.empty() ? std::string_view("%Y-%m-%dT%H:%M:%S.%3fZ") : argument;
  auto variable = variable_of({"START_TIME", kUse, kFieldTime, 0, pattern}, written, TextEscape::kNone);
  if (pattern == "%s" || pattern.starts_with("%s.")) variable.field.time_format = TimestampFormat::kEpochSeconds;
  if (pattern == "%s%3f") variable.field.time_format = TimestampFormat::kEpochMilliseconds;
  return variable;
}

DirectiveVariable duration_variable(std::string_view argument, std::string_view written) {
  auto variable = variable_of({"COMMON_DURATION", kUse, kFieldDuration, 2}, written, TextEscape::kNone);
  if (!argument.starts_with("DS_RX_BEG:DS_TX_END:")) return skipped_variable(written);
  if (argument.ends_with(":us")) variable.field.unit = DurationUnit::kMicroseconds;
  if (argument.ends_with(":ns")) variable.field.unit = DurationUnit::kNanoseconds;
  return variable;
}

DirectiveVariable variable_of_operator(const Operator& found, std::string_view written, DirectiveTemplate& result) {
  if (found.name == "REQ") return request_variables(found.argument, written);
  if (found.name == "REQ_WITHOUT_QUERY") {
    auto variable = request_variables(found.argument, written);
    if (variable.field.field == kFieldTarget)
      variable = variable_of({"", kUse, kFieldPath}, written, TextEscape::kNone);
    return variable;
  }
  if (found.name == "RESP")
    return response_header_variable(found.argument.substr(0, found.argument.find('?')), written, TextEscape::kNone);
  if (found.name == "START_TIME") return time_variable(found.argument, written);
  if (found.name == "COMMON_DURATION") return duration_variable(found.argument, written);
  if (found.name == "PATH") {
    const auto field = found.argument.starts_with("NQ") ? kFieldPath : kFieldTarget;
    return variable_of({"PATH", kUse, field, 2}, written, TextEscape::kNone);
  }
  if (found.name == "QUERY_PARAM") return variable_of({"", kUse, kFieldQuery, 9}, written, TextEscape::kNone);
  if (found.name == "QUERY_PARAMS") return variable_of({"", kUse, kFieldQuery, 1}, written, TextEscape::kNone);
  if (const auto* row = find_variable(kOperators, found.name)) return variable_of(*row, written, TextEscape::kNone);
  auto variable = skipped_variable(written);
  variable.is_known = false;
  const auto near = nearest_variable(kOperators, found.name);
  result.notes.push_back(std::string(written) + " is no operator that weir knows" +
                         (near.empty() ? "" : ": is %" + std::string(near) + "% meant?") +
                         (near.empty() ? ": it" : " It") + " is skipped.");
  return variable;
}

}  // namespace

DirectiveResult<DirectiveTemplate> parse_envoy_directive(std::string_view given) {
  auto [begin, end] = trimmed_range(given);
  std::string_view text = given;
  if (given.substr(begin, end - begin) == "default") {
    text = kDefaultFormat;
    begin = 0;
    end = text.size();
  }
  // A format string brings the end of its line, also as it is written in JSON.
  if (text.substr(0, end).ends_with("\\n")) end -= 2;
  text = text.substr(0, end);
  DirectiveTemplate result;
  for (size_t at = begin; at < text.size();) {
    const size_t percent = text.find('%', at);
    result.add_literal(at, text.substr(at, percent - at));
    if (percent == std::string_view::npos) break;
    if (percent + 1 < text.size() && text[percent + 1] == '%') {
      result.add_literal(percent, "%");
      at = percent + 2;
      continue;
    }
    const auto found = read_operator(text, percent);
    if (!found) return tl::unexpected(found.error());
    result.add_variable(percent, variable_of_operator(*found, text.substr(percent, found->end - percent), result));
    at = found->end;
  }
  return result;
}

}  // namespace weir
