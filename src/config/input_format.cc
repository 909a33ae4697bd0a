#include "config/input_format.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "event/directive/directive.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kPath = "input.format";

// A json_format that stands in YAML, as the JSON that it is. Its depth is bounded by the YAML reader.
Json json_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return nullptr;
    case YamlNode::Kind::kScalar:
      return node.text;
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const auto& item : node.items)
        list.push_back(json_of(item));
      return list;
    }
    case YamlNode::Kind::kMap: {
      Json map = Json::object();
      for (const auto& entry : node.entries)
        map[entry.key] = json_of(entry.value);
      return map;
    }
  }
  return nullptr;
}

std::optional<std::string> directive_text(DirectiveServer server, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return node.text;
  if (node.kind == YamlNode::Kind::kMap && server == DirectiveServer::kEnvoy)
    return json_of(node).dump(-1, ' ', false, Json::error_handler_t::replace);
  return std::nullopt;
}

}  // namespace

void set_input_format(const YamlNode& value, const Origin& origin, Config& config, Findings& findings) {
  const std::string hint =
      "for example {nginx: '$remote_addr [$time_local] \"$request\" …'}; there are " + directive_server_names();
  if (value.kind == YamlNode::Kind::kMap && value.entries.empty()) return;
  if (value.kind != YamlNode::Kind::kMap || value.entries.size() != 1)
    return findings.error(origin, std::string(kPath) + " must be one server with its log directive", hint);
  const auto& entry = value.entries.front();
  const Origin at = entry.position.line > 0 ? Origin{origin.source, entry.position} : origin;
  if (config.input_is_chosen && config.input.profile.name != "custom")
    return findings.error(at, "input.profile and input.format both say how records are read", "leave one of them out");
  const auto server = from_name<DirectiveServer>(entry.key);
  if (!server) return findings.error(at, "no server '" + entry.key + "' in " + std::string(kPath), hint);
  const auto text = directive_text(*server, entry.value);
  if (!text) return findings.error(at, std::string(kPath) + "." + entry.key + " must be text", hint);
  auto directive = compile_directive(*server, *text);
  if (!directive) return findings.error(at, std::string(kPath) + "." + entry.key + ": " + directive.error().detail);
  for (const auto& warning : directive->warnings)
    findings.warning(at, std::string(kPath) + "." + entry.key + ": " + warning);
  config.input.profile = std::move(directive->profile);
}

}  // namespace weir
