#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/arena.h"

namespace weir {

/// Appends the value as JSON without spaces. Allocates only where `out` must grow.
void append_json_text(const simdjson::dom::element& value, std::string& out);

/// Values as JSON text, made in a buffer that is kept.
class JsonText {
 public:
  /// The text, in the arena.
  std::string_view of(const simdjson::dom::element& value, Arena& arena);

 private:
  std::string buffer_;
};

}  // namespace weir
