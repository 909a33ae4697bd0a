#include "evidence/masking.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "evidence/pem_blocks.h"
#include "evidence/secret_forms.h"
#include "evidence/text_signs.h"

namespace weir {
namespace {

constexpr size_t kSecretShownBytes = 4;
constexpr size_t kMaskedWholeBelow = 12;
constexpr std::string_view kMask = "***";

/// What a byte can be; the bits of a table, since nearly all of what a masker does is to ask this.
enum CharClass : uint8_t {
  kDigitChar = 1 << 0,
  kWordChar = 1 << 1,
  kFollowsName = 1 << 2,  ///< may stand right behind a name: the sign, or what closes the name before it
  kCardChar = 1 << 3,     ///< a digit, or what may stand between the digits of a card number
};
constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> classes{};
  const auto mark = [&](std::string_view chars, uint8_t mask) {
    for (const char c : chars)
      classes[static_cast<unsigned char>(c)] = static_cast<uint8_t>(classes[static_cast<unsigned char>(c)] | mask);
  };
  for (int byte = 0; byte < 128; ++byte)
    if (is_ascii_alphanumeric(static_cast<char>(byte))) classes[static_cast<size_t>(byte)] = kWordChar;
  mark("0123456789", kDigitChar | kCardChar);
  mark(" -+", kCardChar);
  mark("_-.$", kWordChar);
  mark("=:%[]\"'\\ ", kFollowsName);
  return classes;
}
constexpr std::array<uint8_t, 256> kClasses = make_classes();
constexpr uint8_t classes_of(char c) {
  return kClasses[static_cast<unsigned char>(c)];
}
constexpr bool is_word_char(char c) {
  return (classes_of(c) & kWordChar) != 0;
}
constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}
constexpr bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

bool is_scheme_name(std::string_view word) {
  constexpr std::array kSchemes{"apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "dpop",
                                "hmac",   "negotiate",        "token"};
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](std::string_view scheme) { return equals_without_case(word, scheme); });
}

bool is_masked_already(std::string_view text) {
  return text.starts_with(kMask) && text.size() <= kMask.size() + kSecretShownBytes;
}

/// Card numbers, in a pass of their own, since their separators end words. At most 19 digits are looked at from each group's
/// start. False, and `out` as it was, when there is none.
bool mask_cards(std::string_view text, std::string& out) {
  size_t copied = 0;  // up to there the text is in `out`, masked or not
  for (size_t i = 0; i < text.size();) {
    const bool starts_number =
        is_ascii_digit(text[i]) && (i == 0 || !(is_ascii_alphanumeric(text[i - 1]) || text[i - 1] == '_'));
    const size_t length = starts_number ? card_number_length(text.substr(i)) : 0;
    if (length == 0) {
      ++i;
      continue;
    }
    out.append(text.substr(copied, i - copied)).append(kMask);
    out.append(text.substr(i + length - kSecretShownBytes, kSecretShownBytes));
    copied = i += length;
  }
  if (copied == 0) return false;
  out.append(text.substr(copied));
  return true;
}

/// One pass over the text, word by word. Percent-encoded quotes, separators and ends are understood like literal ones.
class TextMasker {
 public:
  TextMasker(std::string_view text, bool may_name_secrets) : text_(text), may_name_secrets_(may_name_secrets) {}

  /// True when something was masked: then the whole text with that stands in `out`, which else stays empty.
  bool run(std::string& out) {
    while (at_ < text_.size()) {
      if (is_word_char(text_[at_])) {
        take_word();
      } else if (text_[at_] == '%' && peek(at_).encoded) {
        copy_to(at_ + 3);  // so that its hex digits do not join the word behind it
      } else if ((text_[at_] != '+' && text_[at_] != '/') || !take_account_key()) {
        copy_to(at_ + 1);
      }
    }
    if (out_.empty()) return false;
    copy_pending();
    out = std::move(out_);
    return true;
  }

 private:
  /// What stands at a position: a byte, or a percent-encoded printable character.
  struct Char {
    char value = 0;
    uint8_t width = 0;  // bytes; 0 at the end
    bool encoded = false;
  };
  struct Separator {
    bool found = false;
    size_t value_begin = 0;
    bool encoded = false;  ///< "%3D": then encoded ends count, too
    bool is_colon = false;
    char quote = 0;
  };

  [[nodiscard]] Char peek(size_t at) const {
    if (at >= text_.size()) return {};
    if (text_[at] != '%' || at + 2 >= text_.size()) return {text_[at], 1, false};
    const int high = hex_value(text_[at + 1]), low = hex_value(text_[at + 2]);
    const int value = high * 16 + low;
    if (high < 0 || low < 0 || value < 0x20 || value > 0x7e) return {text_[at], 1, false};
    return {static_cast<char>(value), 3, true};
  }

  /// Marks the text up to there as to be copied: it is when something is masked behind it.
  void copy_to(size_t end) { at_ = end; }
  void copy_pending() {
    out_.append(text_.substr(copied_, at_ - copied_));
    copied_ = at_;
  }
  void skip_to(size_t end) { at_ = copied_ = end; }
  void mask_to(size_t end) {
    const auto secret = text_.substr(at_, end - at_);
    if (secret.empty() || is_masked_already(secret)) return copy_to(end);
    copy_pending();
    out_ += mask_secret(secret);
    skip_to(end);
  }

  void take_word();
  bool take_element(std::string_view name, size_t name_end);
  bool take_token(std::string_view word, size_t word_end);
  bool take_account_key();
  bool take_hook(std::string_view word, size_t word_end);
  bool take_authorization_code(std::string_view name, const Separator& separator);
  bool take_credentials(std::string_view word, size_t word_end);
  void take_secret_value(std::string_view name, const Separator& separator);
  void take_cookies(size_t end);
  void take_url_password(size_t authority);
  [[nodiscard]] Separator separator_after(size_t at) const;
  [[nodiscard]] size_t skip_spaces(size_t at) const;
  [[nodiscard]] size_t skip_brackets(size_t at) const;
  [[nodiscard]] size_t quoted_end(size_t at, char quote, bool encoded) const;
  [[nodiscard]] size_t bracketed_end(size_t at) const;
  [[nodiscard]] size_t plain_end(size_t at, const Separator& separator) const;
  [[nodiscard]] size_t line_end(size_t at) const;

  std::string_view text_;
  bool may_name_secrets_;  ///< without a '=' or ':', literal or encoded, no name stands before a value
  size_t at_ = 0;
  size_t copied_ = 0;  ///< up to there the text is in out_, masked or not
  std::string out_;
};

void TextMasker::take_word() {
  size_t end = at_;
  while (end < text_.size() && is_word_char(text_[end]))
    ++end;
  const auto word = text_.substr(at_, end - at_);
  if (take_token(word, end) || take_credentials(word, end)) return;
  const char next = end < text_.size() ? text_[end] : 'x';
  if (next == ':' && text_.substr(end, 3) == "://") {
    copy_to(end + 3);
    take_url_password(at_);
    return;
  }
  if (at_ > 0 && (text_[at_ - 1] == '<' || text_[at_ - 1] == ':') && take_element(word, end)) return;
  const bool may_be_name = may_name_secrets_ && (classes_of(next) & kFollowsName) != 0;
  const Separator separator = may_be_name ? separator_after(end) : Separator{};
  if (separator.found && is_secret_name(word)) {
    take_secret_value(word, separator);
    return;
  }
  if (separator.found && take_authorization_code(word, separator)) return;
  copy_to(end);
}

/// "<password>value<", with a prefix and attributes or without.
bool TextMasker::take_element(std::string_view name, size_t name_end) {
  constexpr size_t kAttributesMax = 128;
  const char next = peek(name_end).value;
  if (next != '>' && !is_space(next)) return false;
  const size_t close = text_.substr(name_end, kAttributesMax).find('>');
  if (close == std::string_view::npos || !is_secret_name(name)) return false;
  if (text_[at_ - 1] == ':' &&
      text_.substr(at_ > kAttributesMax ? at_ - kAttributesMax : 0, kAttributesMax).find('<') == std::string_view::npos)
    return false;
  const auto attributes = text_.substr(name_end, close);
  if (attributes.find_first_of("=<") != std::string_view::npos && attributes.find('"') == std::string_view::npos)
    return false;
  copy_to(name_end + close + 1);
  mask_to(std::min(text_.find('<', at_), text_.size()));
  return true;
}

/// What is a secret by its form alone.
bool TextMasker::take_token(std::string_view word, size_t word_end) {
  if (take_account_key()) return true;
  if (is_ascii_digit(word.back()) && word_end < text_.size() && text_[word_end] == ':') {
    constexpr size_t kDigitsMax = 12;
    size_t digits = word_end;
    while (digits > at_ && word_end - digits < kDigitsMax && is_ascii_digit(text_[digits - 1]))
      --digits;
    if (const size_t length = numbered_token_length(text_.substr(digits)); length != 0) {
      copy_to(digits);
      mask_to(digits + length);
      return true;
    }
  }
  if (take_hook(word, word_end)) return true;
  if (word.size() < kTokenBytesMin) return false;
  if (looks_like_jwt(word) || looks_like_api_key(word)) {
    mask_to(word_end);
    return true;
  }
  // "backup-AKIA…": a name in front of it.
  constexpr int kPartsMax = 32;
  size_t part = 0;
  for (int i = 0; i < kPartsMax; ++i) {
    while (part < word.size() && is_ascii_alphanumeric(word[part]))
      ++part;
    if (part == word.size() || word.size() - ++part < kTokenBytesMin) return false;
    if (!looks_like_issued_key(word.substr(part)) && !looks_like_jwt(word.substr(part))) continue;
    copy_to(at_ + part);
    mask_to(word_end);
    return true;
  }
  return false;
}

bool TextMasker::take_account_key() {
  if (at_ > 0 && text_[at_ - 1] != '/' && base64_value(text_[at_ - 1]) >= 0) return false;
  const size_t length = account_key_length(text_.substr(at_));
  if (length != 0) mask_to(at_ + length);
  return length != 0;
}

/// Addresses that let whoever knows them speak: what follows in their path.
bool TextMasker::take_hook(std::string_view word, size_t word_end) {
  struct Hook {
    std::string_view host_end, path;
  };
  if (word_end == text_.size() || text_[word_end] != '/') return false;
  constexpr std::array kHooks{Hook{"hooks.slack.com", "/services/"}, Hook{"hooks.slack.com", "/workflows/"},
                              Hook{"discord.com", "/api/webhooks/"}, Hook{"discordapp.com", "/api/webhooks/"},
                              Hook{"webhook.office.com", "/webhookb2/"}};
  for (const Hook& hook : kHooks) {
    if (!word.ends_with(hook.host_end) || !text_.substr(word_end).starts_with(hook.path)) continue;
    const size_t begin = word_end + hook.path.size();
    size_t end = begin;
    while (end < text_.size() && (is_word_char(text_[end]) || text_[end] == '/' || text_[end] == '@'))
      ++end;
    if (end == begin) return false;
    copy_to(begin);
    mask_to(end);
    return true;
  }
  return false;
}

/// OAuth's authorization code (RFC 6749), which is worth a token until it is used. `code` names harmless things, too: a long
/// value of letters and digits is taken for one.
bool TextMasker::take_authorization_code(std::string_view name, const Separator& separator) {
  constexpr size_t kCodeMin = 16;
  if (!equals_without_case(name, "code") && !equals_without_case(name, "auth_code") &&
      !equals_without_case(name, "authorization_code") && !equals_without_case(name, "device_code"))
    return false;
  const size_t begin = separator.value_begin;
  bool has_digit = false, has_letter = false;
  size_t characters = 0, end = begin;
  for (; end < text_.size(); end += peek(end).width, ++characters) {
    const char c = peek(end).value;
    if (!is_word_char(c) && c != '/' && c != '~' && c != '+' && c != '=' && c != '#') break;
    has_digit = has_digit || is_ascii_digit(c);
    has_letter = has_letter || is_ascii_letter(c);
  }
  if (characters < kCodeMin || !has_digit || !has_letter) return false;
  copy_to(begin);
  mask_to(end);
  return true;
}

/// "Bearer <token>" and "Basic <base64>" anywhere.
bool TextMasker::take_credentials(std::string_view word, size_t word_end) {
  const bool bearer = equals_without_case(word, "bearer");
  if (!bearer && !equals_without_case(word, "basic")) return false;
  size_t begin = word_end;
  while (peek(begin).value == ' ' || (peek(begin).value == '+' && begin == word_end))
    begin += peek(begin).width;
  if (begin == word_end) return false;
  constexpr size_t kJudgedBytesMax = 256;  // what keeps "basic+basic+…" linear
  size_t end = begin;
  const auto is_token = [](char c) { return is_word_char(c) || c == '~' || c == '+' || c == '/' || c == '='; };
  while (end < text_.size() && end - begin < kJudgedBytesMax && is_token(text_[end]))
    ++end;
  const auto token = text_.substr(begin, end - begin);
  constexpr size_t kBearerMin = 8, kBearerSurely = 20;
  const bool is_bearer_token = token.size() >= kBearerSurely ||
                               (token.size() >= kBearerMin && std::any_of(token.begin(), token.end(), is_ascii_digit));
  if (!(bearer ? is_bearer_token : looks_like_basic_credentials(token))) return false;
  while (end < text_.size() && is_token(text_[end]))
    ++end;
  copy_to(begin);
  mask_to(end);
  return true;
}

/// Passwords in URLs: scheme://user:password@host. `authority` is the position behind "://".
void TextMasker::take_url_password(size_t authority) {
  size_t colon = std::string_view::npos, last_at = std::string_view::npos;
  for (size_t i = authority; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '/' || c == '?' || c == '#' || c == '"' || c == '\'' || c == '<' || c == '>' || is_space(c) ||
        is_line_end(c))
      break;
    if (c == ':' && colon == std::string_view::npos) colon = i;
    if (c == '@') last_at = i;
  }
  if (colon == std::string_view::npos || last_at == std::string_view::npos || colon > last_at) return;
  copy_to(colon + 1);
  mask_to(last_at);
}

size_t TextMasker::skip_spaces(size_t at) const {
  constexpr size_t kSpacesMax = 8;
  for (size_t i = 0; i < kSpacesMax && peek(at).value == ' '; ++i)
    at += peek(at).width;
  return at;
}

/// Bracketed parts of a parameter's name: "[]", "[$ne]".
size_t TextMasker::skip_brackets(size_t at) const {
  constexpr size_t kInsideMax = 64, kPartsMax = 4;
  for (size_t part = 0; part < kPartsMax && peek(at).value == '['; ++part) {
    size_t end = at + peek(at).width;
    for (size_t i = 0; i < kInsideMax && peek(end).width != 0 && peek(end).value != ']'; ++i)
      end += peek(end).width;
    if (peek(end).value != ']') return at;
    end += peek(end).width;
    at = end;
  }
  return at;
}

/// What stands between a name and its value: closing quotes and brackets of the name, '=' or ':', an opening quote.
TextMasker::Separator TextMasker::separator_after(size_t at) const {
  constexpr int kClosersMax = 3;
  at = skip_brackets(at);
  for (int i = 0; i < kClosersMax; ++i) {
    const char c = peek(at).value;
    if (c != '"' && c != '\'' && c != ']' && c != '\\') break;
    at += peek(at).width;
  }
  at = skip_brackets(at);
  at = skip_spaces(at);
  const Char sign = peek(at);
  if (sign.value != '=' && sign.value != ':') return {};
  Separator separator{true, at + sign.width, sign.encoded, sign.value == ':'};
  while (peek(separator.value_begin).value == '=' || peek(separator.value_begin).value == '>') {
    separator.value_begin += peek(separator.value_begin).width;  // "==", "=>"
  }
  separator.value_begin = skip_spaces(separator.value_begin);
  size_t quote_at = separator.value_begin;
  if (peek(quote_at).value == '\\') quote_at += peek(quote_at).width;
  const Char quote = peek(quote_at);
  if (quote.value == '"' || quote.value == '\'') {
    separator.quote = quote.value;
    separator.encoded = separator.encoded || quote.encoded;
    separator.value_begin = quote_at + quote.width;
  }
  return separator;
}

void TextMasker::take_secret_value(std::string_view name, const Separator& separator) {
  copy_to(separator.value_begin);
  const bool is_cookie = name.size() >= 6 && equals_without_case(name.substr(name.size() - 6), "cookie");
  const bool is_authorization =
      name.size() >= 13 && equals_without_case(name.substr(name.size() - 13), "authorization");
  size_t end = 0;
  if (separator.quote != 0) {
    end = quoted_end(at_, separator.quote, separator.encoded);
  } else if (peek(at_).value == '[' || peek(at_).value == '{') {
    copy_pending();
    out_ += kMask;  // of a list or object not even the last characters: they may be most of a short secret
    skip_to(bracketed_end(at_));
    return;
  } else if (separator.is_colon && (is_cookie || is_authorization)) {
    end = line_end(at_);
  } else if (is_cookie) {
    end = std::min(text_.find('&', at_), line_end(at_));
  } else {
    end = plain_end(at_, separator);
  }
  if (is_cookie) {
    take_cookies(end);
    return;
  }
  // The scheme of credentials stays readable, and what follows it is the secret.
  size_t scheme_end = at_;
  while (scheme_end < text_.size() && is_word_char(text_[scheme_end]))
    ++scheme_end;
  if (is_scheme_name(text_.substr(at_, scheme_end - at_)) && peek(scheme_end).value == ' ') {
    copy_to(skip_spaces(scheme_end));
    if (at_ > end || end == scheme_end) end = plain_end(at_, separator);
  }
  mask_to(end);
}

/// "name=value; name=value": names stay, values go.
void TextMasker::take_cookies(size_t end) {
  while (at_ < end) {
    const size_t pair_end = std::min(std::min(text_.find(';', at_), text_.size()), end);
    const size_t equals = text_.substr(at_, pair_end - at_).find('=');
    if (equals != std::string_view::npos) copy_to(at_ + equals + 1);
    mask_to(pair_end);
    while (at_ < end && (text_[at_] == ';' || is_space(text_[at_])))
      copy_to(at_ + 1);
  }
}

size_t TextMasker::quoted_end(size_t at, char quote, bool encoded) const {
  while (at < text_.size()) {
    const Char c = peek(at);
    if (c.value == quote && (!c.encoded || encoded)) return at;
    if (c.value == '\\') {
      const Char next = peek(at + c.width);
      if (next.value == quote && at + c.width + next.width >= text_.size()) return at;
      // An escaped quote that a separator follows closes a string inside a string.
      const char after = peek(at + c.width + next.width).value;
      if (next.value == quote && (after == ',' || after == '}' || after == ']')) return at;
      at += next.width;
    }
    at += c.width;
  }
  return text_.size();
}

/// Behind the bracket that closes the one here; the end of the line if none does.
size_t TextMasker::bracketed_end(size_t at) const {
  int depth = 0;
  for (; at < text_.size() && !is_line_end(text_[at]); at += peek(at).width) {
    const char c = peek(at).value;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && --depth == 0) return at + peek(at).width;
  }
  return at;
}

/// Where a value without quotes ends. Rather too late than too early: what is left over would be in clear.
size_t TextMasker::plain_end(size_t at, const Separator& separator) const {
  const auto closes = [&](size_t i) {  // a quote or comma ends the value only where one would expect it
    const Char next = peek(i);
    return next.width == 0 || is_space(next.value) || is_line_end(next.value) || next.value == ',' ||
           next.value == '}' || next.value == ']' || next.value == ')' || next.value == '"' || next.value == '\'';
  };
  for (; at < text_.size(); at += peek(at).width) {
    const Char c = peek(at);
    if (c.encoded && !separator.encoded) continue;
    if (c.value == '&' || c.value == ';' || is_space(c.value) || is_line_end(c.value)) return at;
    if ((c.value == '"' || c.value == '\'' || c.value == ',') && closes(at + c.width)) return at;
    if (separator.is_colon && (c.value == ',' || c.value == '}' || c.value == ']')) return at;
  }
  return text_.size();
}

size_t TextMasker::line_end(size_t at) const {
  while (at < text_.size() && !is_line_end(text_[at]))
    ++at;
  return at;
}

}  // namespace

std::string mask_secret(std::string_view secret) {
  std::string out(kMask);
  if (secret.size() < kMaskedWholeBelow) return out;
  size_t begin = secret.size() - kSecretShownBytes;
  while (begin < secret.size() && is_utf8_continuation(secret[begin]))
    ++begin;  // whole characters
  return out.append(secret.substr(begin));
}

namespace {

/// Whether so many digits stand in it with nothing between them that no card number has. Each such run reaches over one of the places
/// that are so far apart, and in most texts none of these is part of a run.
bool may_hold_card(std::string_view text) {
  const auto is_part = [&](size_t at) { return (classes_of(text[at]) & kCardChar) != 0; };
  for (size_t place = kCardDigitsMin - 1; place < text.size(); place += kCardDigitsMin) {
    if (!is_part(place)) continue;
    size_t begin = place, digits = 0;
    while (begin > 0 && is_part(begin - 1))
      --begin;
    for (place = begin; place < text.size() && is_part(place); ++place)
      digits += classes_of(text[place]) & kDigitChar;
    if (digits >= kCardDigitsMin) return true;
  }
  return false;
}

}  // namespace

bool mask_text(std::string_view text, std::string& out) {
  const TextSigns signs = signs_of(text);
  std::string without_blocks, without_cards;
  std::string_view left = text;
  if (mask_pem_blocks(left, without_blocks)) left = without_blocks;
  if (signs.digits >= kCardDigitsMin && may_hold_card(text) && mask_cards(left, without_cards)) left = without_cards;
  if (TextMasker(left, signs.names_secrets).run(out)) return true;
  if (left.data() == text.data()) return false;
  out = left.data() == without_cards.data() ? std::move(without_cards) : std::move(without_blocks);
  return true;
}

std::string mask_text(std::string_view text) {
  std::string masked;
  return mask_text(text, masked) ? masked : std::string(text);
}

}  // namespace weir
