// Lines that say more of a text than the text itself: what shells make of words, what begins behind line breaks, what is
// wrapped in base64, hexadecimal, UTF-16, credentials and tokens.
#include <string>
#include <vector>

#include "base/catch.h"
#include "decode/decode_test_support.h"
#include "decode/steps/shell_words.h"
#include "decode/steps/utf16_text.h"

namespace weir {
namespace {

using testing::decode;
using testing::decode_body;
using testing::decode_query;
using testing::Lines;
using testing::lines_of;
using testing::readings_of;

/// What a shell makes of the text; the text itself if nothing else.
std::string unwrapped(const std::string& text) {
  std::string out(text.size(), '\0');
  const size_t size = unwrap_shell_words(text, out.data());
  return size == 0 ? text : out.substr(0, size);
}

TEST_CASE("what shells drop from words is dropped") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"c'a't /srv/x", "cat /srv/x"},
      {"c\"\"at /e''tc/x", "cat /etc/x"},
      {";'id'", ";id"},
      {"x|\"uname\" -a", "x|uname -a"},
      {"$('id')", "$(id)"},
      {";w\\ho\\ami", ";whoami"},
      {";\\id", ";id"},
      {"fi${x}le:///a", "file:///a"},
      {"c$@at /a", "cat /a"},
      {"ca$(x)t", "cat"},
      {"who``ami", "whoami"},
      {"cat$IFS$9/a", "cat /a"},
      {"cat${IFS%%?}/a", "cat /a"},
      {";$u $u cat $u /a", ";cat /a"},
      {"cat /a$u/b$u", "cat /a/b"},
      {";{cat,/a/b}", ";cat /a/b"},
      {";$'cat' /a", ";cat /a"},
  };
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    CHECK(unwrapped(text) == expected);
  }
}

TEST_CASE("prose, prices, markup and program text stay as they are") {
  for (const char* text : {"he said 'yes' to that", "don't and won't", "it costs $5 or $10", "US$100",
                           "<b class=\"a\"/>", "{\"a\": \"b\"}", "say \"hello\", then go", "{a, b}", "a = 'b' + \"c\"",
                           "C:\\", "total: $sum", "\"Chromium\";v=\"126\"", "run ```ls``` now"}) {
    CAPTURE(text);
    CHECK(unwrapped(text) == text);
  }
}

TEST_CASE("a hidden word gets a line of its own, the text keeps its line") {
  const DecodedRecord record = decode_query("h=x%3Bc%27a%27t+/a");
  CHECK(lines_of(record) == Lines{"query: h=x;c'a't /a"});
  CHECK(readings_of(record) == Lines{"shell_word: h=x;cat /a"});
}

TEST_CASE("a text of several lines gets a line with the beginnings of its lines") {
  const DecodedRecord record = decode_query("h=x%0d%0aSet-Cookie:+a%0a%0ab");
  CHECK(lines_of(record) == Lines{"query: h=x Set-Cookie: a b"});
  CHECK(readings_of(record) == Lines{"line_breaks: h=x\x1eSet-Cookie: a\x1e\x1e"
                                     "b"});
}

TEST_CASE("beginnings are cut, the line with all of them is bounded") {
  std::string body = "t=" + std::string(300, 'a');
  for (int i = 0; i < 100; ++i)
    body += "%0a" + std::string(300, 'b');
  const DecodedRecord record = decode_body("application/x-www-form-urlencoded", body);
  const Lines readings = readings_of(record);
  REQUIRE(readings.size() == 1);
  CHECK(readings[0].starts_with("line_breaks: t=" + std::string(96, 'a') + "\x1e" + std::string(96, 'b') + "\x1e"));
  CHECK(readings[0].size() < 1100);
}

TEST_CASE("padding does not push a command out of the beginning of its line") {
  const DecodedRecord record = decode_query("h=x%0Acat" + std::string(200, '+') + "/a%09%09%0Ab");
  CHECK(lines_of(record) == Lines{"query: h=x cat /a b"});
  CHECK(readings_of(record) == Lines{"line_breaks: h=x\x1e"
                                     "cat /a \x1e"
                                     "b"});
}

TEST_CASE("a trailing line break and a body without structure have no such line") {
  CHECK(readings_of(decode_query("h=x%0a")).empty());
  CHECK(readings_of(decode_body("text/plain", "a: b\nc: d\n")).empty());
}

TEST_CASE("UTF-16 bodies and parts are read as text") {
  for (const bool big_endian : {false, true}) {
    CAPTURE(big_endian);
    std::string wide;
    for (const char c : std::string("{\"id\":\"1' or 2=2\"}")) {
      if (big_endian) wide += {'\0', c};
      if (!big_endian) wide += {c, '\0'};
    }
    CHECK(lines_of(decode_body("application/json", wide)) == Lines{"json: id=1' or 2=2"});
  }
  std::string text;
  CHECK(decode_utf16(std::string("\xff\xfe"
                                 "a\0b\0\xe9\0c\0d\0",
                                 12),
                     text));
  CHECK(text ==
        "ab\xc3\xa9"
        "cd");
  CHECK_FALSE(decode_utf16(std::string("ab\0cdefgh", 9), text));
  CHECK_FALSE(decode_utf16("plain text", text));
}

TEST_CASE("credentials of Authorization are opened") {
  Event event;
  // kim:a'b
  const std::vector<Header> headers = {{"Authorization", "Basic a2ltOmEnYg=="}};
  event.headers = headers;
  CHECK(lines_of(decode(event)) == Lines{"header: authorization=Basic a2ltOmEnYg==", "header: authorization[user]=kim",
                                         "header: authorization[password]=a'b"});
  // {"alg":"none","kid":"x'y"}
  const std::vector<Header> token = {{"authorization", "Bearer eyJhbGciOiJub25lIiwia2lkIjoieCd5In0.e30.x"}};
  event.headers = token;
  CHECK(lines_of(decode(event)) == Lines{"header: authorization=Bearer eyJhbGciOiJub25lIiwia2lkIjoieCd5In0.e30.x",
                                         "header: token[alg]=none", "header: token[kid]=x'y"});
}

TEST_CASE("base64 is opened in path segments, and where it is short but tells something") {
  Event event;
  event.path = "/api/Jy51bmFtZSAtYTs2/x";  // '.uname -a;6
  CHECK(lines_of(decode(event)) == Lines{"path: /api/Jy51bmFtZSAtYTs2/x", "path: '.uname -a;6"});
  CHECK(lines_of(decode_query("q=JztpZDsn")) == Lines{"query: q=JztpZDsn", "query: q=';id;'"});
  CHECK(lines_of(decode_query("q=aGVsbG8h")) == Lines{"query: q=aGVsbG8h"});  // hello!
  CHECK(lines_of(decode_query("q=password")) == Lines{"query: q=password"});
}

TEST_CASE("hexadecimal of a text with signs is opened, hashes are not") {
  CHECK(lines_of(decode_query("q=3c7363726970743e616c657274")) ==
        Lines{"query: q=3c7363726970743e616c657274", "query: q=<script>alert"});
  CHECK(lines_of(decode_query("q=d41d8cd98f00b204e9800998ecf8427e")) ==
        Lines{"query: q=d41d8cd98f00b204e9800998ecf8427e"});
  CHECK(lines_of(decode_query("q=2026112800000000")) == Lines{"query: q=2026112800000000"});
}

TEST_CASE("every parameter of a part's header is looked at, and escaped quotes are quotes") {
  constexpr std::string_view kBody =
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"; filename=\"x.php\"; "
      "zz=\"$(id)\"\r\n\r\nx\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"g\"; filename=\"O:1:\\\"A\\\":0:{}\"\r\n\r\ny\r\n--b--\r\n";
  CHECK(lines_of(decode_body("multipart/form-data; boundary=b", kBody)) ==
        Lines{"multipart: f=a.png", "multipart: f=x.php", "multipart: f[zz]=$(id)", "multipart: f=x",
              "multipart: g=O:1:\"A\":0:{}", "multipart: g=y"});
}

TEST_CASE("an XML document is told from a page") {
  CHECK(lines_of(decode_body("", "<order><id>7</id></order>")).front() == "xml_document: <order><id>7</id></order>");
  CHECK(lines_of(decode_body("", "<svg onload=x>")).front().starts_with("body: "));
  CHECK(lines_of(decode_body("", "<?xml version=\"1.0\"?><!-- c --><html/>")).front().starts_with("body: "));
  CHECK(lines_of(decode_body("", "<a:b xmlns:h=\"http://www.w3.org/1999/xhtml\"/>")).front().starts_with("body: "));
}

}  // namespace
}  // namespace weir
