#include "event/directive/directive.h"

#include <algorithm>
#include <array>

#include "event/directive/directive_lowering.h"
#include "event/directive/directive_template.h"
#include "event/directive/time_pattern.h"

namespace weir {
namespace {

constexpr std::string_view kStage = "directive";

/// What is a server's own: its parser, and the variables that a person should add where something is missing.
struct ServerRow {
  DirectiveServer server;
  DirectiveResult<DirectiveTemplate> (*parse)(std::string_view);
  IdentityTrust client_id_trust;  ///< whether the server checked the user that it logs
  std::string_view client, target, user_agent, time;
};

constexpr std::array kServers{
    ServerRow{DirectiveServer::kNginx, parse_nginx_directive, IdentityTrust::kNever, "$remote_addr", "$request_uri",
              "$http_user_agent", "$time_iso8601 or $msec"},
    ServerRow{DirectiveServer::kApache, parse_apache_directive, IdentityTrust::kChecked, "%a", "%r", "%{User-Agent}i",
              "%t"},
    ServerRow{DirectiveServer::kHaproxy, parse_haproxy_directive, IdentityTrust::kNever, "%ci", "%{+Q}r or %HU",
              "%[capture.req.hdr(0)], with 'http-request capture req.hdr(User-Agent) len 512'", "%tr"},
    ServerRow{DirectiveServer::kEnvoy, parse_envoy_directive, IdentityTrust::kNever, "%DOWNSTREAM_REMOTE_ADDRESS%",
              "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "%REQ(USER-AGENT)%", "%START_TIME%"},
};

static_assert(kServers.size() == kNamesOf<DirectiveServer>.size());

const ServerRow& row_of(DirectiveServer server) {
  return kServers[static_cast<size_t>(server)];
}

std::string profile_name(const ServerRow& server) {
  return std::string(to_string(server.server)) + " directive";
}

struct Position {
  size_t line = 1, column = 1;
};

Position position_of(std::string_view text, size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line_begin = before.rfind('\n');
  Position position;
  position.line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  position.column = before.size() - (line_begin == std::string_view::npos ? 0 : line_begin + 1) + 1;
  return position;
}

tl::unexpected<Error> refuse(std::string_view text, const DirectiveFault& fault) {
  const auto [line, column] = position_of(text, fault.offset);
  return fail(ErrorCode::kParse, std::string(kStage),
              "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + fault.message);
}

std::string name_of_use(const TextField& field) {
  switch (field.use) {
    case TextUse::kSkip:
      return {};
    case TextUse::kField:
      return std::string(field_name(field.field));
    case TextUse::kRequestHeader:
      return "header " + field.header;
    case TextUse::kResponseHeader:
      return "response header " + field.header;
  }
  return {};
}

std::string sample_of(const DirectiveTemplate& parsed) {
  std::string line;
  for (const auto& piece : parsed.pieces) {
    line += piece.literal;
    if (piece.variable)
      line += piece.variable->time.empty() ? piece.variable->example : render_time_pattern(piece.variable->time);
  }
  return line;
}

/// What the fields of a directive add up to.
class Findings {
 public:
  Findings(const ServerRow& server, const std::vector<PieceUse>& uses, const DirectiveTemplate& parsed)
      : server_(server) {
    for (size_t i = 0; i < uses.size(); ++i) {
      const auto& field = uses[i].field;
      if (field.use != TextUse::kField) continue;
      has_[field.field] = true;
      const auto& variable = *parsed.pieces[i].variable;
      if (variable.is_decoded) decoded_ = variable.name;
      if (variable.field.field == kFieldTarget) has_raw_target_ = true;
    }
  }

  [[nodiscard]] bool says_what() const { return has_[kFieldTarget] || has_[kFieldPath]; }

  void warn(std::vector<std::string>& warnings) const {
    const auto missing = [&](std::string_view what, std::string_view consequence, std::string_view add) {
      warnings.push_back("the directive logs no " + std::string(what) + ": " + std::string(consequence) + ". Add " +
                         std::string(add) + ".");
    };
    if (!has_[kFieldClientIp]) missing("client address", "weir cannot tell one client from another", server_.client);
    if (!has_[kFieldTarget] && !has_[kFieldQuery])
      missing("query", "attacks in parameters are not seen", server_.target);
    if (!has_[kFieldUserAgent])
      missing("user agent", "scanners and bots are not seen by their names", server_.user_agent);
    if (!has_[kFieldTime] || has_[kFieldDate] != needs_date())
      missing("time that weir can read", "the broker's time stands for it", server_.time);
    if (!has_raw_target_ && !decoded_.empty()) {
      warnings.push_back(decoded_ +
                         " is the path after the server decoded it: encodings that hide an attack are not seen. " +
                         std::string(server_.target) + " is as the client sent it.");
    }
  }

 private:
  [[nodiscard]] bool needs_date() const { return has_[kFieldDate]; }

  const ServerRow& server_;
  std::array<bool, kFieldCount> has_{};
  bool has_raw_target_ = false;
  std::string decoded_;
};

// A text that a JSON log cannot be: it begins like one.
bool looks_like_json(const DirectiveTemplate& parsed) {
  if (parsed.pieces.empty()) return false;
  const auto& first = parsed.pieces.front().literal;
  const auto at = first.find_first_not_of(" \t\r\n");
  return at != std::string::npos && first[at] == '{' && first.find('"', at) != std::string::npos;
}

Result<DirectiveTemplate> parse(const ServerRow& server, std::string_view directive) {
  if (directive.size() > kDirectiveBytesMax)
    return fail(ErrorCode::kLimit, std::string(kStage),
                "a directive of more than " + std::to_string(kDirectiveBytesMax) + " bytes");
  if (const auto zero = directive.find('\0'); zero != std::string_view::npos)
    return refuse(directive, {zero, "a byte of value 0"});
  auto parsed = server.parse(directive);
  if (!parsed) return refuse(directive, parsed.error());
  if (parsed->pieces.size() > kDirectivePiecesMax)
    return refuse(directive, {parsed->pieces[kDirectivePiecesMax].offset,
                              "more than " + std::to_string(kDirectivePiecesMax) + " variables and texts"});
  const bool has_variable = std::any_of(parsed->pieces.begin(), parsed->pieces.end(),
                                        [](const DirectivePiece& piece) { return piece.variable.has_value(); });
  if (!has_variable)
    return refuse(directive, {0, "there is no variable of " + std::string(to_string(server.server)) + " in it"});
  return std::move(*parsed);
}

}  // namespace

std::optional<DirectiveServer> directive_server_of(const InputProfile& profile) {
  for (const auto& server : kServers) {
    if (profile.name == profile_name(server)) return server.server;
  }
  return std::nullopt;
}

std::string directive_server_names() {
  std::string names;
  for (const std::string_view name : kNamesOf<DirectiveServer>)
    names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

Result<Directive> compile_directive(DirectiveServer server, std::string_view directive) {
  const auto& row = row_of(server);
  const auto parsed = parse(row, directive);
  if (!parsed) return tl::unexpected(parsed.error());
  Directive result;
  result.server = server;
  result.warnings = parsed->notes;
  std::vector<PieceUse> uses;
  std::optional<InputProfile> json;
  if (looks_like_json(*parsed)) {
    json = lower_to_json(*parsed, uses);
    if (!json) result.warnings.emplace_back("the directive begins like JSON, but is none: its lines are read as text.");
  }
  if (json) {
    result.profile = std::move(*json);
  } else {
    auto text = lower_to_text(*parsed, uses);
    if (!text) return refuse(directive, text.error());
    text->name = profile_name(row);
    result.profile.texts.push_back(std::move(*text));
  }
  result.profile.name = profile_name(row);
  result.profile.about = std::string(directive);
  result.profile.client_id_trust = row.client_id_trust;
  result.profile.api_key_trust = IdentityTrust::kNever;  // a header like any other
  const Findings findings(row, uses, *parsed);
  if (!findings.says_what())
    return refuse(directive, {0, "nothing in it says what was requested: add " + std::string(row.target)});
  findings.warn(result.warnings);
  for (size_t i = 0; i < uses.size(); ++i) {
    const auto& piece = parsed->pieces[i];
    if (!piece.variable) continue;
    const auto [line, column] = position_of(directive, piece.offset);
    result.fields.push_back({piece.variable->name, line, column, name_of_use(uses[i].field), uses[i].pointer});
  }
  result.sample = sample_of(*parsed);
  return result;
}

}  // namespace weir
