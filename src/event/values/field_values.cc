#include "event/values/field_values.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/ascii.h"
#include "base/byte_search.h"

namespace weir {
namespace {

double microseconds_per(DurationUnit unit) {
  switch (unit) {
    case DurationUnit::kNanoseconds:
      return 1e-3;
    case DurationUnit::kMicroseconds:
      return 1;
    case DurationUnit::kMilliseconds:
      return 1e3;
    case DurationUnit::kSeconds:
      return 1e6;
  }
  return 1;
}

// The last entry that is one of "502, 200", "0.001 : 0.002" or "0.100, -".
std::string_view last_of_list(std::string_view text) {
  text = without_blanks(text);
  while (true) {
    size_t at = text.rfind(", ");
    const size_t colon = text.rfind(" : ");
    if (colon != kNowhere && (at == kNowhere || colon > at)) at = colon;
    if (at == kNowhere) return text;
    const auto last = without_blanks(text.substr(at + (at == colon ? 3 : 2)));
    if (!is_absent(last)) return last;
    text = without_blanks(text.substr(0, at));
  }
}

struct UnitName {
  std::string_view name;
  double microseconds;
};
constexpr std::array kUnitNames{UnitName{"s", 1e6},   UnitName{"ms", 1e3},      UnitName{"us", 1},
                                UnitName{"ns", 1e-3}, UnitName{"\xc2\xb5s", 1}, UnitName{"m", 6e7}};

std::optional<double> duration_of_text(std::string_view text, DurationUnit unit) {
  text = last_of_list(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const auto rest = without_blanks(text.substr(static_cast<size_t>(end - text.data())));
  if (rest.empty()) return number * microseconds_per(unit);
  for (const auto& [name, microseconds] : kUnitNames)
    if (rest == name) return number * microseconds;
  return std::nullopt;
}

// "1,234,567" without its commas, in `digits`; as it is if they stand elsewhere.
std::string_view without_thousands(std::string_view text, std::array<char, 32>& digits) {
  if (text.find(',') == kNowhere || text.size() > digits.size()) return text;
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t left = text.size() - i;
    if ((text[i] == ',') != (left % 4 == 0)) return text;
    if (text[i] == ',') continue;
    if (!is_ascii_digit(text[i])) return text;
    digits[size++] = text[i];
  }
  return {digits.data(), size};
}

std::optional<uint64_t> whole_of(double real) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53: whole numbers are exact below
  if (!(real >= 0 && real <= kExactMax) || real != std::floor(real)) return std::nullopt;
  return static_cast<uint64_t>(real);
}

// The digits, one a byte, the first in the lowest, behind as many zeros as eight are more.
uint64_t padded_digits(std::string_view text) {
  constexpr uint64_t kZeros = 0x3030303030303030;
  const auto load = [](const char* from, auto word) {
    std::memcpy(&word, from, sizeof word);
    return uint64_t{word};
  };
  const char* data = text.data();
  const size_t size = text.size();
  if (size == 8) return load(data, uint64_t{});
  const uint64_t digits = size >= 4 ? load(data, uint32_t{}) | load(data + size - 4, uint32_t{}) << 8 * (size - 4)
                                    : load(data, uint8_t{}) | load(data + size / 2, uint8_t{}) << 8 * (size / 2) |
                                          load(data + size - 1, uint8_t{}) << 8 * (size - 1);
  return digits << 8 * (8 - size) | kZeros >> 8 * size;
}

// What nearly every count is: one to eight digits. Without a loop, whose end would be guessed wrong as often as the lengths change.
std::optional<uint64_t> plain_count(std::string_view text) {
  if (std::endian::native != std::endian::little || text.empty() || text.size() > 8) return std::nullopt;
  uint64_t digits = padded_digits(text);
  constexpr uint64_t kHigh = 0xf0f0f0f0f0f0f0f0, kZeros = 0x3030303030303030, kSixes = 0x0606060606060606;
  if ((digits & kHigh) != kZeros || ((digits + kSixes) & kHigh) != kZeros) return std::nullopt;
  digits &= 0x0f0f0f0f0f0f0f0f;
  digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;    // pairs
  digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffff;  // fours
  return (digits * 10'000 + (digits >> 32)) & 0x00000000ffffffff;
}

std::optional<uint64_t> count_of_text(std::string_view text) {
  if (const auto plain = plain_count(text)) [[likely]]
    return plain;
  std::array<char, 32> digits;
  text = without_thousands(last_of_list(text), digits);
  if (text.starts_with('+')) text.remove_prefix(1);
  uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc{} && end == last) return number;
  double real = 0;
  const auto [real_end, real_error] = std::from_chars(text.data(), last, real);
  if (real_error != std::errc{} || real_end != last) return std::nullopt;
  return whole_of(real);
}

}  // namespace

std::optional<Microseconds> read_duration(const RawValue& value, DurationUnit unit) {
  std::optional<double> microseconds;
  switch (value.kind) {
    case RawValue::Kind::kText:
      microseconds = duration_of_text(value.text, unit);
      break;
    case RawValue::Kind::kInteger:
      microseconds = static_cast<double>(value.number) * microseconds_per(unit);
      break;
    case RawValue::Kind::kReal:
      microseconds = value.real * microseconds_per(unit);
      break;
    default:
      break;
  }
  // Written so that NaN, which text can spell, fails as well.
  if (!microseconds || !(*microseconds >= 0 && *microseconds <= static_cast<double>(kDurationMaxUs)))
    return std::nullopt;
  return Microseconds{std::llround(*microseconds)};
}

std::optional<uint64_t> read_count(const RawValue& value, uint64_t max) {
  std::optional<uint64_t> number;
  switch (value.kind) {
    case RawValue::Kind::kText:
      number = count_of_text(value.text);
      break;
    case RawValue::Kind::kInteger:
      if (value.number >= 0) number = static_cast<uint64_t>(value.number);
      break;
    case RawValue::Kind::kUnsigned:
      number = static_cast<uint64_t>(value.number);
      break;
    case RawValue::Kind::kReal:
      number = whole_of(value.real);
      break;
    default:
      break;
  }
  return number && *number <= max ? number : std::nullopt;
}

std::optional<std::string_view> read_text(const RawValue& value, Arena& arena) {
  constexpr size_t kTextMax = 32;  // the longest double takes 24
  char text[kTextMax];
  char* end = text;
  switch (value.kind) {
    case RawValue::Kind::kText:
      return value.text;
    case RawValue::Kind::kInteger:
      end = std::to_chars(text, text + kTextMax, value.number).ptr;
      break;
    case RawValue::Kind::kUnsigned:
      end = std::to_chars(text, text + kTextMax, static_cast<uint64_t>(value.number)).ptr;
      break;
    case RawValue::Kind::kReal:
      end = std::to_chars(text, text + kTextMax, value.real).ptr;
      break;
    case RawValue::Kind::kBoolean:
      return value.number != 0 ? "true" : "false";
    case RawValue::Kind::kNested:
      return std::nullopt;
  }
  return arena.copy({text, static_cast<size_t>(end - text)});
}

namespace {

// "192.000.002.007": leading zeros are no octal in logs.
std::optional<IpAddress> parse_padded(std::string_view text) {
  std::array<char, 16> plain;
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_part = i == 0 || text[i - 1] == '.';
    const bool leads = text[i] == '0' && i + 1 < text.size() && is_ascii_digit(text[i + 1]);
    const bool only_zeros_before = starts_part || (size > 0 && plain[size - 1] == '.') || size == 0;
    if (leads && only_zeros_before) continue;
    if (size == plain.size()) return std::nullopt;
    plain[size++] = text[i];
  }
  return IpAddress::parse({plain.data(), size});
}

}  // namespace

std::optional<PeerAddress> read_peer(std::string_view text) {
  PeerAddress peer;
  if (find_near(text, ',') != kNowhere) [[unlikely]] {
    const size_t comma = text.rfind(',');
    peer.forwarded = text.substr(0, comma);
    text.remove_prefix(comma + 1);
  }
  text = without_blanks(text);
  if (text.starts_with("unix:") || text == "unix") {
    peer.is_unix = true;
    return peer;
  }
  auto address = IpAddress::parse_with_port(text);
  if (!address) {
    const auto slash = text.find('/');
    address = slash == kNowhere ? parse_padded(text) : IpAddress::parse(text.substr(0, slash));
  }
  if (!address) return std::nullopt;
  peer.address = *address;
  return peer;
}

}  // namespace weir
