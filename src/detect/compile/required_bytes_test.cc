#include "detect/compile/required_bytes.h"

#include <string>

#include "base/catch.h"

namespace weir {
namespace {

ByteSet set_of(std::string_view bytes) {
  ByteSet set;
  for (const char c : bytes)
    set.set(static_cast<unsigned char>(c));
  return set;
}

}  // namespace

TEST_CASE("every match needs one of the bytes of the rarest part", "[required_bytes]") {
  CHECK(required_bytes(R"('\s*or\b)") == set_of("'"));
  CHECK(required_bytes(R"(['"]\s*or)") == set_of("'\""));
  CHECK(required_bytes(R"(sleep\s*\()") == set_of("("));
  CHECK(required_bytes(R"(sleep\s*\(.{0,9}')") == set_of("'"));
  CHECK(required_bytes(R"((?:<script|javascript:.*\$\{))") == set_of("<$"));  // { and $ cost the same: the first stays
  CHECK(required_bytes(R"(\x27\x41)") == set_of("'"));
  CHECK(required_bytes(R"((?:a'){2,3})") == set_of("'"));
  CHECK(required_bytes(R"(a'+?b)") == set_of("'"));
}

TEST_CASE("what may be absent, or is common, requires nothing", "[required_bytes]") {
  for (const char* regex : {"union\\s+select", "'?or", "'*or", "'{0,3}or", "(?:')?or", "a|'b", "(?:'|)x", "[^']x", ".x",
                            "\\W", "[a']x", "(?=')x", "^x$", "\\b", ""}) {
    CAPTURE(regex);
    CHECK(required_bytes(regex).none());
  }
}

TEST_CASE("classes are understood with their ranges and escapes", "[required_bytes]") {
  CHECK(required_bytes(R"([\]\[]x)") == set_of("[]"));
  CHECK(required_bytes(R"([]'])") == set_of("]'"));
  CHECK(required_bytes(R"([\x27-\x28])") == set_of("'("));
  CHECK(required_bytes(R"([;-])").none());  // the dash is literal at the end, and common
  CHECK(required_bytes(R"([!-#])") == set_of("!\"#"));
  CHECK(required_bytes("\\{3,4}") == set_of("{"));
}

TEST_CASE("what is not understood requires nothing, rather than something wrong", "[required_bytes]") {
  for (const char* regex : {"(?i)'", "(?P<n>')", "'(", "')", "[[:punct:]]'", "\\1'", "\\p{L}'", "'[", "'\\", "*'"}) {
    CAPTURE(regex);
    CHECK(required_bytes(regex).none());
  }
  CHECK(required_bytes(std::string(200, '(') + "'" + std::string(200, ')')).none());
}

}  // namespace weir
