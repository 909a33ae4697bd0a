#include "decode/value_decoder.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

struct Decoded {
  std::string text;
  DecodeSteps steps = 0;
  Evasions evasions = 0;
};

Decoded decode_in(Place place, std::string text, PlusMeans plus = PlusMeans::kPlus) {
  Decoded decoded;
  ByteClasses classes = classify(text);
  const size_t size =
      decode_value(text.data(), text.size(), classes, {place, plus, 4}, decoded.steps, decoded.evasions);
  decoded.text = text.substr(0, size);
  // The line writer does this.
  std::replace(decoded.text.begin(), decoded.text.end(), kLineBreakMark, ' ');
  return decoded;
}

std::string decoded(std::string text) {
  return decode_in(Place::kCookie, std::move(text)).text;
}

struct Case {
  std::string in, out;
};

void check_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    CAPTURE(c.in);
    CHECK(decoded(c.in) == c.out);
  }
}

TEST_CASE("percent escapes are decoded, malformed ones stay") {
  check_all({{"%27", "'"},
             {"%3cscript%3E", "<script>"},
             {"a%2", "a%2"},
             {"%", "%"},
             {"100%", "100%"},
             {"%zz%41", "%zzA"},
             {"%%32%37", "'"}});
}

TEST_CASE("percent escapes are decoded several times over") {
  check_all({{"%2527", "'"}, {"%252527", "'"}, {"%25252527", "'"}, {"%2525252527", "%27"}});
}

TEST_CASE("a plus is a space only where form encoding is used, and only the wire's own plus") {
  CHECK(decode_in(Place::kQuery, "a+b%2bc", PlusMeans::kSpace).text == "a b+c");
  CHECK(decode_in(Place::kQuery, "a%252bb", PlusMeans::kSpace).text == "a+b");
  CHECK(decoded("a+b") == "a+b");
}

TEST_CASE("HTML entities are decoded: named, decimal, hexadecimal, with leading zeros, without semicolon") {
  check_all({{"&lt;script&gt;", "<script>"},
             {"&#60;&#x3c;&#X3C;", "<<<"},
             {"&#0000060&#x000003cb", "<\xcf\x8b"},
             {"&#60script", "<script"},
             {"java&Tab;script&colon;alert&lpar;1&rpar;", "java script:alert(1)"},
             {"&NewLine;a", " a"},
             {"&quot;&apos;&sol;&bsol;", "\"'/\\"},
             {"&ltscript src", "<script src"},
             {"&LT;&AMP;", "<&"},
             {"&amp;lt;", "<"},
             {"&amp;amp;amp;lt;", "<"},
             {"a&nbsp;b", "a b"}});
}

TEST_CASE("what only looks like an entity stays") {
  check_all({{"a&b", "a&b"},
             {"&", "&"},
             {"&#", "&#"},
             {"&#x", "&#x"},
             {"&#xg;", "&#xg;"},
             {"&unknown;", "&unknown;"},
             {"&euro;5", "&euro;5"},
             {"?a=1&lt=5&gt_id=7&quote=3", "?a=1&lt=5&gt_id=7&quote=3"}});
}

TEST_CASE("script escapes are decoded, Windows paths are not") {
  check_all({{R"(\u003cscript\u003e)", "<script>"},
             {R"(\x3cb\x3E)", "<b>"},
             {R"(\u{3c}\u{00003e})", "<>"},
             {R"(a\/b)", "a/b"},
             {R"(\ud83d\ude00)", "\xf0\x9f\x98\x80"},
             {R"(C:\new\temp)", R"(C:\new\temp)"},
             {R"(..\..\boot.ini)", R"(..\..\boot.ini)"},
             {R"(\u12)", R"(\u12)"},
             {R"(\x)", R"(\x)"},
             {R"(C:\Users\x)", R"(C:\Users\x)"},
             {R"(\u{})", R"(\u{})"},
             {"\\", "\\"}});
}

TEST_CASE("%u escapes are decoded") {
  check_all(
      {{"%u003cscript%u003E", "<script>"}, {"%uff1c", "<"}, {"%ud83d%ude00", "\xf0\x9f\x98\x80"}, {"%u00", "%u00"}});
}

TEST_CASE("overlong UTF-8 becomes the character it stands for") {
  check_all({{"%c0%ae%c0%ae%c0%af", "../"},
             {"\xc0\xae", "."},
             {"%e0%80%af", "/"},
             {"%f0%80%80%af", "/"},
             {"%c0%2f", "/"},
             {"%c1%9c", "\\"},
             {"%c1%1c", "\\"},
             {"%25c0%25ae", "."},
             {"%f0%82%82%ac", "\xe2\x82\xac"}});
}

TEST_CASE("full-width and other look-alikes fold to ASCII") {
  check_all({{"\xef\xbc\x9cscript\xef\xbc\x9e", "<script>"},
             {"\xef\xbd\x81\xef\xbc\xa1\xef\xbc\x91", "aA1"},
             {"\xef\xb9\xa4", "<"},
             {"\xef\xb9\x90\xef\xb9\xab", ",@"},  // the first and the last of the small forms
             {"a\xe2\x88\x95"
              "b",
              "a/b"},
             {"\xe2\x92\xb6\xe2\x93\x90\xe2\x91\xa0", "Aa1"},
             {"\xca\xbc", "'"},
             {"x\xe2\x81\xbc\xef\xb8\xb5\x31\xe2\x81\xbe", "x=(1)"},
             {"\xc5\xbf"
              "cript",
              "script"},
             {"\xf0\x9d\x94\x98\xf0\x9d\x9f\x8e", "U0"}});
}

TEST_CASE("ordinary text beyond ASCII stays as it is") {
  check_all({{"caf\xc3\xa9", "caf\xc3\xa9"},
             {"\xe4\xb8\xad\xe6\x96\x87\xef\xbc\x8c\xe5\xa5\xbd", "\xe4\xb8\xad\xe6\x96\x87\xef\xbc\x8c\xe5\xa5\xbd"},
             {"don\xe2\x80\x99t", "don\xe2\x80\x99t"},
             {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"}});
}

TEST_CASE("invalid UTF-8 stays as it is") {
  check_all({{"%ff", "\xff"}, {"%d6%d0", "\xd6\xd0"}, {"\xe4\xb8", "\xe4\xb8"}, {"\xc3", "\xc3"}});
}

TEST_CASE("invisible characters are removed, exotic spaces become spaces") {
  check_all({{"scr\xc2\xadipt", "script"},
             {"u\xe2\x80\x8bnion", "union"},
             {"\xef\xbb\xbfx", "x"},
             {"a\xe2\x80\x8fz", "az"},  // the last of a range
             {"a\xc2\xa0"
              "b",
              "a b"},
             {"a\xe3\x80\x80"
              "b",
              "a b"},
             {"union%a0select", "union select"}});
}

TEST_CASE("NUL bytes are removed, other control characters become a space") {
  check_all({{"scr%00ipt", "script"}, {"a%0ab%0dc%09d%0be%7ff", "a b c d e f"}, {std::string("a\0b\nc", 5), "ab c"}});
}

TEST_CASE("what the last round of decoding produced holds no line break either") {
  CHECK(decoded("%25252526%252523%252531%252530;").find('\n') == std::string::npos);
  CHECK(decoded("&amp;amp;amp;#10;x").find('\n') == std::string::npos);
  CHECK(decoded("&amp;amp;amp;amp;#10;x").find('\n') == std::string::npos);
}

TEST_CASE("wraps nest in any order") {
  check_all({{"%26lt%3B", "<"},
             {"&#37;3c", "<"},
             {"\\u0026lt;", "<"},
             {"%5cu003c", "<"},
             {"%26%2360%3b", "<"},
             {"&#92;u003c", "<"},
             {"%25u003c", "<"},
             {"%5Cx253c", "<"},
             {"\\u0025\\u0033\\u0063", "<"},
             {"&#65308;", "<"},
             {"%EF%BC%85%EF%BC%93%EF%BC%A3", "<"}});
}

TEST_CASE("each step is recorded") {
  struct StepCase {
    std::string in;
    DecodeStep step;
  };
  const std::vector<StepCase> cases = {{"%41", DecodeStep::kPercent},           {"%2541", DecodeStep::kPercentTwice},
                                       {"&lt;", DecodeStep::kHtmlEntity},       {"\\u0041", DecodeStep::kUnicodeEscape},
                                       {"%u0041", DecodeStep::kUnicodeEscape},  {"%c0%ae", DecodeStep::kOverlongUtf8},
                                       {"%00", DecodeStep::kNullByte},          {"%0a", DecodeStep::kControl},
                                       {"\xef\xbc\x9c", DecodeStep::kFullWidth}};
  for (const StepCase& c : cases) {
    CAPTURE(c.in);
    CHECK(has(decode_in(Place::kQuery, c.in).steps, c.step));
  }
  CHECK(has(decode_in(Place::kQuery, "a+b", PlusMeans::kSpace).steps, DecodeStep::kPlus));
  CHECK(decode_in(Place::kQuery, "plain text & more").steps == 0);
  CHECK_FALSE(has(decode_in(Place::kQuery, "%41").steps, DecodeStep::kPercentTwice));
}

TEST_CASE("tricks are flagged, and honest encodings are not") {
  struct FlagCase {
    Place place;
    std::string in;
    Evasion evasion;
    bool flagged;
  };
  const std::vector<FlagCase> cases = {
      {Place::kQuery, "%2527", Evasion::kDoubleEncoding, true},
      {Place::kPath, "%252e%252e", Evasion::kDoubleEncoding, true},
      {Place::kQuery, "https%253A%252F%252Fa.example%252F%253Fb%253D1%2526c", Evasion::kDoubleEncoding, false},
      {Place::kCookie, "%2527", Evasion::kDoubleEncoding, false},
      {Place::kQuery, "%27", Evasion::kDoubleEncoding, false},
      {Place::kPath, "%c0%ae", Evasion::kOverlongUtf8, true},
      {Place::kQuery, "%c3%a9", Evasion::kOverlongUtf8, false},
      {Place::kQuery, "a%00", Evasion::kNullByte, true},
      {Place::kBody, "a%00", Evasion::kNullByte, false},
      {Place::kQuery, "a%250d%250ab", Evasion::kDoubleEncoding, true},
      {Place::kQuery, "%zz", Evasion::kInvalidPercent, true},
      {Place::kQuery, "100%", Evasion::kInvalidPercent, false},
      {Place::kQuery, "100% sure", Evasion::kInvalidPercent, false},
      {Place::kJson, "%zz", Evasion::kInvalidPercent, false},
      {Place::kQuery, "a%0d%0ab", Evasion::kLineBreak, true},
      {Place::kCookie, "a%0ab", Evasion::kLineBreak, true},
      {Place::kForm, "a%0d%0ab", Evasion::kLineBreak, false},
      {Place::kForm, "a%0d%0aSet-Cookie: b", Evasion::kLineBreak, true},
      {Place::kJson, "a\nb", Evasion::kLineBreak, false},
      {Place::kQuery, "\xef\xbc\x9c", Evasion::kFullWidth, true},
      {Place::kQuery, "\xef\xbc\xa1", Evasion::kFullWidth, false},
      {Place::kQuery, "\\u003c", Evasion::kUnicodeEscape, true},
      {Place::kQuery, "\\u4e2d", Evasion::kUnicodeEscape, false},
      {Place::kJson, "\\u003c", Evasion::kUnicodeEscape, false},
      {Place::kQuery, "%u003c", Evasion::kUnicodeEscape, true},
      {Place::kQuery, "%u4e2d", Evasion::kUnicodeEscape, false},
  };
  for (const FlagCase& c : cases) {
    CAPTURE(c.in, to_string(c.place), to_string(c.evasion));
    CHECK(has(decode_in(c.place, c.in).evasions, c.evasion) == c.flagged);
  }
}

TEST_CASE("the number of rounds is bounded") {
  std::string text = "%25252527";
  DecodeSteps steps = 0;
  Evasions evasions = 0;
  ByteClasses classes = classify(text);
  const size_t size =
      decode_value(text.data(), text.size(), classes, {Place::kQuery, PlusMeans::kPlus, 2}, steps, evasions);
  CHECK(text.substr(0, size) == "%2527");
}

}  // namespace
}  // namespace weir
