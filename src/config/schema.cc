#include <nlohmann/json.hpp>

#include "base/topic_table.h"
#include "config/config.h"
#include "config/decisions/rule_reader.h"
#include "config/property.h"
#include "config/property_value.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

Json names_of(std::span<const std::string_view> names) {
  Json list = Json::array();
  for (const auto name : names)
    list.push_back(std::string(name));
  return list;
}

Json bounded(const char* type, const Bounds& bounds) {
  return {{"type", type}, {"minimum", bounds.min}, {"maximum", bounds.max}};
}

/// The JSON type of a property; one overload per kind of access.
struct TypeOf {
  const Property& property;

  Json operator()(Access<std::string>) const { return {{"type", "string"}}; }
  Json operator()(Access<Secret>) const { return {{"type", "string"}}; }
  Json operator()(Access<std::vector<std::string>>) const {
    return {{"oneOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}}};
  }
  Json operator()(Access<SecretMap>) const {
    return {{"type", "object"}, {"additionalProperties", {{"type", {"string", "number", "boolean"}}}}};
  }
  Json operator()(Access<double>) const { return bounded("number", property.bounds); }
  Json operator()(Access<std::vector<uint64_t>>) const {
    return {{"type", "array"}, {"items", bounded("integer", property.bounds)}};
  }
  template <typename Integer>
  Json operator()(Access<Integer>) const {
    return bounded("integer", property.bounds);
  }
  Json operator()(const ChoiceAccess& access) const {
    if (access.names.front() == "false") return {{"type", "boolean"}};
    return {{"enum", names_of(access.names)}};
  }
  Json operator()(const ChoiceListAccess& access) const {
    return {{"type", "array"}, {"items", {{"enum", names_of(access.names)}}}, {"uniqueItems", true}, {"minItems", 1}};
  }
  Json operator()(FormatAccess) const {
    const Json text = {{"type", "string"}};
    return {{"type", "object"},
            {"maxProperties", 1},
            {"additionalProperties", false},
            {"properties",
             {{"nginx", text}, {"apache", text}, {"haproxy", text}, {"envoy", {{"type", {"string", "object"}}}}}}};
  }
  Json operator()(ProfileAccess) const {
    Json names = Json(InputProfile::built_in_names());
    names.push_back("custom");
    return {{"anyOf", {{{"enum", names}}, {{"type", "string"}, {"pattern", "\\.yaml$"}}}}};
  }
};

std::string help_of(const Property& property) {
  return std::string(property.help) + (property.unit.empty() ? "" : " (" + std::string(property.unit) + ")");
}

Json empty_object(std::string_view help) {
  return {{"type", {"object", "null"}},
          {"description", std::string(help)},
          {"additionalProperties", false},
          {"properties", Json::object()}};
}

// The schema object of a section inside the root's; sections are listed before the ones they hold.
Json& section_in(Json& root, std::string_view path) {
  Json* at = &root;
  while (!path.empty()) {
    const auto dot = path.find('.');
    at = &(*at)["properties"][std::string(path.substr(0, dot))];
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return *at;
}

// The keys of `input`, and two of a source's own.
Json sources_schema(const Json& input) {
  Json entry = input;
  entry["type"] = "object";
  entry["description"] = "topics of one form; what is left out is as in input";
  entry["required"] = {"name", "topics"};
  for (auto& [key, schema] : entry["properties"].items())
    schema.erase("default");
  const Json text = {{"type", "string"}};
  entry["properties"]["name"] = {
      {"type", "string"}, {"pattern", "^[a-z0-9._-]{1,64}$"}, {"description", "label in metrics, alerts and the log"}};
  entry["properties"]["topics"] = {{"oneOf", {text, {{"type", "array"}, {"minItems", 1}, {"items", text}}}},
                                   {"description", "names of topics, and patterns (^…)"}};
  return {{"type", {"array", "null"}},
          {"description", "how records of different topics are read; docs/input.md explains the keys"},
          {"maxItems", TopicTable::kSourcesMax},
          {"items", std::move(entry)}};
}

Json list_of(std::span<const std::string_view> names) {
  const Json one = {{"type", "string"}, {"enum", names}};
  return {{"oneOf", {one, {{"type", "array"}, {"items", one}}}}};
}

Json whole_number(int64_t min, int64_t max) {
  return {{"type", "integer"}, {"minimum", min}, {"maximum", max}};
}

Json decision_rules_schema() {
  constexpr int64_t kSecondsMax = 366 * 86'400;
  std::vector<std::string_view> reasons(kBitNamesOf<AbuseReason>.begin(), kBitNamesOf<AbuseReason>.end());
  reasons.insert(reasons.end(), kBitNamesOf<BurstReason>.begin(), kBitNamesOf<BurstReason>.end());
  const auto kinds = std::to_array<std::string_view>({"attack", "abuse", "burst"});
  Json entry = empty_object("which alerts lead to which decision");
  entry["required"] = {"name", "action"};
  entry["properties"] = {{"name", {{"type", "string"}, {"pattern", "^[a-z0-9._-]{1,64}$"}}},
                         {"kinds", list_of(kinds)},
                         {"clients", list_of(std::span(kNamesOf<ClientKind>).first<3>())},
                         {"severity", {{"type", "string"}, {"enum", kNamesOf<Level>}}},
                         {"categories", list_of(kNamesOf<Category>)},
                         {"outcomes", list_of(kNamesOf<Outcome>)},
                         {"reasons", list_of(reasons)},
                         {"risk_score", whole_number(1, 1'000)},
                         {"records", whole_number(1, int64_t{1} << 50)},
                         {"alerts", whole_number(1, DecisionRule::kAlertsMax)},
                         {"within_s", whole_number(1, kSecondsMax)},
                         {"action", {{"type", "string"}, {"enum", kNamesOf<DecisionAction>}}},
                         {"duration_s", whole_number(1, kSecondsMax)},
                         {"factor", whole_number(1, 100)},
                         {"duration_max_s", whole_number(1, kSecondsMax)},
                         {"retry_after_s", whole_number(0, 86'400)}};
  return {
      {"type", {"array", "null"}},
      {"description", "which alerts lead to which decision about their client; docs/decisions.md explains the keys"},
      {"maxItems", kDecisionRulesMax},
      {"items", std::move(entry)}};
}

}  // namespace

std::string config_json_schema() {
  Json root = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "weir configuration"}};
  root.update(empty_object("every key may be left out; the defaults are those shown"));
  for (const auto& section : sections())
    section_in(root, section.path) = empty_object(section.help);
  const auto defaults = default_config();
  for (const auto& property : properties()) {
    Json schema = std::visit(TypeOf{property}, property.access);
    schema["description"] = help_of(property);
    if (property.section() != "input.fields") schema["default"] = property_value(property, defaults);
    auto& siblings = section_in(root, property.section())["properties"];
    siblings[std::string(property.key())] = std::move(schema);
    if (property.is_secret()) {
      siblings[std::string(property.key()) + "_file"] = {
          {"type", "string"}, {"description", "file that holds " + std::string(property.path)}};
    }
  }
  root["properties"]["sources"] = sources_schema(root["properties"]["input"]);
  section_in(root, "decisions")["properties"]["rules"] = decision_rules_schema();
  root["properties"]["policy"] = {
      {"type", {"object", "null"}},
      {"description", "routes, forms of parameters, allow-lists and exclusions; docs/policy.md explains the keys"},
      {"additionalProperties", false},
      {"properties",
       {{"files", {{"oneOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}}}},
        {"defaults", {{"type", "object"}}},
        {"weights", {{"type", "object"}, {"additionalProperties", {{"type", "integer"}, {"minimum", 0}}}}},
        {"routes", {{"type", "array"}, {"items", {{"type", "object"}, {"required", {"path"}}}}}},
        {"allow", {{"type", "array"}, {"items", {{"type", "object"}, {"required", {"clients", "comment"}}}}}},
        {"exclusions", {{"type", "array"}, {"items", {{"type", "object"}, {"required", {"rules", "comment"}}}}}}}}};
  return root.dump(2) + "\n";
}

}  // namespace weir
