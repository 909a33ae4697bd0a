// The pieces that stand on their own: byte classes, comments, base64, binary content, offsets.
#include <random>
#include <string>
#include <vector>

#include "base/catch.h"
#include "decode/decoded_record.h"
#include "decode/steps/binary_text.h"
#include "decode/steps/byte_classes.h"
#include "decode/steps/decode_base64.h"
#include "decode/steps/strip_comments.h"

namespace weir {
namespace {

ByteClasses expected_classes(const std::string& text) {
  using namespace byte_class;
  ByteClasses classes = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) classes |= kControl;
    if (byte >= 0x80) classes |= kHigh;
    if (byte == '%') classes |= kPercent;
    if (byte == '+') classes |= kPlus;
    if (byte == '&') classes |= kAmpersand;
    if (byte == '\\') classes |= kBackslash;
    if (byte == '*') classes |= kAsterisk;
    if (byte == '"' || byte == '$' || byte == '\'') classes |= kShell;
    if (byte == 0x7f) classes |= kDelete;
  }
  return classes;
}

TEST_CASE("each byte at each position of a text of each length is classified, and the copy is exact") {
  for (size_t length = 1; length < 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, 'a');
        text[at] = static_cast<char>(byte);
        std::string copy(length + 1, '#');
        const ByteClasses classes = copy_and_classify(copy.data(), text);
        if (classes != expected_classes(text) || classify(text) != classes || copy != text + "#") {
          CAPTURE(length, at, byte);
          REQUIRE(classes == expected_classes(text));
          REQUIRE(classify(text) == classes);
          REQUIRE(copy == text + "#");
        }
      }
    }
  }
}

TEST_CASE("two spaces in a row are found at each position, single ones are not") {
  for (size_t length = 0; length < 70; ++length) {
    std::string text(length, 'a');
    for (size_t at = 0; at < length; at += 2)
      text[at] = ' ';
    CHECK_FALSE(has_double_space(text));
    for (size_t at = 0; at + 1 < length; ++at) {
      std::string doubled(length, 'a');
      doubled[at] = doubled[at + 1] = ' ';
      if (!has_double_space(doubled)) FAIL("length " << length << ", at " << at);
    }
  }
}

TEST_CASE("a quote or backslash is found at each position") {
  for (size_t length = 0; length < 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string text(length, 'a');
      text[at] = at % 2 == 0 ? '"' : '\\';
      CHECK(find_quote_or_backslash(text, 0) == at);
      CHECK(find_quote_or_backslash(text, at + 1) == length);
    }
  }
}

TEST_CASE("browsers' header values are plain") {
  for (const char* value :
       {"", "*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "gzip, deflate, br",
        "pt-BR,pt;q=0.9", "max-age=0", "\"Chromium\";v=\"126\", \"Not.A/Brand\";v=\"24\"",
        "multipart/form-data; boundary=----WebKitFormBoundaryAbc"}) {
    CAPTURE(value);
    CHECK(is_plain_header_value(value));
  }
}

TEST_CASE("header values that could carry an attack are not plain, wherever it stands") {
  for (const std::string attack :
       {"'", "<", "(", "$", "{", "..", "//", "**", "a b", " ", "%", "\\", "`", "|", "&", "\x01", "\x80"}) {
    for (size_t before = 0; before < 40; ++before) {
      for (size_t behind : {size_t{0}, size_t{1}, size_t{17}}) {
        const std::string value = std::string(before, 'x') + attack + std::string(behind, 'y');
        CAPTURE(value);
        CHECK_FALSE(is_plain_header_value(value));
      }
    }
  }
}

TEST_CASE("closed comments become a space; MySQL's conditional ones are unwrapped") {
  const std::vector<std::pair<std::string, std::string>> cases = {{"UNION/**/SELECT", "UNION SELECT"},
                                                                  {"a/*b*/c/*d*/", "a c "},
                                                                  {"/*!50000UNION*/x", " UNION x"},
                                                                  {"/*!SELECT*/", " SELECT "},
                                                                  {"/*M!100100 x*/", "  x "},
                                                                  {"a/*", "a/*"},
                                                                  {"a*/b", "a*/b"},
                                                                  {"/*/", "/*/"},
                                                                  {"/**/", " "},
                                                                  {"/*/**/x", " x"},
                                                                  {"*/*", "*/*"},
                                                                  {"/*!50000union/*x*/select*/", " union select "},
                                                                  {"/*!", "/*!"},
                                                                  {"/**", "/**"},
                                                                  {"/*!*/*/", "  */"},
                                                                  {"", ""}};
  for (const auto& [in, out] : cases) {
    CAPTURE(in);
    std::string text = in;
    text.resize(strip_comments(text.data(), text.size()));
    CHECK(text == out);
    CHECK(survey_comments(in).any == (in != out));
  }
}

TEST_CASE("a comment between words is a trick; file name patterns, media types and program text are not") {
  for (const char* text : {"UN/**/ION", "union/*x*/select", "1/**/or/**/1", "a /*!50000union*/ b"}) {
    CAPTURE(text);
    CHECK(survey_comments(text).splits_words);
  }
  for (const char* text : {"a/*/b/*/c", "src/*.js,lib/*/x", "text/*, */*", "a /* why */ b", "x{} /* c */ y{}",
                           "f(/* none */)", "/* start */ x"}) {
    CAPTURE(text);
    CHECK_FALSE(survey_comments(text).splits_words);
  }
}

TEST_CASE("base64 of text is opened") {
  std::string out;
  CHECK((decode_base64_text("PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", out) && out == "<script>alert(1)</script>"));
  CHECK((decode_base64_text("PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg", out) && out == "<script>alert(1)</script>"));
  CHECK((decode_base64_text("data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", out) &&
         out == "<script>alert(1)</script>"));
  CHECK((decode_base64_text("fn4-fj54Pj14fj4gcT54fj4=", out) && out == "~~>~>x>=x~> q>x~>"));
}

TEST_CASE("base64 of a credential is decoded up to its bound, and not beyond") {
  const auto digits = [](size_t count) {
    std::string text;
    while (text.size() < count)
      text += "YWJj";  // abc
    return text;
  };
  std::string out = "before";
  CHECK(decode_base64_bytes("YTpi ==", out));
  CHECK(out == "a:b");
  CHECK(decode_base64_bytes(digits(8192), out));
  CHECK(out.size() == 6144);
  CHECK_FALSE(decode_base64_bytes(digits(8196), out));
  CHECK_FALSE(decode_base64_bytes("==", out));
  CHECK_FALSE(decode_base64_bytes("", out));
  CHECK_FALSE(decode_base64_bytes("a:b!", out));
}

TEST_CASE("identifiers, hashes, words and broken base64 are not opened") {
  std::string out;
  for (const char* value : {"9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d", "1234567890123456", "administrationpage",
                            "c2hvcnQ=", "PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0P", "PHNjcmlwdD5hbGVydCgx'KTwvc2NyaXB0Pg==",
                            "https://www.example.com/", "", "================", "AAAAAAAAAAAAAAAAAAAAAAAA"}) {
    CAPTURE(value);
    CHECK_FALSE(decode_base64_text(value, out));
  }
}

TEST_CASE("of binary content the readable runs are kept") {
  const std::string binary = std::string("\x89PNG\x01\x02\x03\x04\xef\xbf\xbd\xef\xbf\xbd", 14) + "<?php system(1);?>" +
                             std::string(40, '\x02') + "short\x01";
  CHECK(is_binary(binary));
  std::string out;
  extract_printable(binary, out);
  CHECK(out == "<?php system(1);?>");
  CHECK_FALSE(is_binary("plain text\r\n\twith lines"));
  CHECK_FALSE(is_binary("\xe4\xb8\xad\xe6\x96\x87"));
  CHECK_FALSE(is_binary(""));
}

TEST_CASE("a match's end gives the line that holds the byte before it") {
  DecodedRecord record;
  record.text = "abc\nde\nf\n";
  record.lines = {{0, 3, 0, Place::kPath, 0}, {4, 6, 0, Place::kQuery, 0}, {7, 8, 0, Place::kHost, 0}};
  CHECK(record.line_at(0) == 0);
  CHECK(record.line_at(1) == 0);
  CHECK(record.line_at(3) == 0);
  CHECK(record.line_at(5) == 1);
  CHECK(record.line_at(6) == 1);
  CHECK(record.line_at(8) == 2);
  CHECK(record.line_at(9) == 2);
}

}  // namespace
}  // namespace weir
