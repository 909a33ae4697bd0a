#include "decode/steps/decode_base64.h"

#include <array>
#include <cstdint>

#include "base/base64.h"
#include "base/hex.h"

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

bool is_text_byte(char byte) {
  return (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\r' || byte == '\t';
}

/// Does a text say more than a word or a number does?
bool has_signs(std::string_view text) {
  return text.find_first_of("'\"<>;|&$(){}`\\%") != std::string_view::npos || text.find("..") != std::string_view::npos;
}

/// Decoded bytes looked at before the whole value is: random bytes pass with a chance of (98/256)^9, one in 5,000.
constexpr size_t kProbeBytes = 9;
/// So many of a hundred decoded bytes must be printable at least.
constexpr size_t kPrintablePercentMin = 90;

std::string_view payload_of(std::string_view value) {
  constexpr std::string_view kMark = ";base64,";
  constexpr size_t kMarkSearchMax = 96;
  if (!value.starts_with("data:")) return value;
  const size_t mark = value.substr(0, kMarkSearchMax).find(kMark);
  return mark == std::string_view::npos ? value : value.substr(mark + kMark.size());
}

bool is_text(std::string_view text, size_t percent_min) {
  size_t printable = 0;
  for (const char byte : text)
    printable += is_text_byte(byte) ? 1 : 0;
  return printable * 100 >= text.size() * percent_min;
}

/// Decodes from `text`; false at the first byte that is no digit, or when one of the first `probe` bytes is not text.
bool decode_digits(std::string_view text, size_t probe, std::string& out) {
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
    if (out.size() < probe && !is_text_byte(decoded)) return false;
    out.push_back(decoded);
  }
  return true;
}

/// Most values are told by their first two digits; that spares them the call.
bool begins_as_text(std::string_view text) {
  const uint8_t first = digit_of(text[0]);
  const uint8_t second = digit_of(text[1]);
  return first != kNoDigit && second != kNoDigit && is_text_byte(static_cast<char>((first << 2 | second >> 4) & 0xff));
}

/// The first digit of two that stand for a printable byte or a line break.
bool begins_as_hexadecimal_text(char first) {
  return first == '0' || (first >= '2' && first <= '7');
}

}  // namespace

bool decode_base64_text(std::string_view value, std::string& out) {
  std::string_view text = payload_of(value);
  if (text.size() < kEncodedLengthMin || !begins_as_text(text)) return false;
  const bool is_short = text.size() < kBase64LengthMin;
  for (int padding = 0; padding < 2 && text.back() == '='; ++padding)
    text.remove_suffix(1);
  if (text.size() % 4 == 1) return false;
  out.clear();
  if (!decode_digits(text, kProbeBytes, out)) return false;
  return is_short ? is_text(out, 100) && has_signs(out) : is_text(out, kPrintablePercentMin);
}

bool decode_base64_bytes(std::string_view text, std::string& out) {
  constexpr size_t kTextBytesMax = 8192;
  if (text.size() > kTextBytesMax) return false;
  while (!text.empty() && (text.back() == '=' || text.back() == ' '))
    text.remove_suffix(1);
  out.clear();
  return !text.empty() && decode_digits(text, 0, out);
}

bool decode_hexadecimal_text(std::string_view value, std::string& out) {
  if (value.starts_with("0x") || value.starts_with("0X")) value.remove_prefix(2);
  if (value.size() < kBase64LengthMin || value.size() % 2 != 0 || !begins_as_hexadecimal_text(value[0])) return false;
  out.clear();
  for (size_t at = 0; at < value.size(); at += 2) {
    const int32_t byte = hex_number(value.data() + at, 2);
    if (byte < 0 || !is_text_byte(static_cast<char>(byte))) return false;
    out.push_back(static_cast<char>(byte));
  }
  // Numbers of digits alone say nothing, whatever they decode to.
  return has_signs(out) && value.find_first_of("abcdefABCDEF") != std::string_view::npos;
}

}  // namespace weir
