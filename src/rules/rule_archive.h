#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "rules/loader.h"

namespace weir {

/// What loading rule files gave.
struct LoadedDocuments {
  RuleDocuments documents;
  Diagnostics diagnostics;
};

/// All of it as bytes, for a cache: YAML takes a hundred times as long to read. The form is this build's own and carries no
/// version; the cache's key must name the program.
std::string pack(const LoadedDocuments& loaded);

/// Back from bytes that pack() made; nothing if they end early or late.
std::optional<LoadedDocuments> unpack(std::string_view bytes);

}  // namespace weir
