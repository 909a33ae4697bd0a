#include "event/event_parser.h"

#include <array>
#include <map>

#include "base/catch.h"
#include "event/test_records.h"

using namespace weir;
using namespace weir::testing;

namespace {

RejectReason reason_for(std::string_view record, InputOptions options = options_for("flat")) {
  EventParser parser(std::move(options));
  Event event;
  return parser.parse(record, event).reason;
}

std::string repeated(std::string_view text, size_t times) {
  std::string result;
  for (size_t i = 0; i < times; ++i)
    result += text;
  return result;
}

}  // namespace

TEST_CASE("a full flat record becomes an event with every field") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto outcome = parser.parse(kFullRecord, event);
  CAPTURE(outcome.detail);
  REQUIRE(outcome.ok());
  CHECK(event.time == ms(1736936430456));
  CHECK(event.request_id == "r-1");
  CHECK(event.client_id == "c-7");
  CHECK(event.api_key == "ak_1");
  CHECK(event.client_ip.to_string() == "203.0.113.9");
  CHECK(event.method == "POST");
  CHECK(event.scheme == "https");
  CHECK(event.host == "shop.example.com");
  CHECK(event.path == "/login");
  CHECK(event.query == "next=%2Fhome");
  CHECK(event.status == 302);
  CHECK(event.duration == Microseconds{12500});
  CHECK(event.request_bytes == 402);
  CHECK(event.response_bytes == 11696);
  CHECK(event.user_agent == "Mozilla/5.0 (X11)");
  CHECK(event.referer == "https://shop.example.com/");
  CHECK(event.content_type == "application/x-www-form-urlencoded");
  CHECK(event.body == "user=a&pass=b");
  CHECK(event.cookie == "sid=1; t=2");
  REQUIRE(event.headers.size() == 2);
  CHECK(event.headers[0].name == "accept");
  CHECK(event.headers[1].name == "Authorization");
  REQUIRE(event.response_headers.size() == 1);
  CHECK(event.response_headers[0].value == "/home");
  CHECK(event.flags == 0);
}

TEST_CASE("events of one parser that have storages of their own outlive the next records") {
  InputOptions options = options_for("flat");
  options.profile.unwrap = "/message";
  EventParser parser(std::move(options));
  // Text from the document, from a header and from a number.
  const auto record = [](const std::string& number) {
    return R"({"message":"{\"ts\":1736936430,\"ip\":\"1.2.3.4\",\"method\":\"GET\",\"path\":\"/p)" + number +
           R"(\",\"client_id\":)" + number + R"(,\"headers\":{\"x-n\":\"v)" + number + R"(\"}}"})";
  };
  const auto check = [](const Event& event, const std::string& number) {
    CHECK(event.path == "/p" + number);
    CHECK(event.client_id == number);
    REQUIRE(event.headers.size() == 1);
    CHECK(event.headers[0].value == "v" + number);
  };
  std::array<EventStorage, 2> storages;
  std::array<Event, 2> events;
  Event own;
  REQUIRE(parser.parse(record("10"), storages[0], events[0]).ok());
  REQUIRE(parser.parse(record("11"), storages[1], events[1]).ok());
  REQUIRE(parser.parse(record("12"), own).ok());
  REQUIRE(parser.parse(record("13"), storages[1], events[1]).ok());
  check(events[0], "10");
  check(events[1], "13");
  check(own, "12");
}

TEST_CASE("time, address, method and path are enough") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(minimal_record(), event).ok());
  CHECK(event.time == ms(1736936430000));
  CHECK(event.status == 0);
  CHECK(event.user_agent.empty());
  CHECK(event.headers.empty());
}

TEST_CASE("a record without a required field is rejected, and the detail names the field") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto missing = [&](std::string_view record) {
    const auto outcome = parser.parse(record, event);
    CHECK(outcome.reason == RejectReason::kMissingField);
    return outcome.detail;
  };
  CHECK(missing(R"({"ip":"1.2.3.4","method":"GET","path":"/"})") == "time (/ts)");
  CHECK(missing(R"({"ts":1736936430,"method":"GET","path":"/"})") == "client_ip (/ip)");
  CHECK(missing(R"({"ts":1736936430,"ip":"1.2.3.4","path":"/"})") == "method (/method)");
  CHECK(missing(R"({"ts":1736936430,"ip":"1.2.3.4","method":"GET"})") == "path (/path)");
  CHECK(missing(R"({"ts":null,"ip":"1.2.3.4","method":"GET","path":"/"})") == "time (/ts)");
  CHECK(missing(R"({"ts":1736936430,"ip":"1.2.3.4","method":"","path":"/"})") == "method (/method)");
  CHECK(missing("{}") == "method (/method)");
}

TEST_CASE("a null value and a lone dash are an absent field") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(
      parser
          .parse(minimal_record(R"(,"client_id":null,"user_agent":"-","status":"-","duration_ms":null,"headers":null)"),
                 event)
          .ok());
  CHECK(event.client_id.empty());
  CHECK(event.user_agent.empty());
  CHECK(event.status == 0);
  CHECK(event.headers.empty());
  REQUIRE(parser.parse(minimal_record(R"(,"body":"-","query":"-")"), event).ok());
  CHECK(event.body == "-");
  CHECK(event.query == "-");
}

TEST_CASE("numbers written as text count, as nginx logs them") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(
      parser
          .parse(minimal_record(R"(,"status":"404","duration_ms":"0.250","request_bytes":"12","response_bytes":"0")"),
                 event)
          .ok());
  CHECK(event.status == 404);
  CHECK(event.duration == Microseconds{250});
  CHECK(event.request_bytes == 12);
}

TEST_CASE("an identifier may be a number") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(minimal_record(R"(,"client_id":184467,"request_id":18446744073709551615,"api_key":"k")"), event)
              .ok());
  CHECK(event.client_id == "184467");
  CHECK(event.request_id == "18446744073709551615");
}

TEST_CASE("values of a wrong type are rejected as such") {
  for (const auto* field : {R"("method":1)", R"("method":["GET",{}],"path":1)", R"("path":{})", R"("ip":5)",
                            R"("ts":true)", R"("ts":{})"}) {
    CAPTURE(field);
    std::string record = R"({)" + std::string(field);
    for (const auto* other : {R"("ts":1736936430)", R"("ip":"1.2.3.4")", R"("method":"GET")", R"("path":"/")"}) {
      const auto name = std::string_view(other).substr(0, std::string_view(other).find(':'));
      if (record.find(name) == std::string::npos) record += "," + std::string(other);
    }
    CHECK(reason_for(record + "}") == RejectReason::kWrongType);
  }
  for (const auto* more : {R"(,"body":{"a":1})", R"(,"status":[])", R"(,"status":true)", R"(,"duration_ms":{})",
                           R"(,"headers":"a: b")", R"(,"headers":{"a":{"b":1}})", R"(,"headers":{"a":[["b"]]})",
                           R"(,"response_headers":7)", R"(,"client_id":[1])", R"(,"user_agent":false)"}) {
    CAPTURE(more);
    CHECK(reason_for(minimal_record(more)) == RejectReason::kWrongType);
  }
}

TEST_CASE("numbers out of range are rejected") {
  for (const auto* more :
       {R"(,"status":-1)", R"(,"status":1000)", R"(,"status":"2x")", R"(,"status":200.5)", R"(,"duration_ms":-0.1)",
        R"(,"duration_ms":1e300)", R"(,"duration_ms":"nan")", R"(,"duration_ms":"1s")", R"(,"request_bytes":-5)",
        R"(,"response_bytes":1.5)", R"(,"response_bytes":"99999999999999999999")"}) {
    CAPTURE(more);
    CHECK(reason_for(minimal_record(more)) == RejectReason::kBadNumber);
  }
}

TEST_CASE("times that cannot be right are rejected") {
  for (const auto* time :
       {R"("")", R"("yesterday")", "0", "-1", "1e300", "99999999999999999999", "18446744073709551615",
        R"("2025-02-30T00:00:00Z")", R"("2025-01-15T25:00:00Z")", R"("2025-01-15T10:20:30")",
        R"("0000-00-00T00:00:00Z")", R"("9999-12-31T23:59:59Z")", R"("2025-01-15T10:20:30Zjunk")", R"("2025-01-15")"}) {
    CAPTURE(time);
    const auto reason = reason_for(R"({"ts":)" + std::string(time) + R"(,"ip":"1.2.3.4","method":"GET","path":"/"})");
    const bool unreadable = reason == RejectReason::kBadTimestamp || reason == RejectReason::kInvalidJson ||
                            reason == RejectReason::kMissingField;
    CHECK(unreadable);
  }
}

TEST_CASE("a client address that is none is rejected") {
  for (const auto* ip : {"localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "unix:", "203.0.113.9, 10.0.0.1"}) {
    CAPTURE(ip);
    CHECK(reason_for(R"({"ts":1736936430,"ip":")" + std::string(ip) + R"(","method":"GET","path":"/"})") ==
          RejectReason::kBadAddress);
  }
}

TEST_CASE("what is not one complete JSON object is rejected with its own reason") {
  CHECK(reason_for("") == RejectReason::kEmpty);
  CHECK(reason_for(" \n") == RejectReason::kEmpty);
  CHECK(reason_for("GET / HTTP/1.1") == RejectReason::kInvalidJson);
  CHECK(reason_for("{") == RejectReason::kInvalidJson);
  CHECK(reason_for("[]") == RejectReason::kNotAnObject);
  CHECK(reason_for("\"text\"") == RejectReason::kNotAnObject);
  CHECK(reason_for("17") == RejectReason::kNotAnObject);
  CHECK(reason_for("null") == RejectReason::kNotAnObject);
  CHECK(reason_for(minimal_record() + minimal_record()) == RejectReason::kInvalidJson);
  CHECK(reason_for(minimal_record() + "x") == RejectReason::kInvalidJson);
  CHECK(reason_for(minimal_record(R"(,"body":"a)")) == RejectReason::kInvalidJson);
  CHECK(reason_for(minimal_record(R"(,"a":01)")) == RejectReason::kInvalidJson);
  CHECK(reason_for(minimal_record(R"(,"a":tru)")) == RejectReason::kInvalidJson);
  CHECK(reason_for(minimal_record(R"(,"a":"\x")")) == RejectReason::kInvalidJson);
  CHECK(reason_for(minimal_record(",")) == RejectReason::kInvalidJson);
}

TEST_CASE("raw NUL bytes and other control characters make the JSON invalid, anywhere in the record") {
  CHECK(reason_for(std::string_view("\0", 1)) == RejectReason::kInvalidJson);
  CHECK(reason_for(minimal_record() + std::string(1, '\0')) == RejectReason::kInvalidJson);
  auto inside = minimal_record(R"(,"body":"a#b")");
  inside[inside.find('#')] = '\0';
  CHECK(reason_for(inside) == RejectReason::kInvalidJson);
  inside[inside.find('\0')] = '\n';
  CHECK(reason_for(inside) == RejectReason::kInvalidJson);
}

TEST_CASE("an escaped NUL is content") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(minimal_record(R"(,"body":"a\u0000b")"), event).ok());
  CHECK(event.body == std::string_view("a\0b", 3));
}

TEST_CASE("nesting is bounded, and 10,000 levels are cheap and safe") {
  auto options = options_for("flat");
  options.depth_max = 8;
  const auto nested = [](size_t depth) {
    return minimal_record(R"(,"x":)" + repeated("[", depth) + "1" + repeated("]", depth));
  };
  CHECK(reason_for(nested(7), options) == RejectReason::kNone);
  CHECK(reason_for(nested(8), options) == RejectReason::kTooDeep);
  CHECK(reason_for(nested(10000), options) == RejectReason::kTooDeep);
  CHECK(reason_for(nested(10000)) == RejectReason::kTooDeep);
  CHECK(reason_for(repeated("[", 10000)) != RejectReason::kNone);
  CHECK(reason_for(repeated("{\"a\":", 10000)) != RejectReason::kNone);
}

TEST_CASE("a record larger than the bound is rejected unread, and the next one is read") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto huge = minimal_record(R"(,"body":")" + std::string(10 << 20, 'a') + R"(")");
  CHECK(parser.parse(huge, event).reason == RejectReason::kTooLarge);
  CHECK(parser.parse(minimal_record(), event).ok());
}

TEST_CASE("10 MB records are read where the bound allows it, and buffers shrink afterwards without harm") {
  auto options = options_for("flat");
  options.record_bytes_max = 16 << 20;
  EventParser parser(options);
  Event event;
  REQUIRE(parser.parse(minimal_record(R"(,"body":")" + std::string(10 << 20, 'a') + R"(")"), event).ok());
  CHECK(event.body.size() == 10 << 20);
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(parser.parse(kFullRecord, event).ok());
    REQUIRE(event.body == "user=a&pass=b");
  }
}

TEST_CASE("a field that stands there twice is rejected, also where an escape hides it") {
  CHECK(reason_for(minimal_record(R"(,"path":"/b")")) == RejectReason::kDuplicateKey);
  CHECK(reason_for(minimal_record(R"(,"p\u0061th":"/b")")) == RejectReason::kDuplicateKey);
  CHECK(reason_for(minimal_record(R"(,"path":null)")) == RejectReason::kDuplicateKey);
  CHECK(reason_for(minimal_record(R"(,"headers":{},"headers":{"a":"b"})")) == RejectReason::kDuplicateKey);
  EventParser parser(options_for("flat"));
  Event event;
  CHECK(parser.parse(minimal_record(R"(,"ip":"1.1.1.1")"), event).detail == "/ip");
}

TEST_CASE("unknown fields may repeat") {
  CHECK(reason_for(minimal_record(R"(,"x":1,"x":2,"Path":"/b")")) == RejectReason::kNone);
}

TEST_CASE("a key written with escapes is still found") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(
      parser.parse(R"({"\u0074s":1736936430,"\u0069p":"1.2.3.4","me\u0074hod":"GET","p\u0061th":"/x"})", event).ok());
  CHECK(event.path == "/x");
}

TEST_CASE("invalid UTF-8 is repaired and flagged instead of losing the record") {
  EventParser parser(options_for("flat"));
  Event event;
  auto record = minimal_record(R"(,"query":"q=#1' or 1=1")");
  record[record.find('#')] = '\xff';
  REQUIRE(parser.parse(record, event).ok());
  CHECK(event.query ==
        "q=\xef\xbf\xbd"
        "1' or 1=1");
  CHECK(event.has(EventFlag::kUtf8Repaired));
  REQUIRE(parser.parse(minimal_record(), event).ok());
  CHECK_FALSE(event.has(EventFlag::kUtf8Repaired));
}

TEST_CASE("invalid UTF-8 in an otherwise broken record is still a broken record") {
  CHECK(reason_for("{\"a\":\"\xff") == RejectReason::kInvalidJson);
  CHECK(reason_for(std::string(5000, '\xff')) == RejectReason::kInvalidJson);
}

TEST_CASE("half of a surrogate pair, as some loggers write a bad byte, is repaired and flagged") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(minimal_record(R"(,"query":"a\udcffb\ud83d")"), event).ok());
  CHECK(event.query ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd");
  CHECK(event.has(EventFlag::kUtf8Repaired));
  REQUIRE(parser.parse(minimal_record(R"(,"query":"\ud83d\ude00 \\udcff")"), event).ok());
  CHECK(event.query == "\xf0\x9f\x98\x80 \\udcff");
  CHECK_FALSE(event.has(EventFlag::kUtf8Repaired));
}

TEST_CASE("a byte order mark in front of the record is skipped") {
  CHECK(reason_for("\xef\xbb\xbf" + minimal_record()) == RejectReason::kNone);
}

TEST_CASE("a query left in the path is split off") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(R"({"ts":1736936430,"ip":"1.2.3.4","method":"GET","path":"/a?b=c?d"})", event).ok());
  CHECK(event.path == "/a");
  CHECK(event.query == "b=c?d");
}

TEST_CASE("headers with a field of their own are lifted without regard to case; others stay") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(
      parser
          .parse(
              minimal_record(
                  R"(,"headers":{"USER-AGENT":"ua","rEferer":"ref","Content-Type":["a/b"],"host":"h","cookie":"c=1",)"
                  R"("X-N":7,"X-List":["one","two"],"X-Null":null,"X-B":true})"),
              event)
          .ok());
  CHECK(event.user_agent == "ua");
  CHECK(event.referer == "ref");
  CHECK(event.content_type == "a/b");
  CHECK(event.host == "h");
  CHECK(event.cookie == "c=1");
  REQUIRE(event.headers.size() == 4);
  CHECK(event.headers[0].value == "7");
  CHECK(event.headers[1].value == "one");
  CHECK(event.headers[2].name == "X-List");
  CHECK(event.headers[2].value == "two");
  CHECK(event.headers[3].value == "true");
}

TEST_CASE("a header that differs from its field, or repeats, is not hidden") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser
              .parse(minimal_record(R"(,"user_agent":"ua","headers":{"User-Agent":"other","Cookie":"a","cookie":"b"})"),
                     event)
              .ok());
  CHECK(event.user_agent == "ua");
  CHECK(event.cookie == "a");
  REQUIRE(event.headers.size() == 2);
  CHECK(event.headers[0].value == "other");
  CHECK(event.headers[1].value == "b");
}

TEST_CASE("many headers, keys and numeric values keep their views valid") {
  std::string headers = R"(,"headers":{)";
  for (int i = 0; i < 5000; ++i)
    headers += (i == 0 ? "\"h" : ",\"h") + std::to_string(i) + "\":1234567890123" + std::to_string(i);
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(minimal_record(headers + "}"), event).ok());
  REQUIRE(event.headers.size() == 5000);
  CHECK(event.headers[0].value == "12345678901230");
  CHECK(event.headers[4999].value == "12345678901234999");
}

TEST_CASE("a rejected record leaves no event behind") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(kFullRecord, event).ok());
  REQUIRE_FALSE(parser.parse(minimal_record(R"(,"status":-1)"), event).ok());
  CHECK(event.path.empty());
  CHECK(event.client_ip == IpAddress{});
}

TEST_CASE("a record cut at any byte never becomes an event") {
  EventParser parser(options_for("flat"));
  Event event;
  for (size_t length = 0; length < kFullRecord.size(); ++length) {
    // A copy of exactly that size, so that a sanitizer sees any read beyond it.
    const std::string cut(kFullRecord.data(), length);
    CAPTURE(length);
    REQUIRE_FALSE(parser.parse(cut, event).ok());
  }
}

TEST_CASE("one changed byte never crashes, and the fields that were not touched stay right") {
  EventParser parser(options_for("flat"));
  Event event;
  const size_t body = kFullRecord.find("user=a");
  for (size_t at = 0; at < kFullRecord.size(); ++at) {
    for (const char byte : {'\0', '"', '\\', '{', '}', '\xff', ' ', '9'}) {
      auto changed = kFullRecord;
      changed[at] = byte;
      if (!parser.parse(changed, event).ok()) continue;
      CAPTURE(at, byte);
      const bool touches_body = at + 10 >= body && at <= body + 16;
      if (!touches_body && event.body != "user=a&pass=b") {
        // The key itself may have been renamed by the change; then the body is absent, never something else.
        REQUIRE(event.body.empty());
      }
    }
  }
}

TEST_CASE("the payload of an envelope is read as the record") {
  auto options = options_for("flat");
  options.profile.unwrap = "/message";
  EventParser parser(options);
  Event event;
  const auto wrapped = [](const std::string& text) {
    return R"({"@timestamp":"x","message":)" + text + R"(,"host":{"name":"h"}})";
  };
  REQUIRE(
      parser.parse(wrapped(R"("{\"ts\":1736936430,\"ip\":\"1.2.3.4\",\"method\":\"GET\",\"path\":\"/in\"}\n")"), event)
          .ok());
  CHECK(event.path == "/in");
  CHECK(event.host.empty());
  CHECK(parser.parse(wrapped("null"), event).reason == RejectReason::kBadUnwrap);
  CHECK(parser.parse(wrapped("{}"), event).reason == RejectReason::kBadUnwrap);
  CHECK(parser.parse(wrapped(R"("")"), event).reason == RejectReason::kBadUnwrap);
  CHECK(parser.parse("{}", event).reason == RejectReason::kBadUnwrap);
  CHECK(parser.parse(wrapped(R"("plain text")"), event).reason == RejectReason::kInvalidJson);
  CHECK(parser.parse(R"({"message":"{}","message":"{}"})", event).reason == RejectReason::kDuplicateKey);
}

TEST_CASE("a bad byte inside an envelope is flagged on the record within") {
  auto options = options_for("flat");
  options.profile.unwrap = "/log";
  EventParser parser(options);
  Event event;
  std::string record = R"({"log":"{\"ts\":1736936430,\"ip\":\"1.2.3.4\",\"method\":\"GET\",\"path\":\"/#\"}"})";
  record[record.find('#')] = '\xfe';
  REQUIRE(parser.parse(record, event).ok());
  CHECK(event.path == "/\xef\xbf\xbd");
  CHECK(event.has(EventFlag::kUtf8Repaired));
}

TEST_CASE("X-Forwarded-For counts only when the peer is a trusted proxy") {
  auto options = options_for("flat");
  const std::string more = R"(,"headers":{"X-Forwarded-For":"198.51.100.7, 10.0.0.2"})";
  EventParser distrusting(options);
  options.trusted_proxies = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("203.0.113.9")};
  EventParser trusting(options);
  Event event;
  REQUIRE(distrusting.parse(minimal_record(more), event).ok());
  CHECK(event.client_ip.to_string() == "203.0.113.9");
  CHECK_FALSE(event.has(EventFlag::kForwardedFor));
  REQUIRE(trusting.parse(minimal_record(more), event).ok());
  CHECK(event.client_ip.to_string() == "198.51.100.7");
  CHECK(event.has(EventFlag::kForwardedFor));
  REQUIRE(event.headers.size() == 1);
  CHECK(event.headers[0].name == "X-Forwarded-For");
}

TEST_CASE("each reject reason has a name of its own") {
  std::map<std::string_view, int> names;
  for (int i = 0; i < static_cast<int>(RejectReason::kCount); ++i)
    ++names[to_string(static_cast<RejectReason>(i))];
  CHECK(names.size() == static_cast<size_t>(RejectReason::kCount));
  CHECK(to_string(RejectReason::kBadUnwrap) == "bad_unwrap");
}
