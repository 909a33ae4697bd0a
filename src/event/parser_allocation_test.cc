// Reading must not allocate once its buffers have grown, whatever the form of the record.
#include <string>
#include <vector>

#include "base/catch.h"
#include "base/counted_allocations.h"
#include "event/directive/directive.h"
#include "event/test_records.h"

#ifdef WEIR_COUNTS_ALLOCATIONS
namespace weir::testing {
namespace {

struct Case {
  const char* profile;
  std::string record;
  void (*change)(InputProfile&) = nullptr;
};

const std::string kLine =
    R"line(203.0.113.9 - - [15/Jan/2025:10:20:30 +0000] "GET /a?b=c HTTP/1.1" 200 3 "-" "Mozilla/5.0 (X11)")line";

// In a JSON text.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

InputOptions options_of(const Case& item) {
  InputOptions options = options_for(item.profile);
  if (item.change != nullptr) item.change(options.profile);
  return options;
}

void use_directive(InputProfile& profile, DirectiveServer server, std::string_view text) {
  const auto directive = compile_directive(server, text);
  REQUIRE(directive.has_value());
  profile = directive->profile;
}

TEST_CASE("reading does not allocate in steady state, whatever the form of the record") {
  const std::vector<Case> cases{
      {"flat", kFullRecord},
      {"flat", minimal_record(R"(,"client_id":184467)")},
      {"flat", minimal_record(R"(,"headers":[{"name":"a","value":"7"}])")},
      {"flat", minimal_record(R"(,"status":"502, 200")")},
      {"flat", minimal_record(R"(,"headers":{"x-count":7,"x-part":0.5,"x-on":true,"x-list":[1,{"a":"b\n"}]})")},
      {"flat", minimal_record(R"(,"body":{"user":{"$gt":""},"n":[1,2.5,null]})")},
      {"nginx",
       R"line({"msec":"1736936430.456","remote_addr":"203.0.113.9","request_uri":"/a?b","http_x_api_version":"2"})line"},
      {"nginx",
       R"line(203.0.113.9 - - [15/Jan/2025:10:20:30 +0000] "GET /a?b=\x22c\xff HTTP/1.1" 200 3 "-" "Mozilla/5.0 (X11)")line"},
      {"haproxy",
       R"line(<134>Jan 15 10:20:30 haproxy[7]: 203.0.113.9:1 [15/Jan/2025:10:20:30.456] web app/s1 0/0/1/11/12 200 49 - - ---- 1/1/0/0/0 0/0 {curl/8} "GET /a HTTP/1.1")line"},
      {"iis", "2025-01-15 10:20:30 10.0.0.2 GET /a b=c 443 - 203.0.113.9 curl/8 - 200 0 0 12"},
      {"flat", minimal_record(R"(,"user_agent":"a	b \q",)")},
      {"nginx", R"({"stream":"stdout","log":")" + escaped(kLine) + "\"}",
       [](InputProfile& profile) { profile.unwrap = {"/log"}; }},
      {"flat", R"({"records":[)" + minimal_record() + "," + minimal_record() + "]}",
       [](InputProfile& profile) { profile.split = "/records"; }},
      {"flat", "[" + minimal_record() + "," + minimal_record() + "]"},
      {"flat", minimal_record() + minimal_record()},
      {"nginx", R"({"who":"203.0.113.9","what":"GET /a?b=c HTTP/1.1","by":"curl/8","in":"0.012"})",
       [](InputProfile& profile) {
         use_directive(profile, DirectiveServer::kNginx,
                       R"({"who":"$remote_addr","what":"$request","by":"$http_user_agent","in":"$request_time"})");
       }},
      {"apache", R"line(203.0.113.9 [15/Jan/2025:10:20:30 +0000] "GET /a HTTP/1.1" 200 "curl/8 \"x\"" 12)line",
       [](InputProfile& profile) {
         use_directive(profile, DirectiveServer::kApache, R"(%a %t "%r" %>s "%{User-Agent}i" %D)");
       }},
      {"haproxy", R"line(203.0.113.9 GET /a#22b 200 curl/8)line",
       [](InputProfile& profile) {
         use_directive(profile, DirectiveServer::kHaproxy, "%ci %HM %HU %ST %[req.fhdr(User-Agent)]");
       }},
      {"envoy", R"line([2025-01-15T10:20:30.456Z] "GET /a?b=c HTTP/1.1" 200 203.0.113.9:4711 "curl "x" 8")line",
       [](InputProfile& profile) {
         use_directive(profile, DirectiveServer::kEnvoy,
                       R"([%START_TIME%] "%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %RESPONSE_CODE% )"
                       R"(%DOWNSTREAM_REMOTE_ADDRESS% "%REQ(USER-AGENT)%")");
       }}};
  std::vector<EventParser> parsers;
  for (const Case& case_ : cases)
    parsers.emplace_back(options_of(case_));
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  const auto read = [&](size_t i) {
    parsers[i].begin(cases[i].record, ms(1736936430000));
    bool is_read = false;
    while (parsers[i].next(storage, event, outcome) != EventParser::Next::kEnd)
      is_read = outcome.ok();
    return is_read;
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(cases[i].profile, cases[i].record);
    for (int round = 0; round < 3; ++round)
      REQUIRE(read(i));
    const size_t before = allocations;
    size_t times = 0;
    for (int round = 0; round < 100; ++round)
      times += read(i);
    const size_t after = allocations;
    CHECK(times == 100);
    CHECK(after == before);
  }
}

}  // namespace
}  // namespace weir::testing

#endif
