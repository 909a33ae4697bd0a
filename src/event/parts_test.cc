#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/catch.h"
#include "base/utf8.h"
#include "event/json/json_reader.h"
#include "event/json/near_json.h"
#include "event/json/pointer_table.h"
#include "event/line_prefix.h"
#include "event/test_records.h"
#include "event/values/field_values.h"
#include "event/values/forwarded_for.h"
#include "event/values/request_target.h"
#include "event/values/timestamp.h"
#include "event/values/utf8_repair.h"

using namespace weir;
using weir::testing::ms;

TEST_CASE("RFC 3339 times with offsets and fractions") {
  const auto read = [](std::string_view text) { return parse_timestamp(text, TimestampFormat::kAuto); };
  CHECK(read("2025-01-15T10:20:30Z") == ms(1736936430000));
  CHECK(read("2025-01-15t10:20:30z") == ms(1736936430000));
  CHECK(read("2025-01-15 10:20:30Z") == ms(1736936430000));
  CHECK(read("2025-01-15T10:20:30.4Z") == ms(1736936430400));
  CHECK(read("2025-01-15T10:20:30.456789123Z") == ms(1736936430456));
  CHECK(read("2025-01-15T10:20:30,456Z") == ms(1736936430456));
  CHECK(read("2025-01-15T12:20:30+02:00") == ms(1736936430000));
  CHECK(read("2025-01-15T12:20:30+0200") == ms(1736936430000));
  CHECK(read("2025-01-14T22:50:30-11:30") == ms(1736936430000));
  CHECK(read("2024-02-29T00:00:00Z") == ms(1709164800000));
  CHECK(read("2016-12-31T23:59:60Z") == ms(1483228800000));
}

TEST_CASE("texts that are no time are refused") {
  for (const auto* text : {"",
                           "2025",
                           "2025-",
                           "2025-01-15",
                           "2025-01-15T",
                           "2025-01-15T10:20:30.Z",
                           "2025-13-15T10:20:30Z",
                           "2025-02-29T10:20:30Z",
                           "2025-01-15T24:00:00Z",
                           "2025-01-15T10:60:00Z",
                           "2025-01-15T10:20:61Z",
                           "2025-01-15T10:20:30+24:00",
                           "2025-01-15T10:20:30+02:60",
                           "2025-01-15T10:20:30+2",
                           "2025-01-15X10:20:30Z",
                           "+025-01-15T10:20:30Z",
                           "1989-12-31T23:59:59Z",
                           "2200-01-01T00:00:00Z",
                           "15/Foo/2025:10:20:30 +0000",
                           "99/Jan/2025:10:20:30 +0000",
                           "12x",
                           "1736936430.",
                           "1.2.3",
                           "-1736936430",
                           "99999999999999999999999",
                           "15/",
                           "15/Jan"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_timestamp(std::string_view(text), TimestampFormat::kAuto).has_value());
  }
}

TEST_CASE("a time is read as it is by itself, whatever minute was read before") {
  const TimeClues clues;
  const auto is_time = [](std::string_view text) { return parse_timestamp(text, TimestampFormat::kAuto).has_value(); };
  TimestampReader reader;
  for (int round = 0; round < 2; ++round)
    for (const char* minute : {"2025-01-15T10:20:", "2025-01-15T10:21:", "2016-12-31T23:59:", "2025-13-15T10:20:",
                               "2025-01-15 10:20:", "2025/01/15T10:20:", "2199-12-31T23:59:"})
      for (const char* rest : {"30Z", "30.456Z", "30,4Z", "59.999999Z", "60Z", "61Z", "9Z", "30", "30.Z", "30z",
                               "30.4 Z", "30+01:00", "30.5+01:00Z", "x0Z", "Z", ""}) {
        const std::string text = std::string(minute) + rest;
        CAPTURE(text);
        CHECK(reader.read(text, TimestampFormat::kAuto, clues) == parse_timestamp(text, TimestampFormat::kAuto));
        CHECK(reader.read(text, TimestampFormat::kRfc3339, clues) == parse_timestamp(text, TimestampFormat::kRfc3339));
        CHECK(reader.read(text, TimestampFormat::kCommonLog, clues) ==
              parse_timestamp(text, TimestampFormat::kCommonLog));
      }
  CHECK(is_time("2016-12-31T23:59:60Z"));
  CHECK_FALSE(is_time("2199-12-31T23:59:60Z"));
}

TEST_CASE("a time of the common log format in the minute of the last one is read as any other") {
  TimeClues clues;
  TimestampReader reader;
  for (const char* zone : {"UTC", "Europe/Berlin"}) {
    clues.zone = *TimeZone::named(zone);
    for (const char* minute : {"15/Jan/2025:10:20:", "15/Jan/2025:10:21:", "15/Jan/2025 10:20:", "31/Dec/2016:23:59:",
                               "45/Jan/2025:10:20:", "15/Jam/2025:10:20:", "31/Dec/2199:23:59:"})
      for (const char* rest :
           {"30 +0000", "31 +0000", "59 +0000", "60 +0000", "61 +0000", "30 +0130", "31 +0130", "31 -0130", "3x +0000",
            "30 +01:0", "30 +9900", "30.5  GMT", "30    GMT", "30 +000 ", "30+00:00", "30", "30 +0000 ", ""}) {
        const std::string text = std::string(minute) + rest;
        CAPTURE(text);
        for (const auto format : {TimestampFormat::kAuto, TimestampFormat::kCommonLog, TimestampFormat::kRfc3339})
          CHECK(reader.read(text, format, clues) == parse_timestamp(text, format, clues));
      }
  }
}

TEST_CASE("counts of any length are read, and other bytes among their digits are none") {
  const auto read = [](const std::string& text) { return read_count(RawValue::of_text(text), UINT64_MAX); };
  const std::string digits = "18446744073709551615";
  for (size_t size = 1; size <= digits.size(); ++size) {
    std::string text = digits.substr(0, size);
    CAPTURE(text);
    CHECK(read(text) == std::stoull(text));
    CHECK(read(std::string(size, '0')) == 0U);
    for (size_t at = 0; at < size; ++at)
      for (const char other : {'/', ':', '\0', 'x', '\xb1'}) {
        text.replace(at, 1, 1, other);
        CHECK_FALSE(read(text).has_value());
        text[at] = digits[at];
      }
  }
}

TEST_CASE("times as servers and people write them") {
  const auto read = [](std::string_view text) { return parse_timestamp(text, TimestampFormat::kAuto); };
  for (const auto* text :
       {"2025-01-15 10:20:30", "2025-01-15T10:20:30", "2025-01-15 10:20:30 UTC", "2025/01/15 10:20:30",
        "[15/Jan/2025:10:20:30 +0000]", "15/Jan/2025:10:20:30", "15/Jan/2025 10:20:30", "Wed, 15 Jan 2025 10:20:30 GMT",
        " 1736936430 ", "\"2025-01-15T10:20:30Z\""})
    CHECK(read(text) == ms(1736936430000));
  for (const auto* text : {"2025-01-15 10:20:30,456", "15/Jan/2025:10:20:30.456 +0000", "15/Jan/2025:10:20:30.456"})
    CHECK(read(text) == ms(1736936430456));
}

TEST_CASE("a time without an offset is in the configured zone") {
  TimeClues clues;
  clues.zone = *TimeZone::named("Europe/Berlin");
  const auto read = [&](std::string_view text) { return parse_timestamp(text, TimestampFormat::kAuto, clues); };
  CHECK(read("2025-01-15 11:20:30") == ms(1736936430000));
  CHECK(read("2025-07-15 12:20:30") == ms(1752574830000));
  CHECK(read("2025-01-15T10:20:30Z") == ms(1736936430000));
  CHECK_FALSE(TimeZone::named("Middle/Earth").has_value());
  CHECK_FALSE(TimeZone::named("../etc/passwd").has_value());
  CHECK(TimeZone::named("UTC")->is_utc());
}

TEST_CASE("a time without a year is the one nearest before the reference") {
  TimeClues clues;
  clues.reference = ms(1736936430000);
  const auto read = [&](std::string_view text) { return parse_timestamp(text, TimestampFormat::kAuto, clues); };
  CHECK(read("Jan 15 10:20:30") == ms(1736936430000));
  CHECK(read("Jan  5 10:20:30") == ms(1736072430000));
  CHECK(read("Dec 31 23:59:59") == ms(1735689599000));
  CHECK(read("Jan 15 18:20:30") == ms(1736965230000));  // clocks differ
  CHECK_FALSE(parse_timestamp("Jan 15 10:20:30", TimestampFormat::kAuto).has_value());
}

TEST_CASE("the common log format") {
  CHECK(parse_timestamp("15/Jan/2025:10:20:30 +0000", TimestampFormat::kCommonLog) == ms(1736936430000));
  CHECK(parse_timestamp("15/Jan/2025:05:20:30 -0500", TimestampFormat::kAuto) == ms(1736936430000));
  CHECK_FALSE(parse_timestamp("2025-01-15T10:20:30Z", TimestampFormat::kCommonLog).has_value());
}

TEST_CASE("the unit of an epoch number follows from its size") {
  const auto kAuto = TimestampFormat::kAuto;
  CHECK(parse_timestamp(int64_t{1736936430}, kAuto) == ms(1736936430000));
  CHECK(parse_timestamp(int64_t{1736936430456}, kAuto) == ms(1736936430456));
  CHECK(parse_timestamp(int64_t{1736936430456789}, kAuto) == ms(1736936430456));
  CHECK(parse_timestamp(int64_t{1736936430456789012}, kAuto) == ms(1736936430456));
  CHECK(parse_timestamp(1736936430.456, kAuto) == ms(1736936430456));
  CHECK(parse_timestamp("1736936430.456", kAuto) == ms(1736936430456));
  CHECK(parse_timestamp("1736936430456", kAuto) == ms(1736936430456));
}

TEST_CASE("a configured unit is not guessed") {
  CHECK(parse_timestamp(int64_t{1736936430456}, TimestampFormat::kEpochMilliseconds) == ms(1736936430456));
  CHECK_FALSE(parse_timestamp(int64_t{1736936430456}, TimestampFormat::kEpochSeconds).has_value());
  CHECK_FALSE(parse_timestamp(int64_t{1736936430}, TimestampFormat::kEpochMilliseconds).has_value());
  CHECK_FALSE(parse_timestamp("2025-01-15T10:20:30Z", TimestampFormat::kEpochSeconds).has_value());
  CHECK_FALSE(parse_timestamp(int64_t{1736936430}, TimestampFormat::kRfc3339).has_value());
  CHECK(parse_timestamp(1736936430456.0, TimestampFormat::kEpochMilliseconds) == ms(1736936430456));
}

TEST_CASE("epoch numbers at the edges of the integer types are refused, not wrapped") {
  for (const auto format :
       {TimestampFormat::kAuto, TimestampFormat::kEpochSeconds, TimestampFormat::kEpochNanoseconds}) {
    CHECK_FALSE(parse_timestamp(INT64_MAX, format).has_value());
    CHECK_FALSE(parse_timestamp(INT64_MIN, format).has_value());
    CHECK_FALSE(parse_timestamp(1e308, format).has_value());
    CHECK_FALSE(parse_timestamp(-1e308, format).has_value());
  }
}

TEST_CASE("request targets are split without decoding") {
  const auto check = [](std::string_view text, std::string_view path, std::string_view query,
                        std::string_view host = "", std::string_view scheme = "") {
    CAPTURE(text);
    const auto target = split_request_target(text);
    CHECK(target.path == path);
    CHECK(target.query == query);
    CHECK(target.host == host);
    CHECK(target.scheme == scheme);
  };
  check("/a%20b?c=%3F?d", "/a%20b", "c=%3F?d");
  check("//evil.example/x", "//evil.example/x", "");
  check("/r?u=https://h/x", "/r", "u=https://h/x");
  check("https://user:pw@h.example:8443/a?b", "/a", "b", "h.example:8443", "https");
  check("http://h", "/", "", "h", "http");
  check("http://h?x=1", "/", "x=1", "h", "http");
  check("*", "*", "");
  check("h.example:443", "h.example:443", "");
  check("", "", "");
  check("?", "", "");
  check("foo bar", "foo bar", "");
}

TEST_CASE("a request line is split into method and target") {
  const auto line = split_request_line("GET /a b?c=1 HTTP/1.1");
  CHECK(line.method == "GET");
  CHECK(line.path == "/a b");
  CHECK(line.query == "c=1");
  CHECK(split_request_line("POST http://h/x HTTP/2.0").path == "/x");
  CHECK(split_request_line("/only").path == "/only");
  CHECK(split_request_line("\x16\x03 junk").method.empty());
  CHECK(split_request_line("GET ").path.empty());
}

TEST_CASE("the walk along X-Forwarded-For skips trusted proxies from the right") {
  const std::vector<Cidr> trusted{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8::/32")};
  const auto walk = [&](std::string_view peer, std::vector<std::string_view> values) {
    return client_behind_proxies(*IpAddress::parse(peer), values, trusted).to_string();
  };
  CHECK(walk("192.0.2.1", {"198.51.100.7"}) == "192.0.2.1");
  CHECK(walk("10.0.0.1", {"198.51.100.7"}) == "198.51.100.7");
  CHECK(walk("10.0.0.1", {"1.1.1.1, 198.51.100.7 ,10.0.0.2"}) == "198.51.100.7");
  CHECK(walk("10.0.0.1", {"1.1.1.1", "198.51.100.7,10.0.0.2"}) == "198.51.100.7");
  CHECK(walk("10.0.0.1", {"198.51.100.7", "10.0.0.2"}) == "198.51.100.7");
  CHECK(walk("10.0.0.1", {"10.0.0.3, 10.0.0.2"}) == "10.0.0.3");
  CHECK(walk("10.0.0.1", {"198.51.100.7:4711"}) == "198.51.100.7");
  CHECK(walk("10.0.0.1", {"[2001:db9::1]:80"}) == "2001:db9::1");
  CHECK(walk("2001:db8::5", {"::ffff:198.51.100.7"}) == "198.51.100.7");
  CHECK(walk("10.0.0.1", {}) == "10.0.0.1");
}

TEST_CASE("something that is no address ends the walk at the hop before it") {
  const std::vector<Cidr> trusted{*Cidr::parse("10.0.0.0/8")};
  const auto walk = [&](std::string_view value) {
    return client_behind_proxies(*IpAddress::parse("10.0.0.1"), std::span(&value, 1), trusted).to_string();
  };
  CHECK(walk("198.51.100.7, unknown, 10.0.0.2") == "10.0.0.2");
  CHECK(walk("' or 1=1--") == "10.0.0.1");
  CHECK(walk("198.51.100.7,") == "10.0.0.1");
  CHECK(walk("") == "10.0.0.1");
}

TEST_CASE("a chain of trusted addresses without end is cut") {
  std::string value = "198.51.100.7";
  for (int i = 0; i < 10000; ++i)
    value += ",10.0.0.2";
  const std::string_view view = value;
  CHECK(client_behind_proxies(*IpAddress::parse("10.0.0.1"), std::span(&view, 1), {*Cidr::parse("10.0.0.0/8")})
            .to_string() == "10.0.0.2");
}

TEST_CASE("UTF-8 repair replaces each maximal bad part by one replacement character") {
  const auto repaired = [](std::string_view bytes) {
    std::string out;
    append_valid_utf8(bytes, out);
    return out;
  };
  const std::string bad = "\xef\xbf\xbd";
  CHECK(repaired("plain") == "plain");
  CHECK(repaired("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80") ==
        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
  CHECK(repaired("a\xff"
                 "b") == "a" + bad + "b");
  CHECK(repaired("\xc0\xaf") == bad + bad);                      // overlong
  CHECK(repaired("\xed\xa0\x80") == bad + bad + bad);            // a surrogate
  CHECK(repaired("\xf4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(repaired("\xe2\x82") == bad);                            // cut short
  CHECK(repaired("\xf0\x9f\x98"
                 "x") == bad + "x");
}

TEST_CASE("pointers by RFC 6901, with dotted, nested and escaped names") {
  const std::vector<std::string> pointers{"/a.b", "/a/b", "/x~1y", "/m~0n", "/a", "/list/1", "/"};
  const auto table = PointerTable::compile(pointers);
  REQUIRE(table.has_value());
  CHECK(table->find(PointerTable::kRoot, "a.b")->slot == 0);
  const auto* outer = table->find(PointerTable::kRoot, "a");
  REQUIRE(outer != nullptr);
  CHECK(outer->slot == 4);
  CHECK(table->find(outer->child, "b")->slot == 1);
  CHECK(table->find(PointerTable::kRoot, "x/y")->slot == 2);
  CHECK(table->find(PointerTable::kRoot, "m~n")->slot == 3);
  CHECK(table->find(PointerTable::kRoot, "")->slot == 6);
  CHECK(table->find(PointerTable::kRoot, "b") == nullptr);
  CHECK(table->slot_of("/list/1") == 5);
  CHECK(table->slot_of("/list/2") == PointerTable::kNone);
}

TEST_CASE("names alike in length, beginning and end are told apart") {
  std::vector<std::string> pointers;
  for (int i = 0; i < 200; ++i)
    pointers.push_back("/header_x_" + std::to_string(1000 + i) + "_middle_part_end");
  const auto table = PointerTable::compile(pointers);
  REQUIRE(table.has_value());
  for (uint16_t i = 0; i < 200; ++i)
    CHECK(table->find(PointerTable::kRoot, std::string_view(pointers[i]).substr(1))->slot == i);
  CHECK(table->find(PointerTable::kRoot, "header_x_9999_middle_part_end") == nullptr);
}

TEST_CASE("keys are found whatever order they came in before") {
  const std::vector<std::string> pointers{"/a",
                                          "/status",
                                          "/user_agent",
                                          "/request/headers/accept-language",
                                          "/a_name_of_more_than_16_bytes",
                                          "/a_name_af_more_than_16_bytes",
                                          "/b/a"};
  const auto table = PointerTable::compile(pointers);
  REQUIRE(table);
  const std::vector<std::string> names{"a",
                                       "b",
                                       "status",
                                       "statuS",
                                       "user_agent",
                                       "",
                                       "request",
                                       "unknown",
                                       "a_name_of_more_than_16_bytes",
                                       "a_name_af_more_than_16_bytes",
                                       "a_name_xf_more_than_16_bytes",
                                       "a_name_yf_more_than_16_bytes"};
  KeySequence keys(*table);
  uint32_t random = 1;
  const auto next = [&random](size_t below) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8) % below;
  };
  std::vector<std::pair<uint16_t, std::string>> record;
  for (int round = 0; round < 500; ++round) {
    // The same record again, with one key changed, or another one that may be longer than what is remembered.
    if (record.empty() || next(4) == 0) {
      record.resize(1 + next(100));
      for (auto& [node, name] : record)
        std::tie(node, name) = std::pair(static_cast<uint16_t>(next(2)), names[next(names.size())]);
    } else {
      record[next(record.size())].second = names[next(names.size())];
    }
    keys.begin_record();
    for (const auto& [node, name] : record) {
      CAPTURE(round, node, name);
      REQUIRE(keys.find(node, name) == table->find(node, name));
    }
  }
}

TEST_CASE("what is no pointer is refused with its text") {
  for (const std::string pointer : {"", "ts", "/a~2", "/a~"}) {
    CAPTURE(pointer);
    const auto table = PointerTable::compile(std::span(&pointer, 1));
    REQUIRE_FALSE(table.has_value());
    CHECK(table.error().detail.find("'" + pointer + "'") != std::string::npos);
  }
  CHECK_FALSE(PointerTable::compile(std::vector<std::string>(513, "/a")).has_value());
  std::string deep;
  for (int i = 0; i < 17; ++i)
    deep += "/a";
  CHECK_FALSE(PointerTable::compile(std::span(&deep, 1)).has_value());
}

TEST_CASE("the buffers that one large text needed are given back after a run of small ones") {
  JsonReader reader(64);
  JsonDocument document;
  const size_t at_first = reader.buffer_bytes();
  const size_t room_at_first = document.capacity();
  REQUIRE(reader.load("\"" + std::string(4 << 20, 'a') + "\"", document).reason == RejectReason::kNone);
  CHECK(reader.buffer_bytes() > 4 << 20);
  CHECK(document.capacity() > 4 << 20);
  for (int i = 0; i < 2000; ++i)
    REQUIRE(reader.load("{}", document).reason == RejectReason::kNone);
  CHECK(reader.buffer_bytes() < 2 * at_first);
  CHECK(document.capacity() < 2 * room_at_first);
}

TEST_CASE("what shippers put before a line is taken off") {
  const auto bare = [](std::string_view line) {
    for (int i = 0; i < 5; ++i)
      line = without_line_prefix(line);
    return line;
  };
  for (const auto* line :
       {"<134>Nov 28 18:56:42 haproxy[29607]: rest of it", "<134>Nov  8 18:56:42 lb1 haproxy[29607]: rest of it",
        "Nov 28 18:56:42 web1 nginx: rest of it", "2026-11-28T18:50:24.123456+00:00 web1 nginx: rest of it",
        "<134>1 2026-11-28T18:50:24.123Z web1 nginx 29 - - rest of it",
        "<134>1 2026-11-28T18:50:24.123Z web1 nginx 29 ID [x@1 a=\"b\\]\"][y] rest of it",
        "2026-11-28T18:50:24.123456789Z stdout F rest of it", "\x1b[0;33;1mnginx.1 | \x1b[0mrest of it",
        "web-1  | rest of it", "rest of it"}) {
    CAPTURE(line);
    CHECK(bare(line) == "rest of it");
  }
  CHECK(bare("@cee: {}") == "{}");
  CHECK(bare("192.0.2.7 - - [x]") == "192.0.2.7 - - [x]");
  CHECK(bare("\x1b[1\xef\xbf\xbd x") == "\x1b[1\xef\xbf\xbd x");  // no part of a character is taken
  CHECK(bare("2026-11-28T18:50:24Z|192.0.2.7 x|y") == "2026-11-28T18:50:24Z|192.0.2.7 x|y");
}

TEST_CASE("mending keeps what is JSON and makes JSON of what is nearly") {
  std::string out;
  const auto mend = [&](std::string_view text) {
    const auto mended = mend_near_json(text, 64, out);
    return mended.outcome == NearJson::Outcome::kMended ? out : std::string("none");
  };
  CHECK(mend(R"({"a": [1, -2.5e3, true, null, "x\"\u00e9"] , "b":{}})") ==
        R"({"a":[1,-2.5e3,true,null,"x\"\u00e9"],"b":{}})");
  CHECK(mend(R"({"a":1}{"b":2} x {"c":3})") == R"([{"a":1},{"b":2},{"c":3}])");
  CHECK(mend(R"({"a":,"b":})") == R"({"a":null,"b":null})");
  CHECK(mend(R"({"a":"x)") == R"({"a":"x"})");
  CHECK(mend(R"({"a":"x"y","b":"z"})") == R"({"a":"x\"y","b":"z"})");
  CHECK(mend(R"({a:None,'b':'c"d'})") == R"({"a":null,"b":"c\"d"})");
  CHECK(mend(R"({"a":1,2:3,true:4,null:5})") == R"({"a":1,"2":3,"true":4,"null":5})");
  CHECK(mend(R"({"b":,1","d":2})").starts_with(R"({"b":null,"1":)"));
  CHECK(mend("x") == "none");
  CHECK(mend("") == "none");
}
