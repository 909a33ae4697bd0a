#include "policy/types/value_table.h"

namespace weir {

using testing::form_of;
using testing::repeated;

TEST_CASE("a string passes by length in characters, by UTF-8 and by its special characters", "[policy]") {
  ValueForm form = form_of(ValueType::kString);
  form.length_min = 2;
  form.length_max = 12;
  form.special_characters = "-_.@";
  const std::vector<std::string> valid{"ab",
                                       "AB",
                                       "a1",
                                       "12",
                                       "a b",
                                       "  ",
                                       "a\tb",
                                       "a\nb",
                                       "a\r\nb",
                                       "a-b",
                                       "a_b",
                                       "a.b",
                                       "a@b",
                                       "--",
                                       "..",
                                       "@@",
                                       "-_.@",
                                       "a-b_c.d@e",
                                       "abcdefghijkl",
                                       "123456789012",
                                       "\xc3\xa9\xc3\xa9",
                                       "na\xc3\xafve",
                                       "\xe6\x96\x87\xe6\x9b\xb8",
                                       repeated("\xe6\x96\x87", 12),
                                       repeated("\xf0\x9f\x98\x80", 12),
                                       "\xc3\x9f"
                                       "a",
                                       "Zo\xc3\xab",
                                       "x\xc2\xa0y",
                                       "M\xc3\xbcnchen",
                                       "\xce\xb1\xce\xb2",
                                       "\xd0\x94\xd0\xb0",
                                       "a  b",
                                       "ab ",
                                       " ab",
                                       "0.5",
                                       "-1",
                                       "v1.0",
                                       "you@host.ex",
                                       "a_b_c_d",
                                       "9-9-9",
                                       "A.B.C"};
  const std::vector<std::string> invalid{"",
                                         "a",
                                         "\xc3\xa9",
                                         "\xf0\x9f\x98\x80",
                                         "abcdefghijklm",
                                         repeated("\xe6\x96\x87", 13),
                                         repeated("a", 10000),
                                         "a'b",
                                         "a\"b",
                                         "a<b",
                                         "a>b",
                                         "a&b",
                                         "a;b",
                                         "a(b",
                                         "a)b",
                                         "a/b",
                                         "a\\b",
                                         "a=b",
                                         "a+b",
                                         "a*b",
                                         "a?b",
                                         "a!b",
                                         "a#b",
                                         "a$b",
                                         "a%b",
                                         "a^b",
                                         "a~b",
                                         "a`b",
                                         "a|b",
                                         "a{b",
                                         "a}b",
                                         "a[b",
                                         "a]b",
                                         "a:b",
                                         "a,b",
                                         std::string("a\0b", 3),
                                         "a\x01",
                                         "a\x1b[0m",
                                         "a\x7f",
                                         "a\xc2\x85",
                                         "a\xff",
                                         "a\xc0\xaf",
                                         "a\xed\xa0\x80",
                                         "a\xc3",
                                         "\xe6\x96",
                                         "' or 1=1"};
  testing::check_tables(valid, invalid, form);
}

TEST_CASE("without a list of special characters all are allowed", "[policy]") {
  CHECK(check_value("a<b>'\"&;", form_of(ValueType::kString)).empty());
  CHECK_FALSE(check_value(std::string("a\0", 2), form_of(ValueType::kString)).empty());
}

TEST_CASE("whole numbers of 64 bits pass within the form's bounds", "[policy]") {
  ValueForm form = form_of(ValueType::kInteger);
  form.min = -1000;
  std::vector<std::string> valid{"0", "-1", "-1000", "9223372036854775807"};
  for (int i = 1; i < 40; ++i)
    valid.push_back(std::to_string(i * i * i * 7));
  const std::vector<std::string> invalid{"",
                                         " ",
                                         "-",
                                         "+",
                                         "+1",
                                         " 1",
                                         "1 ",
                                         "00",
                                         "01",
                                         "-0",
                                         "-01",
                                         "1.0",
                                         "1.",
                                         ".1",
                                         "1e3",
                                         "0x10",
                                         "1,000",
                                         "1_000",
                                         "a",
                                         "1a",
                                         "a1",
                                         "--1",
                                         "1-",
                                         "1-1",
                                         "1 2",
                                         "9223372036854775808",
                                         "-9223372036854775809",
                                         "99999999999999999999",
                                         "-1001",
                                         "-2000",
                                         "NaN",
                                         "null",
                                         "true",
                                         "1;2",
                                         "1'",
                                         "1 or 1=1",
                                         "1%00",
                                         std::string("1\0", 2),
                                         "\xef\xbc\x91",
                                         "\xd9\xa1",
                                         "1\n",
                                         "\t1",
                                         "0b1",
                                         "1L"};
  testing::check_tables(valid, invalid, form);
}

TEST_CASE("numbers as JSON writes them pass within the form's bounds", "[policy]") {
  ValueForm form = form_of(ValueType::kNumber);
  form.max = 1e9;
  std::vector<std::string> valid{"0", "-0", "0.0", "-0.5", "1e9", "1E3", "1e+3", "1e-3", "1000000000"};
  for (int i = 1; i < 35; ++i)
    valid.push_back(std::to_string(i) + "." + std::to_string(i * 37));
  const std::vector<std::string> invalid{"",
                                         " ",
                                         "-",
                                         "+1",
                                         ".5",
                                         "5.",
                                         "01",
                                         "-01",
                                         "1e",
                                         "1e+",
                                         "e5",
                                         "1.e5",
                                         "0x10",
                                         "1,5",
                                         "1.5.2",
                                         "NaN",
                                         "nan",
                                         "Infinity",
                                         "inf",
                                         "-inf",
                                         "1e999",
                                         "1e10",
                                         "1000000001",
                                         "true",
                                         "null",
                                         "\"1\"",
                                         "[1]",
                                         "1 ",
                                         " 1",
                                         "1\n",
                                         "--1",
                                         "1-1",
                                         "1f",
                                         "1d",
                                         "1'",
                                         "1 or 1",
                                         "1;",
                                         "1_0",
                                         "a",
                                         "\xef\xbc\x91",
                                         std::string("1\0", 2),
                                         "0b1",
                                         "1/2"};
  testing::check_tables(valid, invalid, form);
}

TEST_CASE("UUIDs of RFC 9562 pass, other spellings do not", "[policy]") {
  std::vector<std::string> valid{"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                                 "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "c232ab00-9414-11ec-b3c8-9f6bdeced846"};
  for (int i = 0; i < 40; ++i) {
    std::string uuid = "5df41881-3aed-3515-88a7-2f4a814cf09e";
    uuid[static_cast<size_t>(i) % 8] = "0123456789abcdefABCDEF"[i % 22];
    valid.push_back(uuid);
  }
  std::vector<std::string> invalid{"",
                                   "5df418813aed351588a72f4a814cf09e",
                                   "{5df41881-3aed-3515-88a7-2f4a814cf09e}",
                                   "urn:uuid:5df41881-3aed-3515-88a7-2f4a814cf09e",
                                   "5df41881-3aed-3515-88a7-2f4a814cf09",
                                   "5df41881-3aed-3515-88a7-2f4a814cf09e0",
                                   "5df4188-13aed-3515-88a7-2f4a814cf09e"};
  for (size_t i = 0; i < 36; ++i) {
    std::string broken = "5df41881-3aed-3515-88a7-2f4a814cf09e";
    broken[i] = broken[i] == '-' ? '0' : i % 2 == 0 ? 'g' : '-';
    invalid.push_back(broken);
  }
  testing::check_tables(valid, invalid, form_of(ValueType::kUuid));
}

TEST_CASE("a boolean and a value of a list are what they are, in this spelling", "[policy]") {
  CHECK(check_value("true", form_of(ValueType::kBoolean)).empty());
  CHECK(check_value("false", form_of(ValueType::kBoolean)).empty());
  for (const char* bad : {"", "TRUE", "1", "yes", "true ", "truefalse"})
    CHECK_FALSE(check_value(bad, form_of(ValueType::kBoolean)).empty());
  ValueForm form = form_of(ValueType::kEnum);
  form.values = {"asc", "desc"};
  CHECK(check_value("desc", form).empty());
  for (const char* bad : {"", "ASC", "as", "asc,desc", "asc "})
    CHECK_FALSE(check_value(bad, form).empty());
}

TEST_CASE("any type may have bounds of length, in bytes", "[policy]") {
  ValueForm form;
  form.length_max = 3;
  CHECK(check_value("abc", form).empty());
  CHECK(check_value("abcd", form) == "longer than allowed");
}

}  // namespace weir
