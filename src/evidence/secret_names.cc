#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii.h"
#include "evidence/masking.h"

namespace weir {
namespace {

constexpr size_t kNameBytesMax = 256;  // of a longer name the end decides

/// Whole words of a name that make it a secret's.
constexpr auto kWords = std::to_array<std::string_view>(
    {"assertion", "auth",     "authorization", "bearer",  "cookie",    "credential", "credentials", "csrf",
     "cvc",       "cvc2",     "cvv",           "cvv2",    "jwt",       "mfa",        "mnemonic",    "otp",
     "pass",      "passcode", "passphrase",    "passwd",  "password",  "passwort",   "pin",         "pwd",
     "sas",       "secret",   "secrets",       "session", "sessionid", "sid",        "sig",         "signature",
     "ssn",       "token",    "totp",          "xsrf"});

/// Words that others are glued to: "accesstoken", "phpsessid", "userpassword".
constexpr auto kEndings = std::to_array<std::string_view>(
    {"accesskey", "accountkey", "apikey", "authorization", "cardnumber", "connectionstring", "cookie", "passphrase",
     "passwd", "password", "privatekey", "secret", "secretkey", "sessid", "sessionid", "token"});
constexpr auto kBeginnings = std::to_array<std::string_view>({"aspsession", "password", "passwd", "saml", "sessionid"});

/// Two words in a row.
struct Pair {
  std::string_view first, second;
};
constexpr std::array kPairs{Pair{"access", "key"},        Pair{"account", "key"}, Pair{"code", "verifier"},
                            Pair{"connection", "string"}, Pair{"api", "key"},     Pair{"card", "number"},
                            Pair{"card", "no"},           Pair{"cc", "number"},   Pair{"cc", "num"},
                            Pair{"client", "key"},        Pair{"connect", "sid"}, Pair{"credit", "card"},
                            Pair{"encryption", "key"},    Pair{"private", "key"}, Pair{"security", "code"},
                            Pair{"sess", "id"},           Pair{"signing", "key"}};

constexpr uint32_t letter(char c) {
  return is_ascii_lower(c) ? 1U << (c - 'a') : 0;
}
/// The letters that some text of the list begins or ends with, as bits: most words have another.
template <typename Texts, typename LetterOf>
constexpr uint32_t letters_of(const Texts& texts, LetterOf letter_of) {
  uint32_t letters = 0;
  for (const auto& text : texts)
    letters |= letter(letter_of(text));
  return letters;
}
constexpr auto first_of = [](std::string_view text) { return text.front(); };
constexpr uint32_t kWordsBegin = letters_of(kWords, first_of), kBeginningsBegin = letters_of(kBeginnings, first_of);
constexpr uint32_t kEndingsEnd = letters_of(kEndings, [](std::string_view text) { return text.back(); });
constexpr uint32_t kPairsBegin = letters_of(kPairs, [](const Pair& pair) { return pair.first.front(); });

bool is_secret_word(std::string_view word) {
  const uint32_t first = letter(word.front()), last = letter(word.back());
  const auto equals = [&](std::string_view other) { return word.front() == other.front() && word == other; };
  const auto ends = [&](std::string_view other) { return word.back() == other.back() && word.ends_with(other); };
  const auto begins = [&](std::string_view other) { return word.starts_with(other); };
  return ((first & kWordsBegin) != 0 && std::any_of(kWords.begin(), kWords.end(), equals)) ||
         ((last & kEndingsEnd) != 0 && std::any_of(kEndings.begin(), kEndings.end(), ends)) ||
         ((first & kBeginningsBegin) != 0 && std::any_of(kBeginnings.begin(), kBeginnings.end(), begins));
}

bool is_secret_pair(std::string_view first, std::string_view second) {
  if (first.empty() || (letter(first.front()) & kPairsBegin) == 0) return false;
  return std::any_of(kPairs.begin(), kPairs.end(),
                     [&](const Pair& pair) { return first == pair.first && second == pair.second; });
}

}  // namespace

bool is_secret_name(std::string_view name) {
  if (name.size() > kNameBytesMax) name.remove_prefix(name.size() - kNameBytesMax);
  std::array<char, kNameBytesMax> buffer;
  std::string_view previous;
  size_t used = 0;  // of the buffer; words of a name never need more than the name
  for (size_t i = 0; i < name.size();) {
    if (!is_ascii_lower(to_lower(name[i])) && !is_ascii_digit(name[i])) {
      ++i;
      continue;
    }
    // A word ends at anything that is no letter or digit, and where lower case turns to upper ("accessToken").
    const size_t begin = used;
    bool was_lower = false;
    for (; i < name.size() && (is_ascii_lower(to_lower(name[i])) || is_ascii_digit(name[i])); ++i) {
      if (was_lower && is_ascii_upper(name[i])) break;
      was_lower = is_ascii_lower(name[i]);
      buffer[used++] = to_lower(name[i]);
    }
    const std::string_view word(buffer.data() + begin, used - begin);
    if (is_secret_word(word) || is_secret_pair(previous, word)) return true;
    previous = word;
  }
  return false;
}

}  // namespace weir
