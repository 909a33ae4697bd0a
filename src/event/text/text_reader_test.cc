#include "event/text/text_reader.h"

#include "base/catch.h"
#include "event/text/text_unescaper.h"

namespace weir {
namespace {

TextField field(ProfileFieldIndex index, TextEscape escape = TextEscape::kBackslash) {
  TextField made;
  made.use = TextUse::kField;
  made.field = index;
  made.escape = escape;
  return made;
}

TextFormat combined(TextEscape escape = TextEscape::kBackslash) {
  TextFormat format;
  format.name = "combined";
  format.parts = {{"", field(kFieldClientIp, escape)},       {" ", {}},
                  {" ", field(kFieldClientId, escape)},      {" [", field(kFieldTime, escape)},
                  {"] \"", field(kFieldTarget, escape)},     {"\" ", field(kFieldStatus, escape)},
                  {" ", field(kFieldResponseBytes, escape)}, {" \"", field(kFieldReferer, escape)},
                  {"\" \"", field(kFieldUserAgent, escape)}};
  format.end = "\"";
  return format;
}

struct Fixture {
  explicit Fixture(TextFormat format) : reader(std::move(format)) {}
  TextFit read(std::string_view line) { return reader.read(line, fields); }

  TextReader reader;
  std::vector<std::string_view> fields;
};

constexpr std::string_view kLine =
    R"line(192.0.2.7 - anna [28/Nov/2026:18:50:24 +0000] "GET /a?b=c HTTP/1.1" 200 3 "-" "curl/8 (x; y)")line";

TEST_CASE("a line is cut into the fields of its format", "[text]") {
  Fixture f(combined());
  REQUIRE(f.read(kLine) == TextFit::kWhole);
  CHECK(f.fields[0] == "192.0.2.7");
  CHECK(f.fields[2] == "anna");
  CHECK(f.fields[3] == "28/Nov/2026:18:50:24 +0000");
  CHECK(f.fields[4] == "GET /a?b=c HTTP/1.1");
  CHECK(f.fields[5] == "200");
  CHECK(f.fields[8] == "curl/8 (x; y)");
}

TEST_CASE("an escaped quote does not end a field", "[text]") {
  Fixture f(combined());
  REQUIRE(f.read(R"(192.0.2.7 - - [t] "GET /a\" 404 1 \"x\" \"y HTTP/1.1" 200 3 "-" "a\\")") == TextFit::kWhole);
  CHECK(f.fields[4] == R"(GET /a\" 404 1 \"x\" \"y HTTP/1.1)");
  CHECK(f.fields[8] == R"(a\\)");
  CHECK(f.read(R"(192.0.2.7 - - [t] "GET / HTTP/1.1" 200 3 "-" "a\")") == TextFit::kCut);
}

TEST_CASE("what clients write where nothing is escaped cannot pass for the fields behind it", "[text]") {
  TextFormat format;
  format.parts = {{"\"", field(kFieldTarget, TextEscape::kNone)},
                  {"\" \"", field(kFieldUserAgent, TextEscape::kNone)},
                  {"\" ", {}},
                  {" ", field(kFieldClientIp, TextEscape::kNone)},
                  {" ", field(kFieldStatus, TextEscape::kNone)}};
  Fixture f(format);
  REQUIRE(f.read(R"("GET /" "x" cluster 192.0.2.66 200 " upstream 192.0.2.7 404)") == TextFit::kWhole);
  CHECK(f.fields[1] == R"(x" cluster 192.0.2.66 200 )");
  CHECK(f.fields[3] == "192.0.2.7");
  CHECK(f.fields[4] == "404");
}

TEST_CASE("an escaped field may hold what ends it, if that is none of what is escaped", "[text]") {
  TextFormat format;
  format.parts = {{"", field(kFieldClientIp)},
                  {" ", field(kFieldTarget)},
                  {" ", field(kFieldUserAgent)},
                  {" ", field(kFieldStatus)}};
  Fixture f(format);
  REQUIRE(f.read("192.0.2.7 /a Mozilla/5.0 (X11; Linux) 200") == TextFit::kWhole);
  CHECK(f.fields[1] == "/a");
  CHECK(f.fields[2] == "Mozilla/5.0 (X11; Linux)");
  CHECK(f.fields[3] == "200");
}

TEST_CASE("where nothing is escaped a field ends where the rest of the line makes sense", "[text]") {
  Fixture f(combined(TextEscape::kNone));
  REQUIRE(f.read(R"(192.0.2.7 - - [t] "GET /"a" b" HTTP/1.1" 200 3 "-" "x" y")") == TextFit::kWhole);
  CHECK(f.fields[4] == R"(GET /"a" b" HTTP/1.1)");
  CHECK(f.fields[8] == R"(x" y)");
}

TEST_CASE("words of a client in front of the peer's address are not taken for it", "[text]") {
  TextFormat format;
  TextField forwarded;
  forwarded.use = TextUse::kRequestHeader;
  forwarded.header = "x-forwarded-for";
  format.parts = {
      {"", forwarded}, {" ", field(kFieldClientIp)}, {" - [", field(kFieldTime)}, {"] \"", field(kFieldTarget)}};
  format.end = "\"";
  Fixture f(format);
  REQUIRE(f.read(R"(1' UNION SELECT a FROM b 192.0.2.7 - [t] "GET /")") == TextFit::kWhole);
  CHECK(f.fields[0] == "1' UNION SELECT a FROM b");
  CHECK(f.fields[1] == "192.0.2.7");
  REQUIRE(f.read(R"(- web1 - [t] "GET /")") == TextFit::kWhole);
  CHECK(f.fields[1] == "web1");
}

TEST_CASE("looking for another end is bounded", "[text]") {
  Fixture f(combined(TextEscape::kNone));
  std::string line = R"(192.0.2.7 - - [t] "GET /)";
  for (int i = 0; i < 10'000; ++i)
    line += "\" x ";
  line += R"(HTTP/1.1" 200 3 "-" "x")";
  CHECK(f.read(line) == TextFit::kNone);
}

TEST_CASE("a line that was cut off keeps the fields it has", "[text]") {
  Fixture f(combined());
  REQUIRE(f.read(kLine.substr(0, 59)) == TextFit::kCut);
  CHECK(f.fields[4] == "GET /a?b=c H");
  CHECK(f.fields[5].data() == nullptr);
}

TEST_CASE("another format does not fit", "[text]") {
  Fixture f(combined());
  CHECK(f.read("") != TextFit::kWhole);
  CHECK(f.read(R"(192.0.2.7 - - [t] "GET / HTTP/1.1" two 3 "-" "x")") == TextFit::kNone);
  CHECK(f.read(R"(shop.test:443 "192.0.2.7 - - [t] "GET / HTTP/1.1" 200 x "-" "x")") == TextFit::kNone);
}

TEST_CASE("more fields behind the last one are let be only where the format says so", "[text]") {
  auto format = combined();
  const auto line = std::string(kLine) + R"( "203.0.113.9" 0.001)";
  CHECK(Fixture(format).read(line) == TextFit::kNone);
  format.end = "\" ";
  format.tail = TextTail::kAnything;
  Fixture f(format);
  REQUIRE(f.read(line) == TextFit::kWhole);
  CHECK(f.fields[8] == "curl/8 (x; y)");
}

TEST_CASE("a moved reader still reads", "[text]") {
  TextReader first(combined());
  const TextReader second(std::move(first));
  std::vector<std::string_view> fields;
  CHECK(second.read(kLine, fields) == TextFit::kWhole);
}

TEST_CASE("escapes are undone, each as its source wrote it", "[text]") {
  TextUnescaper unescaper;
  const auto read = [&](std::string_view text, TextEscape escape) {
    unescaper.start(text);
    return std::string(unescaper.read(text, escape));
  };
  CHECK(read(R"(a\x22\x5C\"\\\n\/\u00e9\ud83d\ude00\q\x2)", TextEscape::kBackslash) ==
        "a\"\\\"\\\n/\xc3\xa9\xf0\x9f\x98\x80\\q\\x2");
  CHECK_FALSE(unescaper.repaired());
  CHECK(read(R"(\xC3\xA9 \xff)", TextEscape::kBackslash) == "\xc3\xa9 \xef\xbf\xbd");
  CHECK(unescaper.repaired());
  CHECK(read(R"(\ud800x)", TextEscape::kBackslash) == "\xef\xbf\xbdx");
  CHECK(read("#22a#2#", TextEscape::kHash) == "\"a#2#");
  CHECK(read(R"(a""b)", TextEscape::kDoubledQuotes) == R"(a"b)");
  CHECK(read("Mozilla/5.0%20(X11)%2527", TextEscape::kPercent) == "Mozilla/5.0 (X11)%27");
  CHECK(read("Mozilla/5.0+(X11)", TextEscape::kPlus) == "Mozilla/5.0 (X11)");
  CHECK(read(R"(\x22)", TextEscape::kNone) == R"(\x22)");
}

TEST_CASE("texts of one line stay valid while others are read", "[text]") {
  TextUnescaper unescaper;
  const std::string line = R"(\xff\xff\xff\x41\x42)";
  unescaper.start(line);
  const auto first = unescaper.read(std::string_view(line).substr(0, 12), TextEscape::kBackslash);
  const auto second = unescaper.read(std::string_view(line).substr(12), TextEscape::kBackslash);
  CHECK(first == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(second == "AB");
}

TEST_CASE("a format that cannot work is refused with its fault", "[text]") {
  TextFormat format;
  CHECK(format.validate().error().to_string().find("no fields") != std::string::npos);
  format.parts = {{"", field(kFieldPath)}, {"", field(kFieldQuery)}};
  CHECK(format.validate().error().to_string().find("field 2 of 2 follows the one before") != std::string::npos);
  format.parts = {{"", field(kFieldClientIp)}};
  CHECK(format.validate().error().to_string().find("no field for the request") != std::string::npos);
  format.parts = {{"", field(kFieldTarget)}, {" ", TextField{TextUse::kRequestHeader}}};
  CHECK(format.validate().error().to_string().find("without a name") != std::string::npos);
  format.parts = {{"", field(kFieldTarget)}, {" ", field(kFieldHeaders)}};
  CHECK_FALSE(format.validate().has_value());
  format.parts = {{"", field(kFieldTarget)}};
  CHECK(format.validate().has_value());
}

}  // namespace
}  // namespace weir
