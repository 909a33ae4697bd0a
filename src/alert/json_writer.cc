#include "alert/json_writer.h"

#include <algorithm>

namespace weir {
namespace {

struct Lead {
  int length = 0;  // of the sequence; 0: no lead byte
  unsigned char second_min = 0x80, second_max = 0xbf;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xc2) return {};
  if (byte < 0xe0) return {2};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte < 0xf0) return {3};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte < 0xf4) return {4};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {};
}

}  // namespace

void append_valid_utf8(std::string_view bytes, std::string& out) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  for (size_t i = 0; i < bytes.size();) {
    const Lead lead = lead_of(static_cast<unsigned char>(bytes[i]));
    size_t good = lead.length == 0 ? 0 : 1;
    while (good != 0 && good < static_cast<size_t>(lead.length) && i + good < bytes.size()) {
      const auto byte = static_cast<unsigned char>(bytes[i + good]);
      const unsigned char min = good == 1 ? lead.second_min : 0x80;
      const unsigned char max = good == 1 ? lead.second_max : 0xbf;
      if (byte < min || byte > max) break;
      ++good;
    }
    const bool whole = lead.length != 0 && good == static_cast<size_t>(lead.length);
    out.append(whole ? bytes.substr(i, good) : kReplacement);
    i += std::max<size_t>(good, 1);
  }
}

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
