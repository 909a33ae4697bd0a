#include "alert/json_writer.h"

#include <algorithm>

#include "base/utf8.h"

namespace weir {

void JsonWriter::text(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  key(name);
  text(value);
}

void JsonWriter::text(std::string_view value) {
  const bool ascii =
      std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) {
    repaired_.clear();
    append_valid_utf8(value, repaired_);
    value = repaired_;
  }
  writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

}  // namespace weir
