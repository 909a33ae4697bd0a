#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

/// Where a page may have put the value.
enum class ScriptContext : uint8_t {
  kNone,          ///< nowhere would it run
  kElement,       ///< between elements: the value brings one that runs script
  kAttribute,     ///< inside a tag, with or without quotes: it brings a handler or a script URL
  kUrl,           ///< where a URL stands: javascript:, vbscript:, data: with markup
  kScriptString,  ///< inside a string of a script: it closes the string and calls something
};

/// The first context in which the value would run as script, as browsers read markup: names end at spaces, slashes and signs,
/// attributes may be glued together, quotes may be missing. The value is decoded text. Linear in its length.
ScriptContext script_context(std::string_view value);

inline bool is_script_injection(std::string_view value) {
  return script_context(value) != ScriptContext::kNone;
}

}  // namespace weir
