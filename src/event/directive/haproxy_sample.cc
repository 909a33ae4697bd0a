#include "event/directive/haproxy_sample.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "event/directive/variable_table.h"

namespace weir {
namespace {

constexpr auto kUse = TextUse::kField;

// clang-format off
constexpr std::array kFetches{
    VariableRow{"src", kUse, kFieldClientIp, 0},
    VariableRow{"fc_src", kUse, kFieldClientIp, 1},
    VariableRow{"method", kUse, kFieldMethod},
    VariableRow{"capture.req.method", kUse, kFieldMethod},
    VariableRow{"url", kUse, kFieldTarget, 0},
    VariableRow{"capture.req.uri", kUse, kFieldTarget, 0},
    VariableRow{"pathq", kUse, kFieldTarget, 0},
    VariableRow{"path", kUse, kFieldPath, 0},
    VariableRow{"base", kUse, kFieldPath, 3},
    VariableRow{"query", kUse, kFieldQuery, 0},
    VariableRow{"status", kUse, kFieldStatus},
    VariableRow{"unique-id", kUse, kFieldRequestId},
    VariableRow{"req.body", kUse, kFieldBody},
    VariableRow{"ssl_fc_sni", kUse, kFieldHost, 8, {}, {}, {}, "www.example.com"},
    VariableRow{"http_auth_user", kUse, kFieldClientId, 8},
};

// They change how a text is written, not what it is.
constexpr std::array<std::string_view, 12> kKeepingConverters{"json", "lower", "upper", "bytes", "word", "field", "regsub", "url_dec",
                                                              "concat", "debug", "ltrim", "rtrim"};
// clang-format on

struct Call {
  std::string_view name, argument;
};

// "name(argument)"; quotes around the argument are gone.
Call read_call(std::string_view text) {
  const size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) return {text, {}};
  auto argument = text.substr(open + 1, text.size() - open - 2);
  if (argument.size() >= 2 && (argument.front() == '"' || argument.front() == '\'') &&
      argument.back() == argument.front())
    argument = argument.substr(1, argument.size() - 2);
  return {text.substr(0, open), argument};
}

// The calls of an expression, split at commas outside of brackets.
std::vector<Call> read_calls(std::string_view expression) {
  std::vector<Call> calls;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= expression.size(); ++i) {
    const char c = i < expression.size() ? expression[i] : ',';
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (i < expression.size() && (c != ',' || depth > 0)) continue;
    calls.push_back(read_call(expression.substr(begin, i - begin)));
    begin = i + 1;
  }
  return calls;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

DirectiveVariable captured(const std::vector<std::string>& slots, std::string_view index, std::string_view written,
                           const HaproxyCaptures& captures, TextUse use) {
  const auto slot = static_cast<size_t>(std::atoi(std::string(index).c_str()));
  if (slot < slots.size() && slots[slot].find("capture.") == std::string::npos &&
      slots[slot].find("var(") == std::string::npos)
    return haproxy_sample_variable(slots[slot], written, captures);
  auto variable = skipped_variable(written);
  variable.field.use = use;
  variable.field.header = "captured-header-" + std::string(index);
  return variable;
}

DirectiveVariable time_variable(std::string_view unit, std::string_view written) {
  VariableRow row{"date", kUse, kFieldTime, 1, "%s", TimestampFormat::kEpochSeconds};
  if (unit == "ms") row.time = "%s%3f", row.time_format = TimestampFormat::kEpochMilliseconds;
  if (unit == "us") row.time = "%s%6f", row.time_format = TimestampFormat::kEpochMicroseconds;
  return variable_of(row, written, TextEscape::kNone);
}

// req.hdr takes a header for a list: of "a, b" it is "b".
DirectiveVariable header_variable(std::string_view argument, std::string_view written) {
  auto variable = request_header_variable(argument.substr(0, argument.find(',')), written, TextEscape::kNone);
  if (variable.field.field == kFieldUserAgent || variable.field.field == kFieldReferer ||
      variable.field.field == kFieldCookie) {
    variable.note = "req.hdr(" + std::string(argument) +
                    ") is only what stands behind the last comma of that header, so that an "
                    "attack before it is not seen: req.fhdr(" +
                    std::string(argument) + ") is all of it.";
  }
  return variable;
}

DirectiveVariable fetched(const Call& call, std::string_view written, const HaproxyCaptures& captures) {
  const auto name = call.name;
  const auto first_argument = call.argument.substr(0, call.argument.find(','));
  if (is_one_of(name, {"hdr", "req.hdr", "req_hdr"})) return header_variable(call.argument, written);
  if (is_one_of(name, {"req.fhdr", "fhdr"})) return request_header_variable(first_argument, written, TextEscape::kNone);
  if (is_one_of(name, {"res.hdr", "res.fhdr", "shdr"}))
    return response_header_variable(first_argument, written, TextEscape::kNone);
  if (is_one_of(name, {"req.cook", "cook", "cookie"}))
    return request_header_variable("cookie", written, TextEscape::kNone);
  if (name == "capture.req.hdr")
    return captured(captures.request, first_argument, written, captures, TextUse::kRequestHeader);
  if (name == "capture.res.hdr")
    return captured(captures.response, first_argument, written, captures, TextUse::kResponseHeader);
  if (is_one_of(name, {"date", "request_date", "accept_date"})) {
    const size_t comma = call.argument.rfind(',');
    return time_variable(comma == std::string_view::npos ? call.argument : call.argument.substr(comma + 1), written);
  }
  if (is_one_of(name, {"url_param", "urlp"}))
    return variable_of({name, kUse, kFieldQuery, 9}, written, TextEscape::kNone);
  if (name == "var") {
    const auto set = captures.variables.find(first_argument);
    if (set != captures.variables.end() && set->second.find("var(") == std::string::npos &&
        set->second.find("capture.") == std::string::npos) {
      return haproxy_sample_variable(set->second, written, captures);
    }
    auto variable = skipped_variable(written);
    variable.is_known = false;
    return variable;
  }
  if (const auto* row = find_variable(kFetches, name)) return variable_of(*row, written, TextEscape::kNone);
  return skipped_variable(written);
}

}  // namespace

DirectiveVariable haproxy_sample_variable(std::string_view expression, std::string_view written,
                                          const HaproxyCaptures& captures) {
  const auto calls = read_calls(expression);
  auto variable = fetched(calls.front(), written, captures);
  for (size_t i = 1; i < calls.size(); ++i) {
    const auto& converter = calls[i];
    if (converter.name == "json") variable.field.escape = TextEscape::kBackslash;
    if (is_one_of(converter.name, {"utime", "ltime"}) && variable.field.field == kFieldTime) {
      const auto row =
          VariableRow{"date", kUse, kFieldTime, 1, converter.argument.substr(0, converter.argument.rfind(','))};
      variable = variable_of(row, written, TextEscape::kNone);
      continue;
    }
    if (std::find(kKeepingConverters.begin(), kKeepingConverters.end(), converter.name) == kKeepingConverters.end())
      return skipped_variable(written);
  }
  return variable;
}

}  // namespace weir
