#include "alert/json_writer.h"

#include <numeric>

#include "base/utf8.h"

namespace weir {

void JsonWriter::text(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  key(name);
  text(value);
}

void JsonWriter::text(std::string_view value) {
  // Without an early end, so that the compiler looks at many bytes at a time.
  const auto all_bits = std::accumulate(value.begin(), value.end(), 0U,
                                        [](unsigned bits, char c) { return bits | static_cast<unsigned char>(c); });
  if (all_bits >= 0x80) {
    repaired_.clear();
    append_valid_utf8(value, repaired_);
    value = repaired_;
  }
  writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

}  // namespace weir
