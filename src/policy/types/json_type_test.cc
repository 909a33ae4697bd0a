#include "policy/types/value_table.h"

namespace weir {

using testing::repeated;

// From the grammar of RFC 8259 (2 to 8).
TEST_CASE("JSON texts of RFC 8259 pass within the bounds of depth and keys", "[policy]") {
  std::string keys1000 = "{", keys1001;
  for (int i = 0; i < 1000; ++i)
    keys1000 += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  keys1001 = keys1000 + ",\"x\":1}";
  keys1000 += "}";
  const std::vector<std::string> valid{"{}",
                                       "[]",
                                       "0",
                                       "-0",
                                       "1",
                                       "-1",
                                       "12345678901234567890",
                                       "0.5",
                                       "-0.0",
                                       "1.25",
                                       "1e5",
                                       "1E+5",
                                       "1e-5",
                                       "0e1",
                                       "1.5e300",
                                       "true",
                                       "false",
                                       "null",
                                       "\"\"",
                                       "\"text\"",
                                       "\"\\\"\"",
                                       "\"\\\\\"",
                                       "\"\\/\"",
                                       "\"\\b\\f\\n\\r\\t\"",
                                       "\"\\u0041\"",
                                       "\"\\uD83D\\uDE00\"",
                                       "\"\\ud800\"",
                                       "\"\xc3\xa9\"",
                                       "\"\xf0\x9f\x98\x80\"",
                                       "\"\x7f\"",
                                       " 1 ",
                                       "\t\r\n[ ]\n",
                                       "[1]",
                                       "[1,2,3]",
                                       "[ 1 , 2 ]",
                                       "[[],{}]",
                                       "{\"a\":1}",
                                       "{ \"a\" : 1 , \"b\" : [ ] }",
                                       "{\"\":0}",
                                       "{\"a\":1,\"a\":2}",
                                       "{\"a\":{\"b\":{\"c\":[null,true,\"x\"]}}}",
                                       "[\"\\u0000\"]",
                                       repeated("[", 10) + repeated("]", 10),
                                       repeated("{\"a\":", 9) + "[]" + repeated("}", 9),
                                       keys1000};
  const std::vector<std::string> invalid{"",
                                         " ",
                                         "{",
                                         "}",
                                         "[",
                                         "]",
                                         "[1",
                                         "{\"a\"",
                                         "{\"a\":",
                                         "{\"a\":1",
                                         "{\"a\" 1}",
                                         "{a:1}",
                                         "{'a':1}",
                                         "{1:1}",
                                         "{\"a\":1,}",
                                         "{,}",
                                         "[1,]",
                                         "[,1]",
                                         "[1 2]",
                                         "[1}",
                                         "{\"a\":1]",
                                         "01",
                                         "-",
                                         "+1",
                                         ".5",
                                         "1.",
                                         "1e",
                                         "1e+",
                                         "0x1",
                                         "NaN",
                                         "Infinity",
                                         "-01",
                                         "True",
                                         "nul",
                                         "nulls",
                                         "tru",
                                         "\"",
                                         "\"a",
                                         "\"\\\"",
                                         "\"\\x\"",
                                         "\"\\u12\"",
                                         "\"\\u12g4\"",
                                         "\"\n\"",
                                         "\"\t\"",
                                         std::string("\"\0\"", 3),
                                         "'a'",
                                         "// c\n1",
                                         "/* c */1",
                                         "1 2",
                                         "{} {}",
                                         "\"\xff\"",
                                         "\"\xc0\xaf\"",
                                         "\"\xed\xa0\x80\"",
                                         "\xef\xbb\xbf{}",
                                         "[1]x",
                                         "undefined",
                                         "{\"a\":}",
                                         "{\"a\"::1}",
                                         repeated("[", 11) + repeated("]", 11),
                                         repeated("{\"a\":", 10) + "[]" + repeated("}", 10),
                                         keys1001,
                                         repeated("[", 100000),
                                         "\xc2\xa0{}"};
  testing::check_tables(valid, invalid, testing::form_of(ValueType::kJson));
}

TEST_CASE("keys of all levels count together", "[policy]") {
  ValueForm form = testing::form_of(ValueType::kJson);
  form.keys_max = 3;
  CHECK(check_value(R"([{"a":1},{"a":{"b":2}}])", form).empty());
  CHECK(check_value(R"([{"a":1},{"a":{"b":{"c":2}}}])", form) == "more keys than allowed");
}

}  // namespace weir
