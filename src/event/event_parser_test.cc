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
  options.profile.unwrap = {"/message"};
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

TEST_CASE("a record that names no request is rejected; one without a time or an address is judged") {
  EventParser parser(options_for("flat"));
  Event event;
  CHECK(reason_for("{}") == RejectReason::kMissingField);
  CHECK(reason_for(R"({"ts":1736936430,"ip":"1.2.3.4","host":"x"})") == RejectReason::kMissingField);
  CHECK(reason_for(R"({"ts":1736936430,"method":"GET"})") == RejectReason::kMissingField);
  REQUIRE(parser.parse(R"({"ip":"1.2.3.4","method":"GET","path":"/"})", event).ok());
  CHECK(event.has(EventFlag::kNoTime));
  CHECK_FALSE(event.has(EventFlag::kNoAddress));
  REQUIRE(parser.parse(R"({"ts":1736936430,"method":"GET","path":"/"})", event).ok());
  CHECK(event.has(EventFlag::kNoAddress));
  CHECK(event.client_ip.is_unspecified());
}

TEST_CASE("a request that the server refused for what it was is a malformed one") {
  EventParser parser(options_for("flat"));
  Event event;
  for (const auto* record :
       {R"({"ts":1736936430,"ip":"1.2.3.4","method":"","path":null,"status":400})",
        R"({"ts":1736936430,"ip":"1.2.3.4","status":400})", R"({"ts":1736936430,"ip":"1.2.3.4","method":"GET"})"}) {
    CAPTURE(record);
    REQUIRE(parser.parse(record, event).ok());
    CHECK(event.has(EventFlag::kMalformed));
    CHECK(event.path == "-");
    CHECK_FALSE(event.method.empty());
  }
  REQUIRE(parser.parse(R"({"ip":"1.2.3.4","method":"CONNECT","host":"10.0.0.5:80","status":200})", event).ok());
  CHECK(event.path == "10.0.0.5:80");
}

TEST_CASE("a method that is none is malformed, and is looked at") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(R"({"ts":1736936430,"ip":"1.2.3.4","method":"${jndi:ldap://x}","path":"/"})", event).ok());
  CHECK(event.has(EventFlag::kMalformed));
  REQUIRE(event.headers.size() == 1);
  CHECK(event.headers[0].value == "${jndi:ldap://x}");
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
  CHECK(event.body.empty());
  CHECK(event.query.empty());
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

TEST_CASE("what is wrong in one field costs that field only") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto unread = [&](const std::string& more) {
    CAPTURE(more);
    REQUIRE(parser.parse(minimal_record(more), event).ok());
    CHECK(event.path == "/a");
    return event.fields_unread;
  };
  const auto only = [](ProfileFieldIndex field) { return uint32_t{1} << field; };
  for (const auto* value : {"-1", "1000", R"("2x")", "200.5", "[]", "true", "{}"})
    CHECK(unread(R"(,"status":)" + std::string(value)) == only(kFieldStatus));
  for (const auto* value : {"-0.1", "1e300", R"("nan")", R"("inf")", R"("1 fortnight")", "{}"})
    CHECK(unread(R"(,"duration_ms":)" + std::string(value)) == only(kFieldDuration));
  for (const auto* value : {"-5", "1.5", R"("99999999999999999999")"})
    CHECK(unread(R"(,"request_bytes":)" + std::string(value)) == only(kFieldRequestBytes));
  CHECK(unread(R"(,"user_agent":{"a":1,"b":2})") == only(kFieldUserAgent));
  CHECK(unread(R"(,"response_headers":7)") == only(kFieldResponseHeaders));
  CHECK(unread("") == 0);
}

TEST_CASE("numbers are read as people write them") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto read = [&](const std::string& more) {
    CAPTURE(more);
    REQUIRE(parser.parse(minimal_record(more), event).ok());
    CHECK(event.fields_unread == 0);
  };
  for (const auto* status : {R"("502, 200")", R"("502 : 200")", R"("200, -")", "200.0", R"("200.0")", R"(" 200")"}) {
    read(R"(,"status":)" + std::string(status));
    CHECK(event.status == 200);
  }
  for (const auto* duration :
       {R"("0.1, 25")", R"("0.025s")", R"("25ms")", R"("25000us")", "25", R"("+25")", R"("2.5e1")"}) {
    read(R"(,"duration_ms":)" + std::string(duration));
    CHECK(event.duration == Microseconds{25000});
  }
  read(R"(,"response_bytes":"1,234,567")");
  CHECK(event.response_bytes == 1234567);
}

TEST_CASE("content may be an object or a list, and is scanned as JSON") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(minimal_record(R"(,"body":{"id":"1' OR 1=1"},"query":["a",1])"), event).ok());
  CHECK(event.body == R"({"id":"1' OR 1=1"})");
  CHECK(event.query == R"(["a",1])");
}

TEST_CASE("a text may be a number, or a list of one") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(
      parser.parse(R"({"ts":1736936430,"ip":["203.0.113.9"],"method":["GET"],"path":7,"user_agent":123})", event).ok());
  CHECK(event.client_ip.to_string() == "203.0.113.9");
  CHECK(event.method == "GET");
  CHECK(event.path == "7");
  CHECK(event.user_agent == "123");
}

TEST_CASE("a time that cannot be right is the reference's, and is flagged") {
  EventParser parser(options_for("flat"));
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  for (const auto* time :
       {R"("")", R"("yesterday")", "0", "-1", "1e300", "true", "{}", "99999999999999999999", "18446744073709551615",
        R"("2025-02-30T00:00:00Z")", R"("2025-01-15T25:00:00Z")", R"("0000-00-00T00:00:00Z")",
        R"("9999-12-31T23:59:59Z")", R"("2025-01-15T10:20:30Zjunk")", R"("2025-01-15")"}) {
    CAPTURE(time);
    const std::string record = R"({"ts":)" + std::string(time) + R"(,"ip":"1.2.3.4","method":"GET","path":"/"})";
    parser.begin(record, ms(1736936430000));
    REQUIRE(parser.next(storage, event, outcome) == EventParser::Next::kEvent);
    CHECK(event.has(EventFlag::kNoTime));
    CHECK(event.time == ms(1736936430000));
  }
}

TEST_CASE("client addresses as sources write them") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto client = [&](const std::string& ip) {
    REQUIRE(parser.parse(R"({"ts":1736936430,"ip":")" + ip + R"(","method":"GET","path":"/"})", event).ok());
    return event.has(EventFlag::kNoAddress) ? "" : event.client_ip.to_string();
  };
  for (const auto* ip : {"192.0.2.7", "192.0.2.7:4711", " 192.0.2.7", "192.0.2.7/32", "192.000.002.007",
                         "::ffff:192.0.2.7", "198.51.100.7, 192.0.2.7"})
    CHECK(client(ip) == "192.0.2.7");
  CHECK(client("[2001:db8::7]:4711") == "2001:db8::7");
  CHECK(client("fe80::1%eth0") == "fe80::1");
  for (const auto* ip :
       {"localhost", "client.example.test", "192.0.2.x", "1.2.3", "256.1.1.1", "::g", "unix:", "unknown"})
    CHECK(client(ip).empty());
}

TEST_CASE("a socket of the same machine is a proxy only where the configuration says so") {
  auto options = options_for("flat");
  const std::string record =
      R"({"ts":1736936430,"ip":"unix:","method":"GET","path":"/","headers":{"x-forwarded-for":"8.8.8.8, 192.0.2.7"}})";
  Event event;
  EventParser distrusting(options);
  REQUIRE(distrusting.parse(record, event).ok());
  CHECK(event.has(EventFlag::kNoAddress));
  options.unix_peer = InputOptions::UnixPeer::kTrusted;
  EventParser trusting(options);
  REQUIRE(trusting.parse(record, event).ok());
  CHECK(event.client_ip.to_string() == "192.0.2.7");
}

TEST_CASE("what a client sent as its name is no identity where the source does not check it, but is looked at") {
  auto options = options_for("flat");
  const std::string named = minimal_record(R"(,"client_id":"anna","status":401)");
  Event event;
  options.profile.client_id_trust = IdentityTrust::kChecked;
  EventParser checked(options);
  REQUIRE(checked.parse(minimal_record(R"(,"client_id":"anna","status":200)"), event).ok());
  CHECK(event.client_id == "anna");
  REQUIRE(checked.parse(named, event).ok());
  CHECK(event.client_id.empty());
  CHECK(event.headers.empty());
  REQUIRE(checked.parse(minimal_record(R"(,"client_id":"x' OR 1=1--","status":401)"), event).ok());
  REQUIRE(event.headers.size() == 1);
  CHECK(event.headers[0].value == "x' OR 1=1--");
  options.profile.client_id_trust = IdentityTrust::kNever;
  EventParser never(options);
  REQUIRE(never.parse(minimal_record(R"(,"client_id":"anna","status":200)"), event).ok());
  CHECK(event.client_id.empty());
}

TEST_CASE("what holds no record is rejected with its own reason") {
  CHECK(reason_for("") == RejectReason::kEmpty);
  CHECK(reason_for(" \n") == RejectReason::kEmpty);
  CHECK(reason_for(std::string_view("\0\0", 2)) == RejectReason::kEmpty);
  CHECK(reason_for("GET / HTTP/1.1") == RejectReason::kInvalidJson);
  CHECK(reason_for("\"text\"") == RejectReason::kInvalidJson);
  CHECK(reason_for("17") == RejectReason::kInvalidJson);
  CHECK(reason_for("null") == RejectReason::kInvalidJson);
  CHECK(reason_for("[]") == RejectReason::kNotAnObject);
  CHECK(reason_for("{") == RejectReason::kMissingField);
}

TEST_CASE("what is nearly JSON is read, and flagged") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto read = [&](const std::string& record) {
    CAPTURE(record);
    REQUIRE(parser.parse(record, event).ok());
    CHECK(event.has(EventFlag::kSalvaged));
    CHECK(event.path == "/a");
    CHECK(event.time == ms(1736936430000));
    return event;
  };
  read(minimal_record(",\"body\":"));
  read(minimal_record(R"(,"status":,"user_agent":"x")"));
  read(minimal_record("") + " // x");
  read(minimal_record("") + ",");
  read(minimal_record(",\"x\":NaN,"));
  read(minimal_record(",\"x\":18446744073709551616"));
  read(minimal_record(",\"x\":007"));
  CHECK(read(minimal_record(",\"user_agent\":\"a\tb\"")).user_agent == "a\tb");
  CHECK(read(minimal_record(R"(,"user_agent":"a" or "b","status":200)")).user_agent == R"(a" or "b)");
  CHECK(read(minimal_record(R"(,"user_agent":"a\","status":200)")).user_agent == "a\\");
  CHECK(event.status == 200);
  CHECK(read(minimal_record(R"(,"user_agent":"\q")")).user_agent == "\\q");
  CHECK(read(R"({'ts': 1736936430, 'ip': '203.0.113.9', 'method': "GET", 'path': '/a', 'user_agent': 'it\'s'})")
            .user_agent == "it's");
  CHECK(
      read(minimal_record(R"(,"user_agent":"cut of)").substr(0, minimal_record(R"(,"user_agent":"cut of)").size() - 1))
          .user_agent == "cut of");
}

TEST_CASE("bytes that servers write as \\xHH are read, and repaired where they are no UTF-8") {
  EventParser parser(options_for("flat"));
  Event event;
  REQUIRE(parser.parse(minimal_record(R"(,"user_agent":"caf\xc3\xa9 \x22","query":"\xff")"), event).ok());
  CHECK(event.user_agent == "caf\xc3\xa9 \"");
  CHECK(event.query == "\xef\xbf\xbd");
  CHECK(event.has(EventFlag::kUtf8Repaired));
  CHECK_FALSE(event.has(EventFlag::kSalvaged));
  REQUIRE(parser.parse(minimal_record(R"(,"user_agent":"caf\xc3\xa9")"), event).ok());
  CHECK(event.flags == 0);
}

TEST_CASE("one record may hold several requests") {
  EventParser parser(options_for("flat"));
  const auto paths = [&](const std::string& record) {
    EventStorage storage;
    Event event;
    ParseOutcome outcome;
    std::string all;
    parser.begin(record);
    for (int i = 0; i < 100; ++i) {
      const auto next = parser.next(storage, event, outcome);
      if (next == EventParser::Next::kEnd) return all;
      all += next == EventParser::Next::kEvent ? std::string(event.path) : std::string(to_string(outcome.reason));
      all += ' ';
    }
    return all;
  };
  const auto record = minimal_record();
  CHECK(paths(record) == "/a ");
  CHECK(paths("[" + record + "," + record + "]") == "/a /a ");
  CHECK(paths(record + record) == "/a /a ");
  CHECK(paths(record + "\n" + record) == "/a /a ");
  CHECK(paths("[" + record + ",7," + record + "]") == "/a invalid_json /a ");
  CHECK(paths("[[" + record + "]]") == "not_an_object ");
  CHECK(paths(std::string("\0\0\0\0*", 5) + record) == "/a ");
  CHECK(paths("2025-01-15T10:20:30.123Z stdout F " + record) == "/a ");
  CHECK(paths("<134>Jan 15 10:20:30 web1 nginx: " + record) == "/a ");
}

TEST_CASE("the requests in one record are bounded") {
  auto options = options_for("flat");
  options.requests_max = 3;
  EventParser parser(options);
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  const auto record = "[" + repeated(minimal_record() + ",", 4) + minimal_record() + "]";
  parser.begin(record);
  for (int i = 0; i < 3; ++i)
    CHECK(parser.next(storage, event, outcome) == EventParser::Next::kEvent);
  CHECK(parser.next(storage, event, outcome) == EventParser::Next::kReject);
  CHECK(outcome.reason == RejectReason::kTooLarge);
  CHECK(parser.next(storage, event, outcome) == EventParser::Next::kEnd);
}

TEST_CASE("a list of records within a record is split") {
  auto options = options_for("flat");
  options.profile.split = "/records";
  EventParser parser(options);
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  const auto record = R"({"records":[)" + minimal_record() + "," + minimal_record() + "]}";
  parser.begin(record);
  CHECK(parser.next(storage, event, outcome) == EventParser::Next::kEvent);
  CHECK(parser.next(storage, event, outcome) == EventParser::Next::kEvent);
  CHECK(event.path == "/a");
  CHECK(parser.next(storage, event, outcome) == EventParser::Next::kEnd);
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
  CHECK(reason_for(repeated("{'a':", 10000)) == RejectReason::kTooDeep);
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

TEST_CASE("of a field that stands there twice the first counts, and the other is looked at") {
  EventParser parser(options_for("flat"));
  Event event;
  for (const auto* more : {R"(,"path":"/b")", R"(,"p\u0061th":"/b")"}) {
    REQUIRE(parser.parse(minimal_record(more), event).ok());
    CHECK(event.path == "/a");
    REQUIRE(event.headers.size() == 1);
    CHECK(event.headers[0].value == "/b");
  }
  REQUIRE(parser.parse(minimal_record(R"(,"path":"/a","path":null)"), event).ok());
  CHECK(event.headers.empty());
}

TEST_CASE("a text behind a number under the same key is looked at, whatever the record before had there") {
  EventParser parser(options_for("flat"));
  Event event;
  // The same lengths: the second record's text lies where the first one's was.
  REQUIRE(parser.parse(minimal_record(R"(,"client_iz":7,"client_id":"' or 1=1--")"), event).ok());
  CHECK(event.client_id == "' or 1=1--");
  REQUIRE(parser.parse(minimal_record(R"(,"client_id":7,"client_id":"' or 1=1--")"), event).ok());
  CHECK(event.client_id == "7");
  REQUIRE(event.headers.size() == 1);
  CHECK(event.headers[0].value == "' or 1=1--");
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

TEST_CASE("invalid UTF-8 in a record without a request is no request") {
  CHECK(reason_for("{\"a\":\"\xff") == RejectReason::kMissingField);
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
  REQUIRE_FALSE(parser.parse("{}", event).ok());
  CHECK(event.path.empty());
  CHECK(event.client_ip == IpAddress{});
}

TEST_CASE("a record cut at any byte is salvaged or rejected, never taken for a whole one") {
  EventParser parser(options_for("flat"));
  Event event;
  for (size_t length = 0; length < kFullRecord.size(); ++length) {
    // A copy of exactly that size, so that a sanitizer sees any read beyond it.
    const std::string cut(kFullRecord.data(), length);
    CAPTURE(length);
    if (parser.parse(cut, event).ok()) REQUIRE(event.has(EventFlag::kSalvaged));
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
      if (!parser.parse(changed, event).ok() || event.has(EventFlag::kSalvaged)) continue;
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
  options.profile.unwrap = {"/message"};
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
  CHECK(parser.parse(wrapped("{}"), event).reason == RejectReason::kMissingField);
  CHECK(parser.parse(wrapped(R"("")"), event).reason == RejectReason::kBadUnwrap);
  CHECK(parser.parse("{}", event).reason == RejectReason::kBadUnwrap);
  CHECK(parser.parse(wrapped(R"("plain text")"), event).reason == RejectReason::kInvalidJson);
  REQUIRE(parser.parse(wrapped(minimal_record()), event).ok());
  CHECK(event.path == "/a");
}

TEST_CASE("a bad byte inside an envelope is flagged on the record within") {
  auto options = options_for("flat");
  options.profile.unwrap = {"/log"};
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

TEST_CASE("text in place of the client's address is looked at") {
  EventParser parser(options_for("flat"));
  Event event;
  const auto header_of = [&](std::string_view address) {
    const std::string record = R"({"ts":1736936430,"method":"GET","path":"/","ip":")" + std::string(address) + "\"}";
    REQUIRE(parser.parse(record, event).ok());
    for (const Header& header : event.headers)
      if (header.name == "client-address") return std::string(header.value);
    return std::string();
  };
  CHECK(header_of("1' UNION SELECT a, 192.0.2.7") == "1' UNION SELECT a");
  CHECK(event.client_ip.to_string() == "192.0.2.7");
  CHECK(header_of("${jndi:ldap://x/a}") == "${jndi:ldap://x/a}");
  CHECK(event.has(EventFlag::kNoAddress));
  CHECK(header_of("198.51.100.7, 192.0.2.7").empty());
  CHECK(header_of("unknown").empty());
}

TEST_CASE("records are skipped by how what stands at a key begins") {
  InputOptions options = options_for("flat");
  options.profile.skips = {{"/logger", "own.*"}, {"/signal", ""}};
  EventParser parser(options);
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  const auto is_skipped = [&](const std::string& more) {
    const std::string record = minimal_record(more);
    parser.begin(record);
    return parser.next(storage, event, outcome) == EventParser::Next::kSkip;
  };
  CHECK(is_skipped(R"(,"logger":"own.a")"));
  CHECK_FALSE(is_skipped(R"(,"logger":"own")"));
  CHECK_FALSE(is_skipped(R"(,"logger":"access")"));
  CHECK(is_skipped(R"(,"signal":"TERM")"));
}
