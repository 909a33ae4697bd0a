#include "event/text/text_unescaper.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "base/byte_search.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "event/values/utf8_repair.h"

namespace weir {
namespace {

constexpr size_t kBytesKept = 256 << 10;  // a buffer that grew beyond is given back with the next ordinary line

// "\uHHHH" at `at`, with its partner if it is half of a pair; the bytes it took, 0 if it is none.
size_t append_unicode_escape(std::string_view text, size_t at, std::string& out) {
  const int first = hex_number(text, at + 2, 4);
  if (first < 0) return 0;
  const bool high = first >= 0xd800 && first <= 0xdbff;
  const bool pair = high && text.substr(at + 6, 2) == "\\u";
  const int second = pair ? hex_number(text, at + 8, 4) : -1;
  if (second >= 0xdc00 && second <= 0xdfff) {
    append_utf8(out, from_surrogates(static_cast<uint32_t>(first), static_cast<uint32_t>(second)));
    return 12;
  }
  if (first >= 0xd800 && first <= 0xdfff) {
    out += '\xff';  // half a pair is no character: the repair below replaces it as it does any byte that is none
  } else {
    append_utf8(out, static_cast<uint32_t>(first));
  }
  return 6;
}

char plain_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    default:
      return c;
  }
}

size_t append_backslash_escape(std::string_view text, size_t at, std::string& out) {
  if (at + 1 == text.size()) return 0;
  const char kind = text[at + 1];
  if (kind == 'x') {
    const int byte = hex_number(text, at + 2, 2);
    if (byte < 0) return 0;
    out += static_cast<char>(byte);
    return 4;
  }
  if (kind == 'u') return append_unicode_escape(text, at, out);
  const bool known = std::string_view("\"\\/'nrtbfv]").find(kind) != std::string_view::npos;
  if (!known) return 0;
  out += plain_escape(kind);
  return 2;
}

// What the escape at `at` stands for; the bytes it took, 0 if it is none.
size_t append_escape(std::string_view text, size_t at, TextEscape escape, std::string& out) {
  switch (escape) {
    case TextEscape::kBackslash:
      return append_backslash_escape(text, at, out);
    case TextEscape::kHash:
    case TextEscape::kPercent: {
      const int byte = hex_number(text, at + 1, 2);
      if (byte < 0) return 0;
      out += static_cast<char>(byte);
      return 3;
    }
    case TextEscape::kDoubledQuotes:
      if (text.substr(at, 2) != "\"\"") return 0;
      out += '"';
      return 2;
    case TextEscape::kPlus:
      out += ' ';
      return 1;
    case TextEscape::kNone:
      break;
  }
  return 0;
}

char mark_of(TextEscape escape) {
  static constexpr std::array<char, 6> kMarks{'\0', '\\', '#', '"', '%', '+'};
  return kMarks[static_cast<size_t>(escape)];
}

}  // namespace

void TextUnescaper::start(std::string_view line) {
  if (buffer_.capacity() > kBytesKept && line.size() < kBytesKept / 2) buffer_ = {};
  if (scratch_.capacity() > kBytesKept) scratch_ = {};
  buffer_.clear();
  buffer_.reserve(line.size());
  repaired_ = false;
  has_backslash_ = find_near(line, '\\') != std::string_view::npos;
}

std::string_view TextUnescaper::read(std::string_view text, TextEscape escape) {
  if (escape == TextEscape::kNone || (escape == TextEscape::kBackslash && !has_backslash_)) return text;
  const char mark = mark_of(escape);
  size_t found = text.find(mark);
  if (found == std::string_view::npos) return text;
  WEIR_ASSERT(buffer_.capacity() - buffer_.size() >= text.size(), "start() was given a shorter line");
  const size_t begin = buffer_.size();
  size_t done = 0;
  for (; found != std::string_view::npos; found = text.find(mark, std::max(done, found + 1))) {
    buffer_ += text.substr(done, found - done);
    done = found + append_escape(text, found, escape, buffer_);
  }
  buffer_ += text.substr(done);
  const std::string_view read(buffer_.data() + begin, buffer_.size() - begin);
  if (simdjson::validate_utf8(read.data(), read.size())) return read;
  scratch_.assign(read);
  buffer_.resize(begin);
  append_valid_utf8(scratch_, buffer_);
  repaired_ = true;
  return {buffer_.data() + begin, buffer_.size() - begin};
}

}  // namespace weir
