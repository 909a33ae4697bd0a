#include "event/directive/directive.h"

#include <time.h>

#include <algorithm>
#include <map>

#include "base/catch.h"
#include "event/directive/time_pattern.h"
#include "event/event_parser.h"
#include "event/text/text_reader.h"

using namespace weir;

namespace {

Directive compiled(DirectiveServer server, std::string_view text) {
  auto directive = compile_directive(server, text);
  INFO(text);
  INFO((directive ? std::string() : directive.error().to_string()));
  REQUIRE(directive.has_value());
  return std::move(*directive);
}

std::string complaint(DirectiveServer server, std::string_view text) {
  const auto directive = compile_directive(server, text);
  return directive ? "" : directive.error().detail;
}

// What a line's fields are, by the names of their uses.
std::map<std::string, std::string> fields_of(const Directive& directive, std::string_view line) {
  REQUIRE(directive.profile.reads_text());
  const TextReader reader(directive.profile.texts.front());
  std::vector<std::string_view> texts;
  INFO(line);
  REQUIRE(reader.read(line, texts) == TextFit::kWhole);
  std::map<std::string, std::string> found;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto& field = directive.profile.texts.front().parts[i].field;
    if (field.use == TextUse::kField) found[std::string(field_name(field.field))] = std::string(texts[i]);
    if (field.use == TextUse::kRequestHeader) found["header " + field.header] = std::string(texts[i]);
  }
  return found;
}

bool warns_of(const Directive& directive, std::string_view word) {
  return std::any_of(directive.warnings.begin(), directive.warnings.end(),
                     [&](const std::string& warning) { return warning.find(word) != std::string::npos; });
}

std::string use_of(const Directive& directive, std::string_view variable) {
  for (const auto& field : directive.fields) {
    if (field.variable == variable) return field.use;
  }
  return "no such variable";
}

constexpr auto kNginx = DirectiveServer::kNginx;
constexpr auto kApache = DirectiveServer::kApache;
constexpr auto kHaproxy = DirectiveServer::kHaproxy;
constexpr auto kEnvoy = DirectiveServer::kEnvoy;

}  // namespace

TEST_CASE("a log_format is compiled as it stands in the file, and as its value alone") {
  const std::string line =
      R"(192.0.2.1 - bob [12/Nov/2021:13:14:15 +0000] "GET /a?b=%27 HTTP/1.1" 404 153 "-" "curl/8.0 \x22x\x22" "198.51.100.1")";
  const auto whole = compiled(kNginx, R"(log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                  '$status $body_bytes_sent "$http_referer" '
                  '"$http_user_agent" "$http_x_forwarded_for"';)");
  const auto value = compiled(
      kNginx,
      R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for")");
  for (const auto* directive : {&whole, &value}) {
    const auto fields = fields_of(*directive, line);
    CHECK(fields.at("client_ip") == "192.0.2.1");
    CHECK(fields.at("client_id") == "bob");
    CHECK(fields.at("time") == "12/Nov/2021:13:14:15 +0000");
    CHECK(fields.at("target") == "GET /a?b=%27 HTTP/1.1");
    CHECK(fields.at("status") == "404");
    CHECK(fields.at("response_bytes") == "153");
    CHECK(fields.at("user_agent") == R"(curl/8.0 \x22x\x22)");
    CHECK(fields.at("forwarded_for") == "198.51.100.1");
    CHECK(directive->warnings.empty());
  }
  CHECK(whole.fields[3].line == 1);
  CHECK(use_of(whole, "$http_user_agent") == "user_agent");
}

TEST_CASE("the escaping of a log_format decides how its texts are read back") {
  const auto escape_of = [](std::string_view text) {
    return compiled(kNginx, text).profile.texts.front().parts.front().field.escape;
  };
  CHECK(escape_of("log_format a '$request_uri $remote_addr';") == TextEscape::kBackslash);
  CHECK(escape_of("log_format a escape=none '$request_uri $remote_addr';") == TextEscape::kNone);
  CHECK(escape_of("escape=none $request_uri $remote_addr") == TextEscape::kNone);
  CHECK(escape_of("escape=json '$request_uri $remote_addr'") == TextEscape::kBackslash);
  CHECK(complaint(kNginx, "log_format a escape=xml '$request_uri';").find("column 14: escape=xml") !=
        std::string::npos);
}

TEST_CASE("of a JSON directive the keys are mapped from the variables behind them, at any depth") {
  const auto directive = compiled(kNginx, R"(log_format j escape=json '{'
    '"when":"$time_iso8601","who":{"ip":"$remote_addr","agent":"$http_user_agent"},'
    '"line":"$request","to/from":"$request_uri","took":$request_time,"n":[1,"$status"]}';)");
  REQUIRE_FALSE(directive.profile.reads_text());
  const auto& profile = directive.profile;
  CHECK(profile.time.pointers == std::vector<std::string>{"/when"});
  CHECK(profile.client_ip.pointers == std::vector<std::string>{"/who/ip"});
  CHECK(profile.user_agent.pointers == std::vector<std::string>{"/who/agent"});
  CHECK(profile.target.pointers == std::vector<std::string>{"/line", "/to~1from"});
  CHECK(profile.duration.pointers == std::vector<std::string>{"/took"});
  CHECK(profile.pointer_units.front() == std::pair<std::string, DurationUnit>{"/took", DurationUnit::kSeconds});
  CHECK(profile.status.pointers == std::vector<std::string>{"/n/1"});
  CHECK(directive.warnings.empty());
  CHECK(directive.sample.find(R"("when":"2021-11-12T13:14:15+00:00")") != std::string::npos);
}

TEST_CASE("a header in a JSON directive is looked at, whatever its key is called") {
  InputOptions options;
  options.profile =
      compiled(kNginx, R"({"when":"$msec","ip":"$remote_addr","req":"$request","who":{"tenant":"$http_x_tenant"}})")
          .profile;
  EventParser parser(options);
  Event event;
  REQUIRE(
      parser
          .parse(
              R"({"when":"1636722855.678","ip":"192.0.2.1","req":"GET /a?b=c HTTP/1.1","who":{"tenant":"a' or 1=1"}})",
              event)
          .ok());
  CHECK(event.query == "b=c");
  REQUIRE(event.headers.size() == 1);
  CHECK(event.headers[0].name == "tenant");
  CHECK(event.headers[0].value == "a' or 1=1");
}

TEST_CASE("values of several variables in a JSON directive are what they are together") {
  const auto directive = compiled(kNginx, R"({"req":"$request_method $scheme://$host$request_uri $server_protocol",
    "peer":"$remote_addr:$remote_port","t":"$time_iso8601","ua":"ua=$http_user_agent"})");
  CHECK(directive.profile.target.pointers == std::vector<std::string>{"/req"});
  CHECK(directive.profile.client_ip.pointers == std::vector<std::string>{"/peer"});
  CHECK(directive.profile.user_agent.pointers == std::vector<std::string>{"/ua"});
}

TEST_CASE("what begins like JSON and is none is read as text, with a warning") {
  const auto directive =
      compiled(kNginx, R"({"ip":"$remote_addr" "uri":"$request_uri" "ua":"$http_user_agent" "t":"$msec"})");
  CHECK(directive.profile.reads_text());
  CHECK(warns_of(directive, "begins like JSON"));
}

TEST_CASE("what detection needs and a directive leaves out is named") {
  const auto directive = compiled(kNginx, "[$time_local] $uri $status");
  CHECK(warns_of(directive, "no client address"));
  CHECK(warns_of(directive, "Add $remote_addr."));
  CHECK(warns_of(directive, "no query"));
  CHECK(warns_of(directive, "no user agent"));
  CHECK(warns_of(directive, "$uri is the path after the server decoded it"));
  CHECK(warns_of(compiled(kApache, R"(%h "%r" %>s)"), "no time"));
  CHECK(complaint(kNginx, "$remote_addr [$time_local] $status").find("says what was requested") != std::string::npos);
}

TEST_CASE("what cannot be understood is an error with its position in the directive") {
  CHECK(complaint(kNginx, "$remote_addr\n[$time_local] $ $request").find("line 2, column 15: a $") == 0);
  CHECK(complaint(kNginx, "$status$request") ==
        "line 1, column 8: nothing stands between $status and $request: where the first ends would be a guess");
  CHECK(complaint(kNginx, "log_format a '$request").find("column 14: the quote ' is not closed") != std::string::npos);
  CHECK(complaint(kApache, R"(%h "%r" %y)") == "line 1, column 9: Apache knows no %y");
  CHECK(complaint(kApache, R"(%h "%r" %{a)").find("column 10: the brace") != std::string::npos);
  CHECK(complaint(kApache, R"(%h "%r" %)").find("column 9: a % without a letter") != std::string::npos);
  CHECK(complaint(kHaproxy, "%ci %HU %xyz") == "line 1, column 9: HAProxy knows no variable %xyz");
  CHECK(complaint(kHaproxy, "%ci %HU %[src").find("column 9: the bracket") != std::string::npos);
  CHECK(complaint(kEnvoy, "%REQ(:PATH)% %DURATION").find("column 14: %DURATION has no percent sign") !=
        std::string::npos);
  CHECK(complaint(kEnvoy, "%REQ(:PATH% x").find("column 1: the bracket of %REQ(") != std::string::npos);
  CHECK(complaint(kNginx, "just text").find("there is no variable of nginx") != std::string::npos);
  CHECK(complaint(kNginx, std::string_view("$request\0", 9)).find("column 9: a byte of value 0") != std::string::npos);
}

TEST_CASE("a variable nearly spelt like a known one is skipped with a question") {
  const auto directive = compiled(kNginx, "$remote_addr [$time_local] $request_uri $http_user_agent $statuss $my_map");
  CHECK(warns_of(directive, "is $status meant?"));
  CHECK_FALSE(warns_of(directive, "my_map"));
  CHECK(warns_of(compiled(kEnvoy, "%REQ(:PATH)% %DURATON%"), "is %DURATION% meant?"));
}

TEST_CASE("a LogFormat is compiled with its modifiers, arguments and escapes") {
  const auto directive = compiled(
      kApache,
      R"(LogFormat "%v:%p %{c}a %l %u %{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t \"%r\" %>s %!200,304{X-Real-IP}i %D \"%{User-Agent}i\"\t%{Content-Type}o" long)");
  const auto fields = fields_of(directive,
                                "www.example.com:443 192.0.2.9 - - 2021-11-12T13:14:15.678901+0000 \"GET /x HTTP/1.1\" "
                                "500 - 1234 \"a\\\"b\"\ttext/html");
  CHECK(fields.at("host") == "www.example.com");
  CHECK(fields.at("client_ip") == "192.0.2.9");
  CHECK(fields.at("time") == "2021-11-12T13:14:15.678901+0000");
  CHECK(fields.at("target") == "GET /x HTTP/1.1");
  CHECK(fields.at("status") == "500");
  CHECK(fields.at("header x-real-ip") == "-");
  CHECK(fields.at("user_agent") == R"(a\"b)");
  CHECK(use_of(directive, "%D") == "duration");
}

TEST_CASE("the nicknames that configurations bring are understood") {
  for (const auto* name : {"common", "combined", "vhost_combined", "combinedio"})
    CHECK(compiled(kApache, name).profile.reads_text());
  for (const auto* name : {"httplog", "httplog clf", "httpslog"})
    CHECK(compiled(kHaproxy, name).profile.reads_text());
  CHECK(compiled(kNginx, "combined").warnings.empty());
  CHECK(warns_of(compiled(kEnvoy, "default"), "no client address"));
}

TEST_CASE("HAProxy's captured headers have the names of the lines pasted with the log-format") {
  const auto directive = compiled(kHaproxy, R"(
frontend www
  capture request header Host len 64
  capture request header User-Agent len 128
  http-request set-var(txn.ref) req.hdr(Referer)
  log-format "%ci:%cp [%tr] %ft %b/%s %ST %B %hr %hs %{+Q}r %{+Q}[var(txn.ref)]"
)");
  const auto fields = fields_of(
      directive,
      R"(192.0.2.1:1234 [12/Nov/2021:13:14:15.678] www be/s1 200 80 {example.com|curl #22x#22} "GET /a?b=c HTTP/1.1" "http://r/")");
  CHECK(fields.at("host") == "example.com");
  CHECK(fields.at("user_agent") == "curl #22x#22");
  CHECK(fields.at("target") == "GET /a?b=c HTTP/1.1");
  CHECK(fields.at("referer") == "http://r/");
}

TEST_CASE("captured headers of unknown names are looked at, whether they are there or not") {
  const auto directive = compiled(kHaproxy, "httplog");
  CHECK(warns_of(directive, "capture request header"));
  const auto with = fields_of(
      directive,
      R"(192.0.2.1:1234 [12/Nov/2021:13:14:15.678] www be/s1 0/0/0/1/1 200 80 - - ---- 1/1/0/0/0 0/0 {a|b} "GET /a HTTP/1.1")");
  CHECK(with.at("header captured-headers") == "0 {a|b}");
  CHECK(with.at("target") == "GET /a HTTP/1.1");
  const auto without = fields_of(
      directive,
      R"(192.0.2.1:1234 [12/Nov/2021:13:14:15.678] www be/s1 0/0/0/1/1 200 80 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1")");
  CHECK(without.at("target") == "GET /a HTTP/1.1");
}

TEST_CASE("spaces in a row are one in HAProxy's log, and may be written with backslashes in its file") {
  const auto directive = compiled(kHaproxy, R"(log-format %ci\ \ %HM\ %HP%HQ\ %ST)");
  const auto fields = fields_of(directive, "192.0.2.1 GET /a?b=c 200");
  CHECK(fields.at("target") == "/a?b=c");
  CHECK(fields.at("method") == "GET");
}

TEST_CASE("HAProxy's quotes are put where the flag Q says, also by %o") {
  const auto fields = fields_of(compiled(kHaproxy, R"(%{+Q}o %{-Q}ci %ST %r %[src] %{-Q}HM)"),
                                R"(192.0.2.1 200 "GET / HTTP/1.1" "192.0.2.1" GET)");
  CHECK(fields.at("client_ip") == "192.0.2.1");
  CHECK(fields.at("target") == "GET / HTTP/1.1");
}

TEST_CASE("an Envoy format is compiled with fallbacks, lengths and formats of time") {
  const auto directive =
      compiled(kEnvoy,
               "[%START_TIME(%Y/%m/%d)%] [%START_TIME(%s.%3f)%] %REQ(X-ENVOY-ORIGINAL-PATH?:PATH):256% 100%% "
               "\"%REQ(USER-AGENT)%\" "
               "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)% %REQ(X-TENANT?USER-AGENT)% %DOWNSTREAM_REMOTE_ADDRESS%\n");
  const auto fields = fields_of(directive, "[2021/11/12] [1636722855.678] /a?b=c 100% \"curl\" 55 - 192.0.2.1:4444");
  CHECK(fields.at("target") == "/a?b=c");
  CHECK(fields.at("time") == "1636722855.678");
  CHECK(fields.at("client_ip") == "192.0.2.1:4444");
  CHECK(fields.at("duration") == "55");
  const auto json = compiled(kEnvoy, R"({"start":"%START_TIME%","req":{"path":"%REQ(:PATH)%","ua":"%REQ(USER-AGENT)%"},
    "peer":"%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%","code":"%RESPONSE_CODE%"})");
  CHECK(json.profile.target.pointers == std::vector<std::string>{"/req/path"});
  CHECK(json.profile.user_agent.pointers == std::vector<std::string>{"/req/ua"});
  CHECK(json.warnings.empty());
}

TEST_CASE("the sample line of a directive is read by it") {
  for (const auto* text : {"combined", "$msec $remote_addr $scheme://$host$request_uri \"$http_user_agent\"",
                           "$remote_addr [$time_iso8601] $uri$is_args$args|$http_x_real_ip"}) {
    const auto directive = compiled(kNginx, text);
    CHECK(fields_of(directive, directive.sample).count("client_ip") == 1);
  }
}

TEST_CASE("a time is read by the patterns that weir reads, and no other") {
  CHECK(kind_of_time_pattern("%Y-%m-%dT%H:%M:%S.%3fZ") == TimePatternKind::kTime);
  CHECK(kind_of_time_pattern("%s.%3f") == TimePatternKind::kTime);
  CHECK(kind_of_time_pattern("%d/%b/%Y:%H:%M:%S %z") == TimePatternKind::kTime);
  CHECK(kind_of_time_pattern("%F") == TimePatternKind::kDate);
  CHECK(kind_of_time_pattern("%T") == TimePatternKind::kClock);
  CHECK(kind_of_time_pattern("%m/%d/%y") == TimePatternKind::kUnread);
  CHECK(kind_of_time_pattern("%3f") == TimePatternKind::kUnread);
}

TEST_CASE("hostile directives end soon, in a reader or in an error") {
  const auto processor_seconds = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec;
  };
  const auto repeated = [](std::string_view text) {
    std::string all;
    while (all.size() < 16 * 1024)
      all += text;
    all.resize(16 * 1024);
    return all;
  };
  for (const auto server : {kNginx, kApache, kHaproxy, kEnvoy}) {
    for (const auto* text :
         {"$a ", "%{%Y}t", "%a ", "{", "{\"a\":", "[", "%START_TIME(", "%REQ(A)", "%[a(", "%[date,utime(", "'", "\\",
          "%{+Q}", "$uri$args", "log_format ", "%(", "\"$a\":\"$b\",", "%{%s}t.%{msec_frac}t "}) {
      const auto started = processor_seconds();
      const auto directive = compile_directive(server, repeated(text));
      CHECK(processor_seconds() - started < 5);
      if (!directive) CHECK(directive.error().detail.size() < 600);
    }
  }
  CHECK(complaint(kNginx, std::string(16 * 1024 + 1, '$')).find("16384") != std::string::npos);
}
