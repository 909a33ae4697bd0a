#include "evidence/masker.h"

#include <algorithm>
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

constexpr bool is_base64_digit(char c) {
  return base64_value(c) >= 0;
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

/// The readings that the decoder makes of a text, one after the other, each of the one before. False when one is the same.
class Readings {
 public:
  explicit Readings(std::string_view text) : text_(text) {}

  bool unwrap(PlusMeans plus) {
    ByteClasses classes = classify(text_);
    const int plus_class = plus == PlusMeans::kSpace ? int{byte_class::kPlus} : 0;
    if ((classes & (kWrapping | plus_class)) == 0) return false;
    std::string before = text_;
    DecodeSteps steps = 0;
    Evasions evasions = 0;
    text_.resize(decode_value(text_.data(), text_.size(), classes, {Place::kBody, plus, kRoundsMax}, steps, evasions));
    std::replace(text_.begin(), text_.end(), kLineBreakMark, ' ');
    return text_ != before;
  }
  bool without_comments() {
    if (text_.find("/*") == std::string::npos) return false;
    const size_t size = strip_comments(text_.data(), text_.size());
    const bool changed = size != text_.size();
    text_.resize(size);
    return changed;
  }
  /// As strip_comments, but with nothing in their place.
  bool without_gaps() {
    std::string joined;
    size_t at = 0;
    for (size_t begin = text_.find("/*"); begin != std::string::npos; begin = text_.find("/*", at)) {
      const size_t end = text_.find("*/", begin + 2);
      if (end == std::string::npos) break;
      joined.append(text_, at, begin - at);
      at = end + 2;
    }
    if (at == 0) return false;
    joined.append(text_, at);
    text_ = std::move(joined);
    return true;
  }
  bool shell_words() {
    std::string words(text_.size(), '\0');
    words.resize(unwrap_shell_words(text_, words.data()));
    if (words.empty()) return false;
    text_ = std::move(words);
    return true;
  }

  [[nodiscard]] std::string& text() { return text_; }

 private:
  std::string text_;
};

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

std::string Masker::line(const DecodedRecord& record, const Line& line, size_t bytes_max) const {
  const auto name = record.name_of(line);
  if (!is_secret_name(name)) return text(record.line_text(line), bytes_max);
  return text(name, bytes_max) + "=" + value(name, record.value_of(line));
}

bool Masker::hides_part_of(std::string_view text) const {
  std::string masked;
  return looked_at(text).size() != text.size() || mask(text, 0, masked);
}

/// The text as it stands and what base64 in it says. True when something is hidden: then all of it, masked, is in `out`.
bool Masker::mask_plain(std::string_view text, int depth, std::string& out) const {
  Arena arena;
  std::string encoded, personal;
  std::string_view left = mask_text(text, arena);
  if (mask_encoded(left, depth, encoded)) left = encoded;
  if (mask_personal_data(left, kinds_, personal)) left = personal;
  if (left.data() == text.data()) return false;
  out.assign(left);
  return true;
}

bool Masker::mask(std::string_view text, int depth, std::string& out) const {
  const bool hidden = mask_plain(text, depth, out);
  const std::string_view first = hidden ? std::string_view(out) : text;
  constexpr ByteClasses kAnyReading = kWrapping | byte_class::kPlus | byte_class::kAsterisk | byte_class::kShell;
  if ((classify(first) & kAnyReading) == 0) return hidden;
  Readings readings(first);
  bool any = hidden;
  std::string masked;
  const auto look = [&](bool is_new) {
    if (!is_new || !mask_plain(readings.text(), depth, masked)) return;
    out = readings.text() = masked;
    any = true;
  };
  look(readings.unwrap(PlusMeans::kPlus));
  look(readings.unwrap(PlusMeans::kSpace));
  Readings joined(readings.text());
  if (joined.without_gaps() && mask_plain(joined.text(), depth, masked)) {
    out = masked;
    return true;
  }
  look(readings.without_comments());
  look(readings.shell_words());
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
  for (size_t at = 0; at < text.size();) {
    if (!is_base64_digit(text[at])) {
      ++at;
      continue;
    }
    size_t end = at;
    bool has_slash = false;
    for (; end < text.size() && is_base64_digit(text[end]); ++end)
      has_slash = has_slash || text[end] == '/';
    size_t padded = end;
    while (padded < text.size() && padded - end < 2 && text[padded] == '=')
      ++padded;
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
    at = padded;
  }
  if (copied == 0) return false;
  out.append(text.substr(copied));
  return true;
}

}  // namespace weir
