#pragma once

#include <functional>
#include <string>

#include "config/policy/openapi_document.h"
#include "policy/policy_spec.h"

namespace weir {

/// Names of JSON lines show so many levels (docs/decoding.md), so that deeper properties cannot be named.
inline constexpr int kPropertyLevelsMax = 3;

/// The form that a schema of a single value describes; kAny for what a policy cannot say (objects, alternatives).
ValueForm form_of_schema(const OpenApiDocument& document, const YamlNode& schema);

/// A leaf below an object's schema, named as the lines of a JSON body are: "user[name]", "ids[]", "items[][id]".
struct SchemaProperty {
  std::string name;
  ValueForm form;
  bool required = false;
  bool binary = false;  ///< a file's content
};

/// Calls `add` for each. Follows references and allOf; circles end at the levels' bound.
using AddProperty = std::function<void(const SchemaProperty& property)>;
void each_property(const OpenApiDocument& document, const YamlNode& schema, const AddProperty& add);

}  // namespace weir
