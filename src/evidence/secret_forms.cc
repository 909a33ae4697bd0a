#include "evidence/secret_forms.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii.h"
#include "base/base64.h"

namespace weir {
namespace {

constexpr bool is_base64url(char c) {
  return is_ascii_alphanumeric(c) || c == '-' || c == '_';
}

struct IssuedKey {
  std::string_view prefix;
  size_t rest_min;
};
/// Prefixes that issuers publish so that leaked keys can be found.
constexpr std::array kIssuedKeys{
    IssuedKey{"AIza", 35},     IssuedKey{"AKIA", 16},     IssuedKey{"ASIA", 16},        IssuedKey{"SG.", 40},
    IssuedKey{"dop_v1_", 64},  IssuedKey{"ghp_", 36},     IssuedKey{"gho_", 36},        IssuedKey{"ghu_", 36},
    IssuedKey{"ghs_", 36},     IssuedKey{"ghr_", 36},     IssuedKey{"github_pat_", 22}, IssuedKey{"glpat-", 20},
    IssuedKey{"hvs.", 24},     IssuedKey{"npm_", 36},     IssuedKey{"pk_live_", 16},    IssuedKey{"pk_test_", 16},
    IssuedKey{"rk_live_", 16}, IssuedKey{"rk_test_", 16}, IssuedKey{"sk_live_", 16},    IssuedKey{"sk_test_", 16},
    IssuedKey{"whsec_", 24},   IssuedKey{"xoxa-", 10},    IssuedKey{"xoxb-", 10},       IssuedKey{"xoxp-", 10},
    IssuedKey{"xoxr-", 10},    IssuedKey{"xoxs-", 10},    IssuedKey{"ya29.", 30}};

static_assert(std::all_of(kIssuedKeys.begin(), kIssuedKeys.end(),
                          [](const IssuedKey& key) { return key.prefix.size() + key.rest_min >= kTokenBytesMin; }));

bool is_random(std::string_view text) {
  const bool lower = std::any_of(text.begin(), text.end(), is_ascii_lower);
  const bool upper = std::any_of(text.begin(), text.end(), is_ascii_upper);
  const bool digit = std::any_of(text.begin(), text.end(), is_ascii_digit);
  return lower && upper && digit && std::all_of(text.begin(), text.end(), is_base64url);
}

/// `prefix_random` as weir's own keys have it (KE1), with room for shorter ones of the same kind.
bool has_own_form(std::string_view word) {
  constexpr size_t kRandomMin = 24;
  size_t prefix = 0;
  while (prefix < word.size() && prefix < 5 && is_ascii_lower(word[prefix]))
    ++prefix;
  if (prefix < 2 || prefix > 4 || prefix >= word.size() || word[prefix] != '_') return false;
  const auto random = word.substr(prefix + 1);
  return random.size() >= kRandomMin && is_random(random);
}

/// First digits and number of digits of the issuers' ranges (ISO/IEC 7812; ranges as the networks publish them).
bool is_issued_card(uint32_t first_four, size_t digits) {
  const uint32_t first_two = first_four / 100;
  if (first_four / 1000 == 4) return digits == 13 || digits == 16 || digits == 19;
  if (first_two >= 51 && first_two <= 55) return digits == 16;
  if (first_four >= 2221 && first_four <= 2720) return digits == 16;
  if (first_two == 34 || first_two == 37) return digits == 15;
  if (first_two == 30 || first_two == 36 || first_two == 38 || first_two == 39) return digits >= 14;
  if (first_two == 35) return digits >= 16;
  if (first_two == 60 || first_two == 62 || first_two == 64 || first_two == 65) return digits >= 16;
  if (first_two == 50 || (first_two >= 56 && first_two <= 58) || first_two == 63 || first_two == 67)
    return digits >= 16;
  return false;
}

bool passes_luhn(const uint8_t* digits, size_t count) {
  unsigned sum = 0;
  for (size_t i = 0; i < count; ++i) {
    unsigned value = digits[count - 1 - i];
    if (i % 2 == 1) value = value > 4 ? 2 * value - 9 : 2 * value;
    sum += value;
  }
  return sum % 10 == 0;
}

}  // namespace

bool looks_like_api_key(std::string_view word) {
  if (word.size() < kTokenBytesMin) return false;
  for (const IssuedKey& key : kIssuedKeys) {
    if (word.size() >= key.prefix.size() + key.rest_min && word.starts_with(key.prefix)) return true;
  }
  if (word.starts_with("sk-") && word.size() >= 23) return std::any_of(word.begin(), word.end(), is_ascii_digit);
  return has_own_form(word);
}

bool looks_like_jwt(std::string_view word) {
  constexpr size_t kHeaderMin = 10, kPayloadMin = 4;
  static_assert(kHeaderMin + kPayloadMin + 2 >= kTokenBytesMin);
  if (!word.starts_with("eyJ")) return false;  // base64 of {"
  const size_t first_dot = word.find('.');
  if (first_dot == std::string_view::npos || first_dot < kHeaderMin) return false;
  const size_t second_dot = word.find('.', first_dot + 1);
  return second_dot != std::string_view::npos && second_dot - first_dot > kPayloadMin;
}

bool looks_like_basic_credentials(std::string_view word) {
  if (word.size() < 4) return false;
  uint32_t bits = 0;
  int count = 0;
  bool has_colon = false;
  for (const char c : word.substr(0, word.find('='))) {
    const int value = base64_value(c);
    if (value < 0) return false;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    const auto byte = static_cast<unsigned char>(bits >> count);
    if (byte < 0x20 || byte == 0x7f) return false;
    has_colon |= byte == ':';
  }
  return has_colon;
}

size_t card_number_length(std::string_view text) {
  constexpr size_t kDigitsMin = kCardDigitsMin, kDigitsMax = 19;
  std::array<uint8_t, kDigitsMax> digits{};
  size_t count = 0;
  size_t length = 0;
  const auto ends_at = [&](size_t end) {
    return end >= text.size() || !(is_ascii_alphanumeric(text[end]) || text[end] == '_');
  };
  for (size_t i = 0; i < text.size() && count < kDigitsMax;) {
    if (is_ascii_digit(text[i])) {
      digits[count++] = static_cast<uint8_t>(text[i++] - '0');
      if (count < kDigitsMin || !ends_at(i)) continue;
      const uint32_t first_four = digits[0] * 1000U + digits[1] * 100U + digits[2] * 10U + digits[3];
      if (is_issued_card(first_four, count) && passes_luhn(digits.data(), count)) length = i;
      continue;
    }
    const bool is_separator = text[i] == ' ' || text[i] == '-' || text[i] == '+';
    if (!is_separator || count == 0 || i + 1 >= text.size() || !is_ascii_digit(text[i + 1])) break;
    ++i;
  }
  return length;
}

}  // namespace weir
