#include "config/policy/openapi_schema.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace weir {
namespace {

std::optional<double> number_of(const YamlNode& schema, std::string_view key) {
  const std::string text = text_of(schema, key);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

std::optional<uint32_t> length_of(const YamlNode& schema, std::string_view key) {
  const auto number = number_of(schema, key);
  if (!number || *number < 0 || *number > (1 << 30)) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

/// The one type of a schema; empty when it has several or may be null.
std::string type_of(const YamlNode& schema) {
  if (text_of(schema, "nullable") == "true") return {};
  const YamlNode* type = schema.find("type");
  if (type == nullptr) return {};
  if (type->kind == YamlNode::Kind::kScalar) return type->text;
  return type->items.size() == 1 ? type->items.front().text : std::string();
}

void read_enum(const YamlNode& list, ValueForm& form) {
  for (const YamlNode& item : list.items)
    if (item.kind == YamlNode::Kind::kScalar) form.values.push_back(item.text);
  const bool whole = !form.values.empty() && form.values.size() == list.items.size();
  form.type = whole ? ValueType::kEnum : ValueType::kAny;
  if (!whole) form.values.clear();
}

void read_string(const YamlNode& schema, ValueForm& form) {
  const std::string format = text_of(schema, "format");
  form.length_max = length_of(schema, "maxLength");
  form.length_min = length_of(schema, "minLength");
  form.type = ValueType::kString;
  if (format == "email" || format == "idn-email") form.type = ValueType::kEmail;
  if (format == "uuid") form.type = ValueType::kUuid;
  if (format == "uri" || format == "url" || format == "iri") form.type = ValueType::kUrl;
  if (format == "uri-reference" || format == "iri-reference") {
    form.type = ValueType::kUrl;
    form.relative = true;
  }
  if (format == "binary" || format == "byte") form.type = ValueType::kAny;
  const bool dated = format == "date" || format == "date-time" || format == "time";
  if (dated && !form.length_max) form.length_max = 64;
  // Lengths of the schema count characters, those of the other types bytes: only the upper bound is safe, four-fold.
  if (form.type != ValueType::kString) {
    form.length_min.reset();
    if (form.length_max) form.length_max = *form.length_max * 4;
  }
}

/// Bounds of both versions: exclusiveMinimum is a truth value in 3.0 and a number in 3.1. Exclusive bounds become inclusive.
void read_bounds(const YamlNode& schema, ValueForm& form) {
  form.min = number_of(schema, "minimum");
  form.max = number_of(schema, "maximum");
  if (!form.min) form.min = number_of(schema, "exclusiveMinimum");
  if (!form.max) form.max = number_of(schema, "exclusiveMaximum");
}

/// The schema itself or, of an allOf, its first part that says something of its own.
const YamlNode* effective(const OpenApiDocument& document, const YamlNode& schema) {
  const YamlNode* at = document.resolved(schema);
  for (int i = 0; i < OpenApiDocument::kReferencesMax && at != nullptr; ++i) {
    const YamlNode* parts = at->find("allOf");
    if (parts == nullptr || at->find("type") != nullptr || parts->items.size() != 1) return at;
    at = document.resolved(parts->items.front());
  }
  return at;
}

bool is_binary_string(const YamlNode& schema) {
  return type_of(schema) == "string" &&
         (text_of(schema, "format") == "binary" || schema.find("contentMediaType") != nullptr);
}

/// Walks the properties; one object lives for one schema.
class PropertyWalk {
 public:
  PropertyWalk(const OpenApiDocument& document, const AddProperty& add) : document_(document), add_(add) {}

  void walk(const YamlNode& schema, const std::string& name, int levels, bool required) {
    if (++visits_ > kVisitsMax) return;
    const YamlNode* at = effective(document_, schema);
    if (at == nullptr) return;
    if (const YamlNode* parts = at->find("allOf")) {
      for (const YamlNode& part : parts->items)
        walk(part, name, levels, required);
    }
    if (const YamlNode* properties = at->find("properties")) return walk_object(*at, *properties, name, levels);
    const std::string type = type_of(*at);
    if (const YamlNode* items = at->find("items"); type == "array" && items != nullptr) {
      // An array at the top has no name, and its elements' keys are shown as if it were not there.
      if (name.empty()) return walk(*items, name, levels, false);
      if (levels < kPropertyLevelsMax) walk(*items, name + "[]", levels + 1, false);
      return;
    }
    if (name.empty() || type == "object" || type == "array") return;
    add_({name, form_of_schema(document_, *at), required, is_binary_string(*at)});
  }

 private:
  static constexpr int kVisitsMax = 10'000;

  void walk_object(const YamlNode& schema, const YamlNode& properties, const std::string& name, int levels) {
    if (levels >= kPropertyLevelsMax) return;
    const YamlNode* required = schema.find("required");
    for (const auto& property : properties.entries) {
      const bool is_required = name.empty() && required != nullptr &&
                               std::any_of(required->items.begin(), required->items.end(),
                                           [&](const YamlNode& item) { return item.text == property.key; });
      walk(property.value, name.empty() ? property.key : name + "[" + property.key + "]", levels + 1, is_required);
    }
  }

  const OpenApiDocument& document_;
  const AddProperty& add_;
  int visits_ = 0;
};

}  // namespace

ValueForm form_of_schema(const OpenApiDocument& document, const YamlNode& schema) {
  ValueForm form;
  const YamlNode* at = effective(document, schema);
  if (at == nullptr) return form;
  const std::string type = type_of(*at);
  if (const YamlNode* list = at->find("enum"); list != nullptr && !type.empty()) {
    read_enum(*list, form);
    return form;
  }
  if (type == "string") read_string(*at, form);
  if (type == "integer") form.type = ValueType::kInteger;
  if (type == "number") form.type = ValueType::kNumber;
  if (type == "boolean") form.type = ValueType::kBoolean;
  if (type == "integer" || type == "number") read_bounds(*at, form);
  return form;
}

void each_property(const OpenApiDocument& document, const YamlNode& schema, const AddProperty& add) {
  PropertyWalk(document, add).walk(schema, "", 0, false);
}

}  // namespace weir
