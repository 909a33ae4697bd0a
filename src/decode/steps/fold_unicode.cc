#include "decode/steps/fold_unicode.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace weir {
namespace {

/// What becomes of a code point.
struct Fold {
  enum class Kind : uint8_t { kKeep, kRemove, kReplace };
  Kind kind = Kind::kKeep;
  char replacement = 0;
  bool suspicious = false;
  bool prose = false;  ///< punctuation of East Asian prose: folded only right behind an ASCII character
};

constexpr Fold keep() {
  return {};
}
constexpr Fold removed() {
  return {Fold::Kind::kRemove, 0, false, false};
}
constexpr Fold to_ascii(char byte) {
  return {Fold::Kind::kReplace, byte, false, false};
}

/// U+FE50 to U+FE6B, small form variants; 0: none.
constexpr std::array<char, 28> kSmallForms = {',', 0,   '.', 0,   ';', ':', '?', '!', 0,   '(', ')',  '{', '}', 0,
                                              0,   '#', '&', '*', '+', '-', '<', '>', '=', 0,   '\\', '$', '%', '@'};

Fold fold_full_width(uint32_t code_point) {
  const char byte = static_cast<char>(code_point - 0xfee0);
  Fold fold = to_ascii(byte);
  switch (byte) {
    case '<':
    case '>':
    case '\'':
    case '"':
    case '\\':
    case '.':
    case '%':
      fold.suspicious = true;
      break;
    case ',':
    case ':':
    case ';':
    case '?':
    case '!':
    case '(':
    case ')':
      fold.prose = true;
      break;
    default:
      break;
  }
  return fold;
}

Fold fold_general_punctuation(uint32_t code_point) {
  if (code_point <= 0x200a) return to_ascii(' ');
  if (code_point <= 0x200f) return removed();
  if (code_point >= 0x202a && code_point <= 0x202e) return removed();
  if (code_point >= 0x2060 && code_point <= 0x2064) return removed();
  switch (code_point) {
    case 0x2024:
      return to_ascii('.');
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
      return to_ascii(' ');
    case 0x2032:
    case 0x2035:
      return to_ascii('\'');
    case 0x2033:
    case 0x2036:
      return to_ascii('"');
    case 0x2039:
      return to_ascii('<');
    case 0x203a:
      return to_ascii('>');
    case 0x2044:
      return to_ascii('/');
    default:
      return keep();
  }
}

Fold fold_symbol(uint32_t code_point) {
  if (code_point >= 0x2460 && code_point <= 0x2468) return to_ascii(static_cast<char>('1' + (code_point - 0x2460)));
  if (code_point >= 0x24b6 && code_point <= 0x24cf) return to_ascii(static_cast<char>('A' + (code_point - 0x24b6)));
  if (code_point >= 0x24d0 && code_point <= 0x24e9) return to_ascii(static_cast<char>('a' + (code_point - 0x24d0)));
  switch (code_point) {
    case 0x207a:
    case 0x208a:
      return to_ascii('+');
    case 0x207b:
    case 0x208b:
      return to_ascii('-');
    case 0x207c:
    case 0x208c:
      return to_ascii('=');
    case 0x207d:
    case 0x208d:
      return to_ascii('(');
    case 0x207e:
    case 0x208e:
      return to_ascii(')');
    case 0x212a:
      return to_ascii('K');
    case 0x2212:
      return to_ascii('-');
    case 0x2215:
    case 0x29f8:
      return to_ascii('/');
    case 0x2216:
    case 0x29f5:
      return to_ascii('\\');
    case 0x2217:
      return to_ascii('*');
    case 0x2223:
      return to_ascii('|');
    case 0x2236:
      return to_ascii(':');
    case 0x2329:
      return to_ascii('<');
    case 0x232a:
      return to_ascii('>');
    case 0x24ea:
      return to_ascii('0');
    default:
      return keep();
  }
}

Fold fold_below_general_punctuation(uint32_t code_point) {
  switch (code_point) {
    case 0x85:
    case 0xa0:
    case 0x1680:
      return to_ascii(' ');
    case 0xad:
    case 0x180e:
      return removed();
    case 0x131:
      return to_ascii('i');
    case 0x17f:
      return to_ascii('s');
    case 0x2b9:
    case 0x2bc:
    case 0x2c8:
      return to_ascii('\'');
    case 0x2ba:
      return to_ascii('"');
    default:
      return keep();
  }
}

Fold fold_astral(uint32_t code_point) {
  // Mathematical alphanumeric symbols: runs of A-Z a-z, then runs of 0-9.
  if (code_point >= 0x1d400 && code_point <= 0x1d6a3) {
    const uint32_t letter = (code_point - 0x1d400) % 52;
    return to_ascii(static_cast<char>(letter < 26 ? 'A' + letter : 'a' + (letter - 26)));
  }
  if (code_point >= 0x1d7ce && code_point <= 0x1d7ff)
    return to_ascii(static_cast<char>('0' + (code_point - 0x1d7ce) % 10));
  return keep();
}

/// `code_point` is at least 0x80.
Fold fold_of(uint32_t code_point) {
  if (code_point < 0x2000) return fold_below_general_punctuation(code_point);
  if (code_point < 0x2070) return fold_general_punctuation(code_point);
  if (code_point < 0x3000) return fold_symbol(code_point);
  if (code_point < 0x3010) {
    if (code_point == 0x3000) return to_ascii(' ');
    if (code_point == 0x3002) return {Fold::Kind::kReplace, '.', false, true};
    if (code_point == 0x3008) return to_ascii('<');
    if (code_point == 0x3009) return to_ascii('>');
    return keep();
  }
  if (code_point == 0xfe35) return to_ascii('(');
  if (code_point == 0xfe36) return to_ascii(')');
  if (code_point < 0xfe50) return keep();
  if (code_point <= 0xfe6b) {
    const char byte = kSmallForms[code_point - 0xfe50];
    if (byte == 0) return keep();
    return {Fold::Kind::kReplace, byte, byte == '<' || byte == '>' || byte == '%' || byte == '\\', false};
  }
  if (code_point == 0xfeff) return removed();
  if (code_point >= 0xff01 && code_point <= 0xff5e) return fold_full_width(code_point);
  if (code_point == 0xff61) return {Fold::Kind::kReplace, '.', false, true};
  return fold_astral(code_point);
}

/// One character of lenient UTF-8: well-formed, except that it may use more bytes than needed.
struct Character {
  uint32_t code_point = 0;
  size_t length = 0;  ///< 0: no character, the byte stands for itself
  bool overlong = false;
};

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

Character read_sequence(const char* from, size_t left, size_t length, uint32_t lead_bits, uint32_t smallest) {
  if (left < length) return {};
  uint32_t code_point = lead_bits;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(from[i])) return {};
    code_point = (code_point << 6) | (static_cast<unsigned char>(from[i]) & 0x3fU);
  }
  return {code_point, length, code_point < smallest};
}

Character read_character(const char* from, size_t left) {
  const auto lead = static_cast<unsigned char>(from[0]);
  if (lead < 0xc0) return {};
  if (lead < 0xe0) {
    const Character character = read_sequence(from, left, 2, lead & 0x1fU, 0x80);
    if (character.length != 0 || left < 2) return character;
    // Decoders that do not look at the continuation's upper bits: %c0%2f was IIS's "/", %c1%1c its "\".
    if (lead == 0xc0 && (from[1] == '.' || from[1] == '/' || from[1] == '\\'))
      return {static_cast<uint32_t>(from[1]), 2, true};
    if (lead == 0xc1 && from[1] == 0x1c) return {'\\', 2, true};
    return {};
  }
  if (lead < 0xf0) return read_sequence(from, left, 3, lead & 0x0fU, 0x800);
  if (lead < 0xf8) return read_sequence(from, left, 4, lead & 0x07U, 0x10000);
  return {};
}

bool is_visible_ascii(char byte) {
  return byte > 0x20 && byte < 0x7f;
}
bool is_ascii(char byte) {
  return static_cast<unsigned char>(byte) < 0x80;
}

/// In-place writer over the text that is being folded.
class Folder {
 public:
  Folder(char* text, size_t size) : begin_(text), from_(text), end_(text + size), to_(text) {}

  FoldPass run() {
    while (from_ < end_) {
      if (is_ascii(*from_)) {
        *to_++ = *from_++;
      } else {
        fold_one();
      }
    }
    pass_.size = static_cast<size_t>(to_ - begin_);
    return pass_;
  }

 private:
  void fold_one() {
    const auto left = static_cast<size_t>(end_ - from_);
    const Character character = read_character(from_, left);
    if (character.length == 0) {
      pass_through_byte(left);
      return;
    }
    const Fold fold =
        character.code_point < 0x80 ? to_ascii(static_cast<char>(character.code_point)) : fold_of(character.code_point);
    if (character.overlong) pass_.overlong = pass_.changed = true;
    const bool wanted = !fold.prose || (to_ != begin_ && is_ascii(to_[-1]) && to_[-1] != ' ');
    if (fold.kind == Fold::Kind::kKeep || !wanted) {
      copy(character);
      return;
    }
    pass_.changed = true;
    pass_.folded |= !character.overlong;
    pass_.suspicious |= fold.suspicious;
    from_ += character.length;
    if (fold.kind == Fold::Kind::kReplace) *to_++ = fold.replacement;
  }

  /// An overlong form of a character beyond ASCII is written in its shortest form, anything else as it is.
  void copy(const Character& character) {
    if (character.overlong) {
      to_ += put_utf8(to_, character.code_point);
      from_ += character.length;
      return;
    }
    for (size_t i = 0; i < character.length; ++i)
      *to_++ = *from_++;
  }

  /// A lone 0xa0 (Latin-1's no-break space, which MySQL takes for white space) between ASCII characters is a space.
  void pass_through_byte(size_t left) {
    const bool between_ascii = to_ != begin_ && is_visible_ascii(to_[-1]) && left >= 2 && is_visible_ascii(from_[1]);
    if (static_cast<unsigned char>(*from_) == 0xa0 && between_ascii) {
      pass_.changed = pass_.folded = true;
      *to_++ = ' ';
      ++from_;
      return;
    }
    *to_++ = *from_++;
  }

  char* begin_;
  const char* from_;
  const char* end_;
  char* to_;
  FoldPass pass_;
};

}  // namespace

FoldPass fold_unicode(char* text, size_t size) {
  return Folder(text, size).run();
}

}  // namespace weir
