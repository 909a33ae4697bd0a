#include "decode/steps/decode_entities.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/ascii.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "decode/steps/rewrite_in_place.h"

namespace weir {
namespace {

struct NamedEntity {
  std::string_view name;
  char16_t code_point;
};

/// From the HTML standard's table of named character references: those that stand for ASCII punctuation, white space or
/// nothing visible. Sorted for binary search.
constexpr std::array kNamed = {
    NamedEntity{"AMP", '&'},
    NamedEntity{"ApplyFunction", 0x2061},
    NamedEntity{"DiacriticalGrave", '`'},
    NamedEntity{"GT", '>'},
    NamedEntity{"Hat", '^'},
    NamedEntity{"InvisibleComma", 0x2063},
    NamedEntity{"InvisibleTimes", 0x2062},
    NamedEntity{"LT", '<'},
    NamedEntity{"NegativeMediumSpace", 0x200b},
    NamedEntity{"NegativeThickSpace", 0x200b},
    NamedEntity{"NegativeThinSpace", 0x200b},
    NamedEntity{"NegativeVeryThinSpace", 0x200b},
    NamedEntity{"NewLine", '\n'},
    NamedEntity{"NoBreak", 0x2060},
    NamedEntity{"NonBreakingSpace", 0xa0},
    NamedEntity{"QUOT", '"'},
    NamedEntity{"Tab", '\t'},
    NamedEntity{"UnderBar", '_'},
    NamedEntity{"VerticalLine", '|'},
    NamedEntity{"ZeroWidthSpace", 0x200b},
    NamedEntity{"af", 0x2061},
    NamedEntity{"amp", '&'},
    NamedEntity{"apos", '\''},
    NamedEntity{"ast", '*'},
    NamedEntity{"bsol", '\\'},
    NamedEntity{"colon", ':'},
    NamedEntity{"comma", ','},
    NamedEntity{"commat", '@'},
    NamedEntity{"dollar", '$'},
    NamedEntity{"equals", '='},
    NamedEntity{"excl", '!'},
    NamedEntity{"grave", '`'},
    NamedEntity{"gt", '>'},
    NamedEntity{"ic", 0x2063},
    NamedEntity{"it", 0x2062},
    NamedEntity{"lbrace", '{'},
    NamedEntity{"lbrack", '['},
    NamedEntity{"lcub", '{'},
    NamedEntity{"lowbar", '_'},
    NamedEntity{"lpar", '('},
    NamedEntity{"lrm", 0x200e},
    NamedEntity{"lsqb", '['},
    NamedEntity{"lt", '<'},
    NamedEntity{"midast", '*'},
    NamedEntity{"nbsp", 0xa0},
    NamedEntity{"num", '#'},
    NamedEntity{"percnt", '%'},
    NamedEntity{"period", '.'},
    NamedEntity{"plus", '+'},
    NamedEntity{"quest", '?'},
    NamedEntity{"quot", '"'},
    NamedEntity{"rbrace", '}'},
    NamedEntity{"rbrack", ']'},
    NamedEntity{"rcub", '}'},
    NamedEntity{"rlm", 0x200f},
    NamedEntity{"rpar", ')'},
    NamedEntity{"rsqb", ']'},
    NamedEntity{"semi", ';'},
    NamedEntity{"shy", 0xad},
    NamedEntity{"sol", '/'},
    NamedEntity{"verbar", '|'},
    NamedEntity{"vert", '|'},
    NamedEntity{"zwj", 0x200d},
    NamedEntity{"zwnj", 0x200c},
};
static_assert(std::is_sorted(kNamed.begin(), kNamed.end(),
                             [](const NamedEntity& a, const NamedEntity& b) { return a.name < b.name; }));
constexpr size_t kNameLengthMax = 21;

/// Names that browsers read without a semicolon.
constexpr std::array kLegacy = {
    NamedEntity{"lt", '<'},    NamedEntity{"gt", '>'},   NamedEntity{"amp", '&'}, NamedEntity{"quot", '"'},
    NamedEntity{"nbsp", 0xa0}, NamedEntity{"shy", 0xad}, NamedEntity{"LT", '<'},  NamedEntity{"GT", '>'},
    NamedEntity{"AMP", '&'},   NamedEntity{"QUOT", '"'},
};

/// How far to look for the '=' that makes "&ltfoo=" a parameter.
constexpr size_t kParameterNameMax = 32;

bool reads_as_parameter(std::string_view after_name) {
  const size_t length_max = std::min(after_name.size(), kParameterNameMax);
  for (size_t i = 0; i < length_max; ++i) {
    const char byte = after_name[i];
    if (byte == '=') return true;
    if (!is_word_byte(byte) && byte != '-' && byte != '.' && byte != '[' && byte != ']') return false;
  }
  return false;
}

/// What a reference at the start of a text stands for, and how many bytes it takes; length 0: no reference.
struct Reference {
  uint32_t code_point = 0;
  size_t length = 0;
};

/// `text` starts with "&#".
Reference read_numeric(std::string_view text) {
  size_t at = 2;
  const bool hexadecimal = at < text.size() && (text[at] == 'x' || text[at] == 'X');
  if (hexadecimal) ++at;
  const size_t first_digit = at;
  uint32_t value = 0;
  for (; at < text.size(); ++at) {
    const int digit = hex_value(text[at]);
    if (digit < 0 || (!hexadecimal && digit > 9)) break;
    if (value <= 0x10ffff) value = value * (hexadecimal ? 16U : 10U) + static_cast<uint32_t>(digit);
  }
  if (at == first_digit) return {};
  if (at < text.size() && text[at] == ';') ++at;
  return {value, at};
}

/// `text` starts with "&" and a letter.
Reference read_named(std::string_view text) {
  size_t end = 1;
  while (end < text.size() && end <= kNameLengthMax && is_ascii_letter(text[end]))
    ++end;
  const std::string_view name = text.substr(1, end - 1);
  if (end < text.size() && text[end] == ';') {
    const auto* const found =
        std::lower_bound(kNamed.begin(), kNamed.end(), name,
                         [](const NamedEntity& entity, std::string_view wanted) { return entity.name < wanted; });
    if (found != kNamed.end() && found->name == name) return {found->code_point, end + 1};
  }
  for (const NamedEntity& legacy : kLegacy) {
    if (!name.starts_with(legacy.name)) continue;
    const size_t length = legacy.name.size() + 1;
    if (reads_as_parameter(text.substr(length))) return {};
    return {legacy.code_point, length};
  }
  return {};
}

Reference read_reference(std::string_view text) {
  if (text.size() < 3) return {};
  if (text[1] == '#') return read_numeric(text);
  if (is_ascii_letter(text[1])) return read_named(text);
  return {};
}

}  // namespace

EntityPass decode_entities(char* text, size_t size) {
  EntityPass pass;
  pass.size = rewrite_in_place(text, size, '&', [&](const char* from, size_t left, char*& to) {
    const Reference reference = read_reference({from, left});
    if (reference.length == 0) return size_t{0};
    to += put_utf8(to, reference.code_point);
    pass.changed = true;
    return reference.length;
  });
  return pass;
}

}  // namespace weir
