#include "evidence/secret_forms.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/hex.h"

namespace weir {
namespace {

/// Of a word without an end so much is looked at.
constexpr size_t kJudgedBytesMax = 512;

constexpr bool is_base64url(char c) {
  return is_ascii_alphanumeric(c) || c == '-' || c == '_';
}

/// What follows an issuer's prefix: for prefixes that could begin an ordinary word the alphabet is looked at, too.
enum class KeyAlphabet : uint8_t { kAny, kHex, kMixed };  ///< kMixed: lower and upper case and digits
struct IssuedKey {
  std::string_view prefix;
  size_t rest_min;
  KeyAlphabet alphabet = KeyAlphabet::kAny;
};
/// Prefixes that issuers publish so that leaked keys can be found.
constexpr std::array kIssuedKeys{
    // clouds and hosting
    IssuedKey{"AIza", 35}, IssuedKey{"AKIA", 16}, IssuedKey{"ASIA", 16}, IssuedKey{"ya29.", 30},
    IssuedKey{"GOCSPX-", 20}, IssuedKey{"dop_v1_", 64}, IssuedKey{"doo_v1_", 64}, IssuedKey{"dor_v1_", 64},
    IssuedKey{"dapi", 32, KeyAlphabet::kHex}, IssuedKey{"pscale_tkn_", 32}, IssuedKey{"pscale_pw_", 32},
    IssuedKey{"hvs.", 24}, IssuedKey{"hvb.", 24}, IssuedKey{"dp.pt.", 40}, IssuedKey{"glsa_", 32},
    IssuedKey{"glc_", 32}, IssuedKey{"NRAK-", 27}, IssuedKey{"sntrys_", 30}, IssuedKey{"ops_eyJ", 100},
    // source code and packages
    IssuedKey{"ghp_", 36}, IssuedKey{"gho_", 36}, IssuedKey{"ghu_", 36}, IssuedKey{"ghs_", 36}, IssuedKey{"ghr_", 36},
    IssuedKey{"github_pat_", 22}, IssuedKey{"glpat-", 20}, IssuedKey{"gldt-", 20}, IssuedKey{"glrt-", 20},
    IssuedKey{"glptt-", 40}, IssuedKey{"npm_", 36}, IssuedKey{"pypi-", 50}, IssuedKey{"rubygems_", 48},
    IssuedKey{"dckr_pat_", 27}, IssuedKey{"ATATT3", 60}, IssuedKey{"lin_api_", 40}, IssuedKey{"PMAK-", 40},
    IssuedKey{"figd_", 36}, IssuedKey{"hf_", 34, KeyAlphabet::kMixed}, IssuedKey{"ntn_", 40},
    // messages
    IssuedKey{"SG.", 40}, IssuedKey{"xoxa-", 10}, IssuedKey{"xoxb-", 10}, IssuedKey{"xoxc-", 10},
    IssuedKey{"xoxd-", 10}, IssuedKey{"xoxe-", 10}, IssuedKey{"xoxe.xox", 10}, IssuedKey{"xoxp-", 10},
    IssuedKey{"xoxr-", 10}, IssuedKey{"xoxs-", 10}, IssuedKey{"xapp-", 20}, IssuedKey{"SK", 32, KeyAlphabet::kHex},
    IssuedKey{"key-", 32, KeyAlphabet::kHex}, IssuedKey{"EAA", 60, KeyAlphabet::kMixed},
    // shops and payments
    IssuedKey{"pk_live_", 16}, IssuedKey{"pk_test_", 16}, IssuedKey{"rk_live_", 16}, IssuedKey{"rk_test_", 16},
    IssuedKey{"sk_live_", 16}, IssuedKey{"sk_test_", 16}, IssuedKey{"whsec_", 24},
    IssuedKey{"shpat_", 32, KeyAlphabet::kHex}, IssuedKey{"shpca_", 32, KeyAlphabet::kHex},
    IssuedKey{"shppa_", 32, KeyAlphabet::kHex}, IssuedKey{"shpss_", 32, KeyAlphabet::kHex}, IssuedKey{"sq0atp-", 22},
    IssuedKey{"sq0csp-", 43}, IssuedKey{"AGE-SECRET-KEY-1", 50}};

static_assert(std::all_of(kIssuedKeys.begin(), kIssuedKeys.end(),
                          [](const IssuedKey& key) { return key.prefix.size() + key.rest_min >= kTokenBytesMin; }));

/// First bytes of keys: most words have another.
constexpr auto kBeginsKey = [] {
  std::array<bool, 256> begins{};
  for (const IssuedKey& key : kIssuedKeys)
    begins[static_cast<unsigned char>(key.prefix.front())] = true;
  for (const char c : {'s', 'M', 'N', 'O'})  // "sk-" and bots' tokens
    begins[static_cast<unsigned char>(c)] = true;
  return begins;
}();

bool is_random(std::string_view text) {
  const bool lower = std::any_of(text.begin(), text.end(), is_ascii_lower);
  const bool upper = std::any_of(text.begin(), text.end(), is_ascii_upper);
  const bool digit = std::any_of(text.begin(), text.end(), is_ascii_digit);
  return lower && upper && digit && std::all_of(text.begin(), text.end(), is_base64url);
}

bool has_alphabet(std::string_view text, KeyAlphabet alphabet) {
  if (alphabet == KeyAlphabet::kAny) return true;
  if (alphabet == KeyAlphabet::kMixed) return is_random(text);
  return std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

/// A key that was cut off: of a prefix that says it is one, what follows must look drawn at random.
bool is_part_of_key(std::string_view rest, const IssuedKey& key) {
  constexpr size_t kRestMin = 12, kPrefixMin = 4;
  const bool tells = key.prefix.size() >= kPrefixMin && (key.prefix.ends_with('_') || key.prefix.ends_with('-'));
  if (!tells || rest.size() < kRestMin) return false;
  return key.alphabet == KeyAlphabet::kHex ? has_alphabet(rest, key.alphabet) : is_random(rest);
}

/// Three parts as chat bots have them: an id in base64, a time, a signature.
bool looks_like_bot_token(std::string_view word) {
  constexpr size_t kIdMin = 23, kIdMax = 28, kTimeBytes = 6, kSignatureMin = 27;
  if (word.front() != 'M' && word.front() != 'N' && word.front() != 'O') return false;
  const size_t first = word.substr(0, kIdMax + 1).find('.');
  if (first == std::string_view::npos || first < kIdMin || word.size() < first + 1 + kTimeBytes + 1 + kSignatureMin)
    return false;
  return word[first + 1 + kTimeBytes] == '.' && is_random(word.substr(first + 2 + kTimeBytes, kJudgedBytesMax));
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
  return looks_like_issued_key(word) || has_own_form(word);
}

bool looks_like_issued_key(std::string_view word) {
  if (word.size() < kTokenBytesMin || !kBeginsKey[static_cast<unsigned char>(word.front())]) return false;
  for (const IssuedKey& key : kIssuedKeys) {
    if (word.front() != key.prefix.front() || !word.starts_with(key.prefix)) continue;
    const auto rest = word.substr(key.prefix.size());
    if (rest.size() < key.rest_min ? is_part_of_key(rest, key)
                                   : has_alphabet(rest.substr(0, key.rest_min), key.alphabet))
      return true;
  }
  if (word.starts_with("sk-") && word.size() >= 23) {
    const auto judged = word.substr(0, kJudgedBytesMax);
    return std::any_of(judged.begin(), judged.end(), is_ascii_digit);
  }
  return looks_like_bot_token(word);
}

bool looks_like_jwt(std::string_view word) {
  constexpr size_t kHeaderMin = 10, kPayloadMin = 4, kEncryptedMin = 32;
  static_assert(kHeaderMin + kPayloadMin + 2 >= kTokenBytesMin);
  if (!word.starts_with("eyJ")) return false;  // base64 of {"
  const size_t first_dot = word.find('.');
  if (first_dot == std::string_view::npos || first_dot < kHeaderMin) return false;
  const size_t second_dot = word.find('.', first_dot + 1);
  if (second_dot == std::string_view::npos) return false;
  // Of an encrypted one for a key both sides have, the second part is empty.
  return second_dot - first_dot > kPayloadMin || word.size() - second_dot > kEncryptedMin;
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

size_t numbered_token_length(std::string_view text) {
  constexpr size_t kIdMin = 6, kIdMax = 12, kRestMin = 34, kRestMax = 64;
  size_t colon = 0;
  while (colon < text.size() && colon <= kIdMax && is_ascii_digit(text[colon]))
    ++colon;
  if (colon < kIdMin || colon > kIdMax || colon >= text.size() || text[colon] != ':') return 0;
  const auto rest = text.substr(colon + 1, kRestMax);
  size_t length = 0;
  while (length < rest.size() && is_base64url(rest[length]))
    ++length;
  return length >= kRestMin ? colon + 1 + length : 0;
}

size_t account_key_length(std::string_view text) {
  constexpr size_t kDigits = 86;  // and "==": base64 of 64 bytes
  if (text.size() < kDigits + 2 || text.substr(kDigits, 2) != "==") return 0;
  const auto digits = text.substr(0, kDigits);
  return std::all_of(digits.begin(), digits.end(), [](char c) { return base64_value(c) >= 0; }) ? kDigits + 2 : 0;
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
