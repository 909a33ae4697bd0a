#include "decode/decode_base64.h"

#include <array>
#include <cstdint>

#include "base/base64.h"

namespace weir {
namespace {

constexpr uint8_t kNoDigit = 0xff;

constexpr auto make_digit_table() {
  std::array<uint8_t, 256> table{};
  for (size_t byte = 0; byte < table.size(); ++byte) {
    const int value = base64_value(static_cast<char>(byte));
    table[byte] = value < 0 ? kNoDigit : static_cast<uint8_t>(value);
  }
  table[' '] = 62;  // a '+' that a form's decoding took for a space
  return table;
}
constexpr std::array<uint8_t, 256> kDigit = make_digit_table();

uint8_t digit_of(char byte) {
  return kDigit[static_cast<unsigned char>(byte)];
}

bool is_printable(char byte) {
  return (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
}

/// Decoded bytes looked at before the whole value is: random bytes pass with a chance of (98/256)^9, one in 5,000.
constexpr size_t kProbeBytes = 9;
/// Of a hundred decoded bytes at least so many must be printable.
constexpr size_t kPrintablePercentMin = 90;

std::string_view payload_of(std::string_view value) {
  constexpr std::string_view kMark = ";base64,";
  constexpr size_t kMarkSearchMax = 96;
  if (!value.starts_with("data:")) return value;
  const size_t mark = value.substr(0, kMarkSearchMax).find(kMark);
  return mark == std::string_view::npos ? value : value.substr(mark + kMark.size());
}

/// Decodes from `text`; false at the first byte that is no digit, or when the probe is not text.
bool decode_digits(std::string_view text, std::string& out) {
  uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char byte : text) {
    const uint8_t digit = digit_of(byte);
    if (digit == kNoDigit) return false;
    bits = (bits << 6) | digit;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    const char decoded = static_cast<char>(static_cast<unsigned char>(bits >> bit_count));
    if (out.size() < kProbeBytes && !is_printable(decoded)) return false;
    out.push_back(decoded);
  }
  return true;
}

}  // namespace

bool decode_base64_text(std::string_view value, std::string& out) {
  std::string_view text = payload_of(value);
  if (text.size() < kBase64LengthMin) return false;
  for (int padding = 0; padding < 2 && text.back() == '='; ++padding)
    text.remove_suffix(1);
  if (text.size() % 4 == 1) return false;
  out.clear();
  if (!decode_digits(text, out)) return false;
  size_t printable = 0;
  for (const char byte : out)
    printable += is_printable(byte) ? 1 : 0;
  return printable * 100 >= out.size() * kPrintablePercentMin;
}

}  // namespace weir
