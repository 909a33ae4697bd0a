#include "evidence/masker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "base/utf8.h"
#include "decode/steps/decode_base64.h"
#include "decode/steps/shell_words.h"
#include "decode/steps/strip_comments.h"
#include "decode/value_decoder.h"
#include "evidence/masking.h"

namespace weir {
namespace {

constexpr int kDepthMax = 4;           // of base64 inside base64
constexpr uint32_t kRoundsMax = 16;    // of percent inside percent: more than the decoder's most
constexpr size_t kWordBytesMax = 256;  // at the end of a text that was cut: what may be the beginning of a secret

/// Bytes on which a step of decoding may act.
constexpr ByteClasses kWrapping = byte_class::kPercent | byte_class::kAmpersand | byte_class::kBackslash |
                                  byte_class::kControl | byte_class::kDelete | byte_class::kHigh;

constexpr auto kBase64Digits = [] {
  std::array<bool, 256> digits{};
  for (size_t byte = 0; byte != digits.size(); ++byte)
    digits[byte] = base64_value(static_cast<char>(byte)) >= 0;
  return digits;
}();
constexpr bool is_base64_digit(char c) {
  return kBase64Digits[static_cast<unsigned char>(c)];
}

/// As much as is looked at, without a word that the cut may have made unrecognisable.
std::string_view looked_at(std::string_view text) {
  if (text.size() <= Masker::kTextBytesMax) return text;
  text = cut_utf8(text, Masker::kTextBytesMax);
  size_t end = text.size();
  while (end > 0 && text.size() - end < kWordBytesMax && text[end - 1] != ' ' && text[end - 1] != '&' &&
         text[end - 1] != ';' && text[end - 1] != '\n')
    --end;
  return text.substr(0, end);
}

// Readings that the decoder makes of a text. Each writes its own to `out` and returns true, or false where it is the same.

bool unwrap(std::string_view text, PlusMeans plus, std::string& out) {
  out.assign(text);
  ByteClasses classes = classify(text);
  DecodeSteps steps = 0;
  Evasions evasions = 0;
  out.resize(decode_value(out.data(), out.size(), classes, {Place::kBody, plus, kRoundsMax}, steps, evasions));
  if (has(steps, DecodeStep::kControl)) std::replace(out.begin(), out.end(), kLineBreakMark, ' ');
  return steps != 0;
}

bool without_comments(std::string_view text, std::string& out) {
  out.assign(text);
  out.resize(strip_comments(out.data(), out.size()));
  return out.size() != text.size();
}

/// The same with nothing in their place.
bool without_gaps(std::string_view text, std::string& out) {
  out.clear();
  size_t at = 0;
  for (size_t begin = text.find("/*"); begin != std::string_view::npos; begin = text.find("/*", at)) {
    const size_t end = text.find("*/", begin + 2);
    if (end == std::string_view::npos) break;
    out.append(text.substr(at, begin - at));
    at = end + 2;
  }
  out.append(text.substr(at));
  return at != 0;
}

bool shell_words(std::string_view text, std::string& out) {
  out.resize(text.size());
  out.resize(unwrap_shell_words(text, out.data()));
  return !out.empty();
}

}  // namespace

std::string_view Masker::text(std::string_view text, Arena& arena, size_t bytes_max) const {
  std::string masked;
  const auto whole = looked_at(text);
  return cut_utf8(mask(whole, 0, masked) ? arena.copy(masked) : whole, bytes_max);
}

std::string Masker::text(std::string_view text, size_t bytes_max) const {
  std::string masked;
  const auto whole = looked_at(text);
  return std::string(cut_utf8(mask(whole, 0, masked) ? std::string_view(masked) : whole, bytes_max));
}

std::string Masker::value(std::string_view name, std::string_view value, size_t bytes_max) const {
  if (!is_secret_name(name)) return text(value, bytes_max);
  // "user:password" in clear: its last characters may be all of a short password.
  return name.ends_with("[basic]") ? "***" : mask_secret(value);
}

std::string_view Masker::line_text(const DecodedRecord& record, const Line& line, Arena& arena) const {
  const auto whole = record.line_text(line);
  if (!has(line.steps, DecodeStep::kSqlComment)) return text(whole, arena);
  std::string joined(looked_at(whole)), masked;
  std::erase(joined, ' ');
  return mask(joined, 0, masked) ? arena.copy(masked) : text(whole, arena);
}

std::string Masker::line(const DecodedRecord& record, const Line& line, size_t bytes_max) const {
  const auto name = record.name_of(line);
  Arena arena;
  if (!is_secret_name(name)) return std::string(cut_utf8(line_text(record, line, arena), bytes_max));
  return text(name, bytes_max) + "=" + value(name, record.value_of(line));
}

bool Masker::hides_part_of(std::string_view text) const {
  std::string masked;
  return looked_at(text).size() != text.size() || mask(text, 0, masked);
}

/// The text as it stands and what base64 in it says. True when something is hidden: then all of it, masked, is in `out`.
bool Masker::mask_plain(std::string_view text, int depth, std::string& out) const {
  std::string named, encoded, personal;
  std::string_view left = mask_text(text, named) ? std::string_view(named) : text;
  if (mask_encoded(left, depth, encoded)) left = encoded;
  if (mask_personal_data(left, kinds_, personal)) left = personal;
  if (left.data() == text.data()) return false;
  out.assign(left);
  return true;
}

bool Masker::mask(std::string_view text, int depth, std::string& out) const {
  bool any = mask_plain(text, depth, out);
  std::string reading, next, masked;
  if (any) reading = out;
  std::string_view current = any ? reading : text;
  ByteClasses classes = classify(current);
  const auto take_next = [&] {
    reading.swap(next);
    if (mask_plain(reading, depth, masked)) {
      out = reading = masked;
      any = true;
    }
    current = reading;
    classes = classify(current);
  };
  if ((classes & kWrapping) != 0 && unwrap(current, PlusMeans::kPlus, next)) take_next();
  if ((classes & byte_class::kPlus) != 0 && unwrap(current, PlusMeans::kSpace, next)) take_next();
  if ((classes & byte_class::kAsterisk) != 0 && without_gaps(current, next)) {
    if (mask_plain(next, depth, masked)) {
      out = masked;
      return true;
    }
    if (without_comments(current, next)) take_next();
  }
  if ((classes & (byte_class::kShell | byte_class::kBackslash)) != 0 && shell_words(current, next)) take_next();
  return any;
}

/// Words in base64 or hexadecimal whose text holds a secret go as a whole: their last characters would tell its end.
bool Masker::mask_encoded(std::string_view text, int depth, std::string& out) const {
  if (depth >= kDepthMax) return false;
  std::string decoded, masked;
  const auto tells_secret = [&](std::string_view word) {
    if (word.size() < kEncodedLengthMin) return false;
    const auto digits = word.substr(0, word.find('='));
    if (!decode_base64_text(word, decoded) && !decode_hexadecimal_text(digits, decoded)) return false;
    const std::string said = std::move(decoded);
    return mask(said, depth + 1, masked);
  };
  size_t copied = 0;
  const auto hide = [&](size_t begin, size_t end) {
    out.append(text.substr(copied, begin - copied)).append("***");
    copied = end;
  };
  // Each run that is long enough reaches over one of the places that are so far apart, and in most texts none of these is part of one.
  constexpr size_t kPaddingMax = 2, kRunMin = kEncodedLengthMin - kPaddingMax;
  for (size_t place = kRunMin - 1; place < text.size();) {
    if (!is_base64_digit(text[place])) {
      place += kRunMin;
      continue;
    }
    size_t at = place, end = place;
    while (at > 0 && is_base64_digit(text[at - 1]))
      --at;
    while (end < text.size() && is_base64_digit(text[end]))
      ++end;
    place = end + kRunMin;
    if (end - at < kRunMin) continue;
    size_t padded = end;
    while (padded < text.size() && padded - end < kPaddingMax && text[padded] == '=')
      ++padded;
    const bool has_slash = text.substr(at, end - at).find('/') != std::string_view::npos;
    if (tells_secret(text.substr(at, padded - at))) {
      hide(at, padded);
    } else if (has_slash) {
      for (size_t piece = at; piece < end;) {
        const size_t slash = std::min(text.find('/', piece), end);
        const size_t piece_end = slash == end ? padded : slash;
        if (tells_secret(text.substr(piece, piece_end - piece))) hide(piece, piece_end);
        piece = slash + 1;
      }
    }
  }
  if (copied == 0) return false;
  out.append(text.substr(copied));
  return true;
}

}  // namespace weir
