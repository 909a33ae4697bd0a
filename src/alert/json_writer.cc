#include "alert/json_writer.h"

#include "base/utf8.h"

namespace weir {

void JsonWriter::text(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  key(name);
  text(value);
}

void JsonWriter::text(std::string_view value) {
  // Without an early end, so that the compiler looks at many bytes at a time.
  uint8_t all_bits = 0, escapes = 0;
  for (const char c : value) {
    const auto byte = static_cast<uint8_t>(c);
    all_bits |= byte;
    escapes |=
        static_cast<uint8_t>(byte < 0x20) | static_cast<uint8_t>(byte == '"') | static_cast<uint8_t>(byte == '\\');
  }
  if (escapes == 0 && all_bits < 0x80) return writer_.plain(value);
  if (all_bits >= 0x80) {
    repaired_.clear();
    append_valid_utf8(value, repaired_);
    value = repaired_;
  }
  writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

}  // namespace weir
