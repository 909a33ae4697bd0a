#include "base/catch.h"
#include "event/profile/example_check.h"
#include "event/profile/inferred_profile.h"
#include "event/profile/profile_reader.h"
#include "event/profile/recognition.h"
#include "event/profile/text_inference.h"

using namespace weir;

namespace {

const KnownNames& names() {
  static const KnownNames kNames(ProfileCatalog::shipped());
  return kNames;
}

std::string pattern_of(const std::vector<std::string_view>& lines) {
  const auto form = infer_text_form(lines, names());
  return form ? form->pattern : "none";
}

}  // namespace

TEST_CASE("fields between spaces, quotes and brackets are told by their values") {
  CHECK(
      pattern_of(
          {R"~([2025-01-15T10:20:30+00:00] 203.0.113.9 "GET /a?b=c HTTP/1.1" 200 17 0.004 "-" "Mozilla/5.0 (X11)")~",
           R"~([2025-01-15T10:20:31+00:00] 203.0.113.8 "POST /b HTTP/1.1" 302 0 0.104 "https://ref.example/" "curl/8")~"}) ==
      R"~([{time}] {client_ip} "{target}" {status} {} {} "{referer}" "{user_agent}")~");
}

TEST_CASE("fields that are named are told by their names, too") {
  CHECK(pattern_of(
            {"ts=2025-01-15T10:20:30Z src=203.0.113.9 dest_ip=10.0.0.1 method=GET uri=\"/a?b=c\" status=200 bytes=5 "
             "ua=\"x\" cache=HIT"}) ==
        "ts={time} src={client_ip} dest_ip={} method={method} uri=\"{target}\" status={status} bytes={response_bytes} "
        "ua=\"{user_agent}\" cache={header cache}");
  CHECK(pattern_of({"time:15/Jan/2025:10:20:30 +0000\thost:203.0.113.9\treq:GET /a HTTP/1.1\tstatus:200\tua:x y z"}) ==
        "time:{time}\thost:{client_ip}\treq:{target}\tstatus:{status}\tua:{user_agent}");
}

TEST_CASE("cells between bars, commas and tabs are fields") {
  CHECK(pattern_of({"203.0.113.9|2025-01-15T10:20:30Z|GET|/a?b=c|200|Mozilla/5.0 (X11; Linux)|-"}) ==
        "{client_ip}|{time}|{method}|{target}|{status}|{user_agent}|{header field-7}");
  CHECK(pattern_of({R"~("203.0.113.9","2025-01-15T10:20:30Z","GET /a HTTP/1.1","200","-","curl/8")~"}) ==
        R"~("{client_ip}","{time}","{target}","{status}","{header field-5}","{user_agent}")~");
}

TEST_CASE("a last field without quotes goes to the end of the line") {
  CHECK(pattern_of({"203.0.113.9 GET /a 200 Mozilla/5.0 (X11; Linux x86_64)", "203.0.113.9 GET /b 200 curl/8",
                    "203.0.113.9 GET /c 404 Mozilla/5.0 (Windows NT 10.0) Gecko"}) ==
        "{client_ip} {method} {target} {status} {user_agent}");
}

TEST_CASE("only what looks like a server's name is a host") {
  CHECK(pattern_of({"shop.example.com 203.0.113.9 GET /a 200", "localhost:8080 203.0.113.9 GET /b 200"}) ==
        "{host} {client_ip} {method} {target} {status}");
  for (const std::string other : {"1.234ms", "REST.GET.OBJECT", "Acme.Web.Logger", "v1.2", "a.b:x"})
    CHECK(pattern_of({other + " 203.0.113.9 GET /a 200"}).find("{host}") == std::string::npos);
}

TEST_CASE("what is no access log has no form") {
  CHECK(pattern_of({"what is this", "and this", ""}) == "none");
  CHECK(pattern_of({"2025-01-15 10:20:30 INFO started in 3 s", "2025-01-15 10:20:31 WARN low on disk space"}) ==
        "none");
  CHECK(pattern_of({}) == "none");
}

TEST_CASE("a form that no profile knows is made up, and its file is a profile with a test") {
  const std::vector<std::string_view> json{
      R"~({"a":{"when":"2025-01-15T10:20:30Z","peer":{"Addr":"203.0.113.9"}},"line":"GET /a?b=c HTTP/1.1","Agent":"curl/8","x_tenant":"t1"})~"};
  const std::vector<std::string_view> text{
      R"~(cache=HIT 203.0.113.9 [15/Jan/2025:10:20:30 +0000] shop.example.com "GET /a?b=c HTTP/1.1" 200 "curl/8")~"};
  for (const auto& lines : {json, text}) {
    const auto recognition = recognise_format(lines, InputOptions{}, ProfileCatalog::shipped());
    REQUIRE(recognition.best() != nullptr);
    CHECK(describe(*recognition.best()) == "a form of its own, told from its lines");
    Diagnostics diagnostics;
    const auto file = read_profile(recognition.best()->made_up, "mine.yaml", diagnostics);
    REQUIRE(file);
    REQUIRE(file->examples.size() == 1);
    CHECK(check_example(file->profile, file->examples.front()).empty());
    CHECK(file->examples.front().requests.front().size() >= 5);
  }
}
