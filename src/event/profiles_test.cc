#include "base/catch.h"
#include "event/test_records.h"

using namespace weir;
using namespace weir::testing;

namespace {

// Parses one record and keeps the parser, from which the event borrows.
struct Parsed {
  Parsed(const InputOptions& options, std::string_view record)
      : parser(options), outcome(parser.parse(record, event)) {}
  Parsed(std::string_view profile, std::string_view record) : Parsed(options_for(profile), record) {}

  Event event;
  EventParser parser;
  ParseOutcome outcome;
};

}  // namespace

TEST_CASE("every shipped profile is valid and says where what matters stands") {
  const auto names = InputProfile::built_in_names();
  CHECK(names.size() >= 26);
  for (const auto& name : names) {
    CAPTURE(name);
    const auto profile = InputProfile::built_in(name);
    REQUIRE(profile.has_value());
    CHECK(profile->name == name);
    CHECK(profile->validate().has_value());
    if (!profile->reads_json()) continue;
    CHECK_FALSE(profile->time.pointers.empty());
    CHECK_FALSE(profile->client_ip.pointers.empty());
    const bool has_agent = !profile->user_agent.pointers.empty() || !profile->headers.pointers.empty();
    CHECK(has_agent);
    const bool has_path = !profile->path.pointers.empty() || !profile->target.pointers.empty();
    CHECK(has_path);
  }
  CHECK_FALSE(InputProfile::built_in("nonesuch").has_value());
}

TEST_CASE("a profile with a pointer that is none is not valid") {
  auto profile = *InputProfile::built_in("flat");
  profile.path.pointers = {"path"};
  CHECK_FALSE(profile.validate().has_value());
  profile.path.pointers = {"/path"};
  profile.unwrap = {"message"};
  CHECK_FALSE(profile.validate().has_value());
}

TEST_CASE("ECS, nested") {
  Parsed parsed(
      "ecs",
      R"json({"@timestamp":"2025-01-15T10:20:30.456Z","source":{"ip":"203.0.113.9","port":4711},"user":{"name":"kim","id":"u1"},
    "http":{"version":"1.1","request":{"method":"PUT","id":"r1","referrer":"https://r/","mime_type":"application/json","bytes":512,
    "body":{"content":"{\"a\":1}","bytes":7},"headers":{"Cookie":["a=b"],"accept":"*/*"}},"response":{"status_code":201,"body":{"bytes":99}}},
    "url":{"original":"https://shop.example.com:8443/p?q=1","path":"/p","query":"q=1","domain":"shop.example.com","scheme":"https"},
    "event":{"duration":12500000,"kind":"event"},"user_agent":{"original":"curl/8"}})json");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  const auto& event = parsed.event;
  CHECK(event.time == ms(1736936430456));
  CHECK(event.client_ip.to_string() == "203.0.113.9");
  CHECK(event.client_id == "u1");
  CHECK(event.request_id == "r1");
  CHECK(event.method == "PUT");
  CHECK(event.scheme == "https");
  CHECK(event.host == "shop.example.com");
  CHECK(event.path == "/p");
  CHECK(event.query == "q=1");
  CHECK(event.status == 201);
  CHECK(event.duration == Microseconds{12500});
  CHECK(event.request_bytes == 512);
  CHECK(event.response_bytes == 99);
  CHECK(event.user_agent == "curl/8");
  CHECK(event.referer == "https://r/");
  CHECK(event.content_type == "application/json");
  CHECK(event.cookie == "a=b");
  CHECK(event.body == R"({"a":1})");
}

TEST_CASE("ECS, dotted") {
  Parsed parsed(
      "ecs",
      R"({"@timestamp":1736936430456,"source.ip":"2001:db8::7","http.request.method":"GET","url.path":"/a","url.query":"b=c",
    "http.response.status_code":"404","event.duration":1000,"user_agent.original":"x","http.request.body.content":"z","http.response.bytes":5})");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.client_ip.to_string() == "2001:db8::7");
  CHECK(parsed.event.path == "/a");
  CHECK(parsed.event.query == "b=c");
  CHECK(parsed.event.status == 404);
  CHECK(parsed.event.duration == Microseconds{1});
  CHECK(parsed.event.body == "z");
  CHECK(parsed.event.response_bytes == 5);
}

TEST_CASE("ECS, dotted and nested mixed") {
  Parsed parsed(
      "ecs",
      R"({"@timestamp":1736936430,"source":{"ip":"1.2.3.4"},"http":{"request.method":"GET","response":{"status_code":200}},
    "url.original":"/a?b","http.request":{"id":"r"}})");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.method == "GET");
  CHECK(parsed.event.status == 200);
  CHECK(parsed.event.request_id == "r");
  CHECK(parsed.event.query == "b");
}

TEST_CASE("ECS: of an object that stands there twice the first counts, and the other is looked at") {
  EventParser parser(options_for("ecs"));
  Event event;
  REQUIRE(
      parser
          .parse(
              R"({"source":{"ip":"1.2.3.4"},"http":{"request":{"method":"GET"}},"url":{"path":"/a"},"url":{"path":"/b"}})",
              event)
          .ok());
  CHECK(event.path == "/a");
  REQUIRE(event.headers.size() == 1);
  CHECK(event.headers[0].value == R"({"path":"/b"})");
}

TEST_CASE("nginx, all values as text") {
  Parsed parsed(
      "nginx",
      R"json({"time_iso8601":"2025-01-15T12:20:30+02:00","remote_addr":"203.0.113.9","remote_user":"","request_method":"GET",
    "request_uri":"/a%20b?c=d&e","uri":"/a b","args":"c=d&e","status":"200","request_time":"0.012","request_length":"310","bytes_sent":"1234",
    "http_user_agent":"curl/8","http_referer":"-","http_cookie":"sid=1","http_x_forwarded_for":"","http_host":"shop.example.com","request_id":"ab12"})json");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  const auto& event = parsed.event;
  CHECK(event.time == ms(1736936430000));
  CHECK(event.path == "/a%20b");
  CHECK(event.query == "c=d&e");
  CHECK(event.status == 200);
  CHECK(event.duration == Microseconds{12000});
  CHECK(event.request_bytes == 310);
  CHECK(event.response_bytes == 1234);
  CHECK(event.referer.empty());
  CHECK(event.cookie == "sid=1");
  CHECK(event.client_id.empty());
  CHECK(event.headers.empty());
}

TEST_CASE("nginx with a request line, msec, and numbers") {
  Parsed parsed(
      "nginx",
      R"({"msec":1736936430.456,"remote_addr":"203.0.113.9","request":"GET /x?y=1 HTTP/1.1","status":499,"request_time":1.5,"body_bytes_sent":0})");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.time == ms(1736936430456));
  CHECK(parsed.event.method == "GET");
  CHECK(parsed.event.path == "/x");
  CHECK(parsed.event.query == "y=1");
  CHECK(parsed.event.duration == Microseconds{1500000});
}

TEST_CASE("nginx with uri and args, and the common log time") {
  Parsed parsed(
      "nginx",
      R"({"time_local":"15/Jan/2025:10:20:30 +0000","remote_addr":"203.0.113.9","request_method":"GET","uri":"/x","args":"y=1"})");
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.time == ms(1736936430000));
  CHECK(parsed.event.path == "/x");
  CHECK(parsed.event.query == "y=1");
}

TEST_CASE("nginx behind a trusted proxy") {
  auto options = options_for("nginx");
  options.trusted_proxies = {*Cidr::parse("10.0.0.0/8")};
  Parsed parsed(
      options,
      R"({"msec":"1736936430.456","remote_addr":"10.0.0.1","http_x_forwarded_for":"198.51.100.7","request_method":"GET","request_uri":"/"})");
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.client_ip.to_string() == "198.51.100.7");
  CHECK(parsed.event.has(EventFlag::kForwardedFor));
  REQUIRE(parsed.event.headers.size() == 1);
  CHECK(parsed.event.headers[0].name == "x-forwarded-for");
}

TEST_CASE("nginx: a raw 0xFF byte in the URL is kept as a repaired record") {
  Parsed parsed("nginx",
                "{\"msec\":\"1736936430.456\",\"remote_addr\":\"10.0.0.1\",\"request_method\":\"GET\",\"request_uri\":"
                "\"/\xff?a\"}");
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.path == "/\xef\xbf\xbd");
  CHECK(parsed.event.has(EventFlag::kUtf8Repaired));
}

TEST_CASE("Envoy with Istio's names") {
  Parsed parsed(
      "envoy",
      R"({"start_time":"2025-01-15T10:20:30.456Z","method":"GET","path":"/status/418?x=1","protocol":"HTTP/1.1","response_code":418,
    "duration":4,"bytes_received":0,"bytes_sent":135,"user_agent":"curl/7","authority":"httpbin:8000","request_id":"84961386","x_forwarded_for":null,
    "downstream_remote_address":"10.44.1.27:41892","upstream_host":"10.44.1.23:80"})");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.client_ip.to_string() == "10.44.1.27");
  CHECK(parsed.event.path == "/status/418");
  CHECK(parsed.event.query == "x=1");
  CHECK(parsed.event.status == 418);
  CHECK(parsed.event.duration == Microseconds{4000});
  CHECK(parsed.event.host == "httpbin:8000");
  CHECK(parsed.event.request_id == "84961386");
}

TEST_CASE("Envoy with an IPv6 peer and a trusted hop") {
  auto options = options_for("envoy");
  options.trusted_proxies = {*Cidr::parse("fd00::/8")};
  Parsed parsed(options, R"({"start_time":"2025-01-15T10:20:30.456Z","method":"GET","path":"/","response_code":0,
    "downstream_remote_address":"[fd00::1]:41892","x_forwarded_for":"2001:db8::9,fd00::2"})");
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.client_ip.to_string() == "2001:db8::9");
}

TEST_CASE("Traefik") {
  Parsed parsed(
      "traefik",
      R"({"ClientAddr":"203.0.113.9:51234","ClientHost":"203.0.113.9","ClientUsername":"-","DownstreamContentSize":21,"DownstreamStatus":404,
    "Duration":1234567,"RequestContentSize":10,"RequestHost":"shop.example.com","RequestMethod":"POST","RequestPath":"/a?b=c","RequestScheme":"https",
    "StartUTC":"2025-01-15T10:20:30.456789012Z","level":"info","time":"2025-01-15T10:20:31Z","request_User-Agent":"curl/8","request_X-Forwarded-For":"1.1.1.1"})");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.time == ms(1736936430456));
  CHECK(parsed.event.client_ip.to_string() == "203.0.113.9");
  CHECK(parsed.event.client_id.empty());
  CHECK(parsed.event.path == "/a");
  CHECK(parsed.event.query == "b=c");
  CHECK(parsed.event.status == 404);
  CHECK(parsed.event.duration == Microseconds{1235});
  CHECK(parsed.event.user_agent == "curl/8");
}

TEST_CASE("Caddy with lists of header values") {
  Parsed parsed(
      "caddy",
      R"({"level":"info","ts":1736936430.456,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"10.0.0.1","remote_port":"1",
    "client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"shop.example.com","uri":"/a?b=c","headers":{"User-Agent":["curl/8"],
    "Accept":["text/html","*/*"],"Cookie":["REDACTED"]}},"bytes_read":3,"user_id":"","duration":0.000929675,"size":10900,"status":200,
    "resp_headers":{"Server":["Caddy"]}})");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  const auto& event = parsed.event;
  CHECK(event.time == ms(1736936430456));
  CHECK(event.client_ip.to_string() == "203.0.113.9");
  CHECK(event.user_agent == "curl/8");
  CHECK(event.cookie == "REDACTED");
  REQUIRE(event.headers.size() == 2);
  CHECK(event.headers[1].value == "*/*");
  CHECK(event.duration == Microseconds{930});
  CHECK(event.response_bytes == 10900);
  CHECK(event.request_bytes == 3);
  REQUIRE(event.response_headers.size() == 1);
}

TEST_CASE("a custom mapping with nested pointers, a list value and its own units") {
  InputOptions options;
  auto& profile = options.profile;
  profile.name = "custom";
  profile.time.pointers = {"/meta/at"};
  profile.client_ip.pointers = {"/peers/0/addr", "/peer"};
  profile.method.pointers = {"/rq/verb"};
  profile.target.pointers = {"/rq/url"};
  profile.duration.pointers = {"/took"};
  profile.user_agent.pointers = {"/rq/h/User-Agent"};
  profile.duration_unit = DurationUnit::kMicroseconds;
  profile.timestamp_format = TimestampFormat::kEpochMicroseconds;
  REQUIRE(profile.validate().has_value());
  Parsed parsed(
      options,
      R"({"meta":{"at":1736936430456789},"peers":[{"addr":"203.0.113.9"}],"rq":{"verb":"GET","url":"http://h/x","h":{"User-Agent":["a","b"]}},"took":77})");
  CAPTURE(parsed.outcome.detail);
  REQUIRE(parsed.outcome.ok());
  CHECK(parsed.event.time == ms(1736936430456));
  CHECK(parsed.event.client_ip.to_string() == "203.0.113.9");
  CHECK(parsed.event.host == "h");
  CHECK(parsed.event.user_agent == "a");
  CHECK(parsed.event.duration == Microseconds{77});
  Parsed second(options,
                R"({"meta":{"at":1736936430456789},"peers":[],"peer":"1.2.3.4","rq":{"verb":"GET","url":"/"}})");
  REQUIRE(second.outcome.ok());
  CHECK(second.event.client_ip.to_string() == "1.2.3.4");
}
