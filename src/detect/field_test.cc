// What each field name and each modifier matches, one behaviour a case.
#include <filesystem>

#include "base/catch.h"
#include "detect/program/field_map.h"
#include "detect/test_rules.h"

using namespace weir;
using namespace weir::testing;

namespace {

/// "1" when the item matches a query parameter line.
std::string on_query(const std::string& item, const std::string& line) {
  return RuleBench(rule_item(item, 1)).hits({{Place::kQuery, line}});
}
std::string on_agent(const std::string& item, const std::string& line) {
  return RuleBench(rule_item(item, 1)).hits({{Place::kUserAgent, line}});
}
std::string on_event(const std::string& item, const Event& event) {
  return RuleBench(rule_item(item, 1)).hits(event);
}

}  // namespace

TEST_CASE("every public rule compiles") {
  const std::string directory = WEIR_SOURCE_DIR "/../shared/sigma";
  if (!std::filesystem::exists(directory)) {
    WARN("skipped: no public rules beside the source tree");
    return;
  }
  Diagnostics diagnostics;
  const auto rules = load_rules({directory}, diagnostics);
  const auto set = RuleSet::compile(rules, {}, diagnostics);
  for (const auto& finding : diagnostics)
    if (finding.severity == Diagnostic::Severity::kError) FAIL_CHECK(finding.to_string());
  REQUIRE(set.has_value());
  CHECK((*set)->rules().size() == rules.size());
}

TEST_CASE("contains is caseless and finds any part; cased is not") {
  CHECK(on_query("weir.query|contains: 'UnIoN'", "id=1 unION all") == "1");
  CHECK(on_query("weir.query|contains: 'union'", "id=1 uni on") == "");
  CHECK(on_query("weir.query|contains|cased: 'union'", "id=1 UNION") == "");
  CHECK(on_query("weir.query|contains|cased: 'union'", "id=1 union") == "1");
  CHECK(on_query("weir.query|contains: '.*[$('", "id=a.*[$(b") == "1");
}

TEST_CASE("a plain value is the whole field") {
  CHECK(on_agent("cs-user-agent: 'curl'", "curl") == "1");
  CHECK(on_agent("cs-user-agent: 'curl'", "CURL") == "1");
  CHECK(on_agent("cs-user-agent: 'curl'", "curl/8") == "");
  CHECK(on_agent("cs-user-agent: 'curl'", "xcurl") == "");
  CHECK(on_agent("cs-user-agent: 'c?rl*8'", "curl/7.8") == "1");
  CHECK(on_agent("cs-user-agent: 'c?rl'", "crl") == "");
}

TEST_CASE("startswith and endswith keep to the field's ends") {
  CHECK(on_agent("cs-user-agent|startswith: 'moz'", "Mozilla") == "1");
  CHECK(on_agent("cs-user-agent|startswith: 'moz'", "xMozilla") == "");
  CHECK(on_agent("cs-user-agent|endswith: '='", "abc=") == "1");
  CHECK(on_agent("cs-user-agent|endswith: '='", "abc=d") == "");
  RuleBench bench(rule_item("cs-user-agent|startswith: 'moz'", 1));
  CHECK(bench.hits({{Place::kPath, "/a"}, {Place::kUserAgent, "mozilla"}, {Place::kReferer, "x"}}) == "1");
  CHECK(bench.hits({{Place::kPath, "moz"}, {Place::kUserAgent, "other"}}) == "");
}

TEST_CASE("a value of a named line begins behind its name") {
  CHECK(on_query("weir.param|startswith: 'http:'", "u=http://x") == "1");
  CHECK(on_query("weir.param|startswith: 'http:'", "u=a http://x") == "");
  CHECK(on_query("weir.param: 'admin'", "role=admin") == "1");
  CHECK(on_query("weir.param: 'admin'", "role=admins") == "");
  CHECK(on_query("weir.param|endswith: '--'", "q=1--") == "1");
}

TEST_CASE("a field looks only at its places") {
  RuleBench bench(rule_item("weir.form|contains: abc", 1) + "---\n" + rule_item("weir.json|contains: abc", 2) +
                  "---\n" + rule_item("weir.text|contains: abc", 3) + "---\n" +
                  rule_item("weir.param|contains: abc", 4) + "---\n" + rule_item("weir.path|contains: abc", 5) +
                  "---\n" + rule_item("weir.header|contains: abc", 6) + "---\n" +
                  rule_item("weir.body|contains: abc", 7) + "---\n" + rule_item("weir.cookie|contains: abc", 8) +
                  "---\n" + rule_item("'|all': [abc]", 9));
  CHECK(bench.hits({{Place::kForm, "a=abc"}}) == "1349");
  CHECK(bench.hits({{Place::kJson, "a[b]=abc"}}) == "2349");
  CHECK(bench.hits({{Place::kPath, "/abc"}}) == "359");
  CHECK(bench.hits({{Place::kHeader, "x=abc"}}) == "369");
  CHECK(bench.hits({{Place::kBody, "abc"}}) == "379");
  CHECK(bench.hits({{Place::kCookie, "c=abc"}}) == "3489");
  CHECK(bench.hits({{Place::kRawUri, "/abc"}}) == "9");
  CHECK(bench.hits({{Place::kRawBody, "abc"}}) == "");
}

TEST_CASE("public fields look at the raw text and at the decoded one") {
  RuleBench bench(rule_item("cs-uri-query|contains: \"' or\"", 1) + "---\n" +
                  rule_item("cs-uri-query|contains: '%27'", 2) + "---\n" + rule_item("cs-uri-query: 'a=1&b=2'", 3));
  CHECK((bench.set->raw_places() & mask_of(Place::kRawQuery)) != 0);
  CHECK((bench.set->raw_places() & mask_of(Place::kRawBody)) == 0);
  CHECK(bench.hits({{Place::kQuery, "a=' or"}, {Place::kRawQuery, "a=%27%20or"}}) == "12");
  CHECK(bench.hits({{Place::kQuery, "a=1"}, {Place::kQuery, "b=2"}, {Place::kRawQuery, "a=1&b=2"}}) == "3");
  CHECK(RuleBench(rule_item("weir.text|contains: abc")).set->raw_places() == 0);
}

TEST_CASE("names of ECS and of the taxonomies mean the same places") {
  for (const char* pair : {"cs-uri url.original", "c-uri url.full", "cs-uri-stem url.path", "cs-uri-query url.query",
                           "c-useragent user_agent.original", "cs-referer http.request.referrer"}) {
    const std::string names(pair);
    const auto left = find_field(names.substr(0, names.find(' ')));
    const auto right = find_field(names.substr(names.find(' ') + 1));
    REQUIRE((left && right));
    CHECK((left->anywhere == right->anywhere && left->whole == right->whole));
  }
}

TEST_CASE("regular expressions: case, flags, line ends") {
  CHECK(on_query("weir.query|re: 'un.on'", "q=union") == "1");
  CHECK(on_query("weir.query|re: 'un.on'", "q=UNION") == "");
  CHECK(on_query("weir.query|re|i: 'un.on'", "q=UNION") == "1");
  CHECK(on_query("weir.query|re: '(?i)union'", "q=UNION") == "1");
  CHECK(on_agent("cs-user-agent|re: '^a.c$'", "abc") == "1");
  CHECK(on_agent("cs-user-agent|re: '\\Aabc\\z'", "abc") == "1");
  CHECK(on_agent("cs-user-agent|re: '^a.c$'", "xabc") == "");
}

TEST_CASE("no expression reaches over the end of a line") {
  for (const std::string pattern :
       {"one[^x]two", "one\\stwo", "one\\Wtwo", "one\\Dtwo", "one(?s).two", "one[\\s\\S]two", "one[[:space:]]two",
        "one\\ntwo", "one\\Rtwo", "one[\\x00-\\x1f]two", "one[^[:alpha:]]two", "one\\Htwo", "(?s:one.two)"}) {
    INFO(pattern);
    RuleBench bench(rule_item("weir.text|re: '" + pattern + "'", 1));
    CHECK(bench.hits({{Place::kQuery, "one"}, {Place::kQuery, "two"}}) == "");
    RuleBench raw(rule_item("cs-uri|re: '" + pattern + "'", 1));
    CHECK(raw.hits({{Place::kRawUri, "one"}, {Place::kPath, "two"}}) == "");
  }
}

TEST_CASE("classes keep their meaning within a line") {
  CHECK(on_query("weir.query|re: 'a[^b]c'", "q=axc") == "1");
  CHECK(on_query("weir.query|re: 'a[^b]c'", "q=abc") == "");
  CHECK(on_query("weir.query|re|i: 'a[^b]c'", "q=aBc") == "");
  CHECK(on_query("weir.query|re: 'a\\sc'", "q=a c") == "1");
  CHECK(on_query("weir.query|re: 'a\\Sc'", "q=a c") == "");
  CHECK(on_query("weir.query|re: 'a\\W\\Dc'", "q=a-+c") == "1");
  CHECK(on_query("weir.query|re: 'a[\\w-]{2}c'", "q=a-_c") == "1");
  CHECK(on_query("weir.query|re: 'a[]x]c'", "q=a]c") == "1");
  CHECK(on_query("weir.query|re: 'a[[:digit:]x-]c'", "q=a-c") == "1");
  CHECK(on_query("weir.query|re: 'a\\Q[.\\Ec'", "q=a[.c") == "1");
  CHECK(on_query("weir.query|re: 'a\\x5b\\x{5d}c'", "q=a[]c") == "1");
  // Decoding maps a line break inside a value to a space.
  CHECK(on_query("weir.query|re: 'a\\r\\nSet'", "q=a  Set") == "1");
  CHECK(on_query("weir.query|re: 'a[\\r\\n]+Set'", "q=a  Set") == "1");
}

TEST_CASE("a word boundary knows letters beyond ASCII, and signs beyond ASCII are no letters") {
  const std::string word = "weir.query|re|i: '\\belt\\b'";
  CHECK(on_query(word, "q=an elt here") == "1");
  CHECK(on_query(word, "q=felt") == "");
  CHECK(on_query(word,
                 "q=Ha\xc3\x9f"
                 "elt (9)") == "");              // sharp s
  CHECK(on_query(word, "q=elt\xc3\xa9") == "");  // e with an accent
  CHECK(on_query(word,
                 "q=\xe4\xb8\xad"
                 "elt") == "");  // an ideograph
  CHECK(on_query(word,
                 "q=\xe2\x80\x9c"
                 "elt\xe2\x80\x9d") == "1");  // typographic quotes
  CHECK(on_query(word,
                 "q=a\xef\xbf\xbd"
                 "elt") == "1");  // a replacement character
  CHECK(on_query(word,
                 "q=\xc3\x9f"
                 "elt, elt") == "1");  // the second one counts
  CHECK(on_query("weir.query|re: '[ab]{2}\\b'", "q=ab\xc3\xa9") == "");
}

TEST_CASE("markup is looked for where a browser may see it, words of commands not in cookies and user agents") {
  RuleBench markup(rule_item("weir.markup|contains: <link", 1));
  CHECK(markup.hits({{Place::kBody, "<link>"}}) == "1");
  CHECK(markup.hits({{Place::kXml, "a=<link>"}}) == "1");
  CHECK(markup.hits({{Place::kXmlDocument, "<link>"}}) == "");
  RuleBench text(rule_item("weir.text|contains: <link", 1));
  CHECK(text.hits({{Place::kXmlDocument, "<link>"}}) == "1");
  RuleBench value(rule_item("weir.value|contains: ';id'", 1));
  CHECK(value.hits({{Place::kForm, "a=;id"}}) == "1");
  CHECK(value.hits({{Place::kCookie, "a=;id"}}) == "");
  CHECK(value.hits({{Place::kUserAgent, ";id"}}) == "");
}

TEST_CASE("expressions only PCRE2 understands are prefiltered and confirmed") {
  CHECK(on_query("weir.query|re: '(\\d)=\\1;'", "q=7=7;") == "1");
  CHECK(on_query("weir.query|re: '(\\d)=\\1;'", "q=7=8;") == "");
  CHECK(on_query("weir.query|re: 'foo(?!bar)'", "q=foobar") == "");
  CHECK(on_query("weir.query|re: 'foo(?!bar)'", "q=foobaz") == "1");
  RuleBench bench(rule_item("weir.query|re: 'foo(?!bar)'", 1));
  CHECK(bench.hits({{Place::kQuery, "a=foobar"}, {Place::kQuery, "b=foobaz"}}) == "1");
  CHECK(bench.detection.hits.at(0).line == 1);
}

TEST_CASE("an expression that matches an empty text still works") {
  RuleBench bench(rule_item("weir.query|re: '^$|q=x'", 1));
  CHECK(bench.findings.find("is slow") != std::string::npos);
  CHECK(bench.hits({{Place::kQuery, "q=x"}}) == "1");
  CHECK(bench.hits({{Place::kQuery, "q=y"}}) == "");
}

TEST_CASE("expressions that cannot work are refused with file and line") {
  CHECK(compile_errors(rule_item("weir.query|re: 'a(b'")).find("r.yml:7: error:") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.query|re: 'a[b'")).find("not closed") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.query|re: 'a\\Cb'")).find("not supported") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.query|re: '(*UTF8)a'")).find("not supported") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.query|re: 'a[z-b]'")).find("out of order") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.query|re: 'a\\'")).find("backslash") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.qeury|contains: 'a'")).find("unknown field 'weir.qeury'") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.evasion: 'tricks'")).find("no value 'tricks'") != std::string::npos);
  CHECK(compile_errors(rule_item("weir.query|cidr: 10.0.0.0/8")).find("one address") != std::string::npos);
  CHECK(compile_errors(rule_item("cs-host|gt: 5")).find("holds text") != std::string::npos);
}

TEST_CASE("one bad rule refuses the whole set") {
  const std::string errors =
      compile_errors(rule_item("weir.query|contains: fine", 1) + "---\n" + rule_item("weir.query|re: 'a(b'", 2));
  CHECK(errors.find("refused") == 0);
}

TEST_CASE("numbers: equality, comparisons, text forms") {
  Event event;
  event.status = 404;
  event.request_bytes = 1000;
  event.duration = Microseconds{1500};
  CHECK(on_event("sc-status: 404", event) == "1");
  CHECK(on_event("sc-status: [200, 404]", event) == "1");
  CHECK(on_event("sc-status: 40", event) == "");
  CHECK(on_event("sc-status: '404'", event) == "1");
  CHECK(on_event("sc-status|startswith: '4'", event) == "1");
  CHECK(on_event("sc-status|contains: '05'", event) == "");
  CHECK(on_event("sc-status|gte: 404", event) == "1");
  CHECK(on_event("sc-status|gt: 404", event) == "");
  CHECK(on_event("sc-status|lt: 500", event) == "1");
  CHECK(on_event("sc-status|lte: 403", event) == "");
  CHECK(on_event("sc-status|neq: 200", event) == "1");
  CHECK(on_event("sc-status|neq: [200, 404]", event) == "");
  CHECK(on_event("sc-status|re: '^4\\d\\d$'", event) == "1");
  CHECK(on_event("cs-bytes|gt: 999.5", event) == "1");
  CHECK(on_event("time-taken|gt: 1", event) == "1");
  CHECK(on_event("event.duration: 1500000", event) == "1");
  CHECK(on_event("sc-status|lt: 500", Event{}) == "");  // no status: nothing to compare
}

TEST_CASE("short texts of the event") {
  Event event;
  event.method = "POST";
  event.path = "/a.b/shell.PHP";
  event.host = "h.example";
  event.scheme = "https";
  event.query = "x=1";
  CHECK(on_event("cs-method: post", event) == "1");
  CHECK(on_event("cs-method|cased: post", event) == "");
  CHECK(on_event("cs-method: [GET, PUT]", event) == "");
  CHECK(on_event("cs-method|re: '^P'", event) == "1");
  CHECK(on_event("c-uri-extension: php", event) == "1");
  CHECK(on_event("c-uri|startswith: 'https://h.example/a'", event) == "1");
  CHECK(on_event("c-uri: 'http://*'", event) == "");
}

TEST_CASE("addresses") {
  Event event;
  event.client_ip = *IpAddress::parse("10.1.2.3");
  CHECK(on_event("c-ip|cidr: 10.0.0.0/8", event) == "1");
  CHECK(on_event("src_ip|cidr: [192.168.0.0/16, 172.16.0.0/12]", event) == "");
  CHECK(on_event("source.ip: 10.1.2.3", event) == "1");
  CHECK(on_event("c-ip|startswith: '10.'", event) == "1");
  event.host = "10.9.9.9:8080";
  CHECK(on_event("cs-host|cidr: 10.9.0.0/16", event) == "1");
}

TEST_CASE("exists, null and the empty text") {
  Event with;
  with.cookie = "a=b";
  CHECK(on_event("cs-cookie|exists: true", with) == "1");
  CHECK(on_event("cs-cookie|exists: true", Event{}) == "");
  CHECK(on_event("cs-cookie|exists: false", Event{}) == "1");
  CHECK(on_event("cs-cookie: null", Event{}) == "1");
  CHECK(on_event("cs-cookie: null", with) == "");
  CHECK(on_event("cs-cookie: ''", Event{}) == "1");
  CHECK(on_event("cs-cookie: '*'", with) == "1");
  CHECK(on_event("cs-username: null", with) == "1");
  CHECK(on_event("cs-username|contains: root", with) == "");
  CHECK(RuleBench(rule_item("weir.json|exists: true", 1)).hits({{Place::kJson, "a=1"}}) == "1");
}

TEST_CASE("fieldref compares two fields of one request") {
  Event event;
  event.host = "evil.example";
  event.referer = "http://EVIL.example/x";
  CHECK(on_event("cs-referer|fieldref|contains: cs-host", event) == "1");
  CHECK(on_event("cs-referer|fieldref: cs-host", event) == "");
  CHECK(on_event("cs-referer|fieldref|startswith: cs-host", event) == "");
  CHECK(on_event("cs-referer|cased|fieldref|contains: cs-host", event) == "");
  event.host = {};
  CHECK(on_event("cs-referer|fieldref|contains: cs-host", event) == "");
}

TEST_CASE("evasions and decode steps by name") {
  DecodedRecord record = record_of({{Place::kQuery, "a=b"}});
  RuleBench bench(rule_item("weir.evasion: [double_encoding, null_byte]", 1) + "---\n" +
                  rule_item("weir.evasion|all: [double_encoding, null_byte]", 2) + "---\n" +
                  rule_item("weir.steps: percent_twice", 3));
  CHECK(bench.hits(Event{}, record) == "");
  record.evasions = static_cast<Evasions>(Evasion::kNullByte);
  CHECK(bench.hits(Event{}, record) == "1");
  record.evasions = static_cast<Evasions>(static_cast<unsigned>(Evasion::kNullByte) |
                                          static_cast<unsigned>(Evasion::kDoubleEncoding));
  record.lines[0].steps = static_cast<DecodeSteps>(DecodeStep::kPercentTwice);
  CHECK(bench.hits(Event{}, record) == "123");
}

TEST_CASE("encodings are found where they stand in a longer text") {
  RuleBench bench(rule_item("weir.param|base64offset|contains: '/bin/sh'", 1));
  CHECK(bench.hits({{Place::kQuery, "p=eHgvYmluL3NoIC1j"}}) == "1");  // base64 of "xx/bin/sh -c"
  CHECK(bench.hits({{Place::kQuery, "p=eHgvYmluL3Rz"}}) == "");
  CHECK(on_query("weir.param|windash|contains: ' -enc '", "c=a /ENC b") == "1");
}

TEST_CASE("a part of a URI reaches over the scheme into the host") {
  Event event;
  event.path = "/a";
  event.host = "h.example";
  event.scheme = "https";
  CHECK(on_event("c-uri|contains: '://h.example/'", event) == "1");
  CHECK(on_event("c-uri|startswith: 'http'", event) == "1");
  CHECK(on_event("c-uri|contains: '://other.example/'", event) == "");
  CHECK(on_event("cs-uri-query|contains: '://h.example/'", event) == "");
  CHECK(RuleBench(rule_item("c-uri|contains: '://h.example/'", 1)).hits({{Place::kQuery, "u=ftp://h.example/"}}) ==
        "1");
}

TEST_CASE("keywords see the method and the status") {
  Event event;
  event.method = "POST";
  event.status = 200;
  const auto hits = [&](const std::string& selection) {
    return RuleBench(rule_text("  sel:\n" + selection + "\n  condition: sel", 1)).hits(event);
  };
  CHECK(hits("    - POST") == "1");
  CHECK(hits("    - 200") == "1");
  CHECK(hits("    '|all': [POST, 200]") == "1");
  CHECK(hits("    '|all': [POST, 404]") == "");
  CHECK(hits("    '|all': [GET, 200]") == "");
}

TEST_CASE("answers about texts that repeat are those about the text at hand", "[memo]") {
  RuleBench bench(rule_text("  s: {cs-content-type|re: '^text/(?:a|b)x*$'}\n  condition: s", 1));
  const auto hit = [&](std::string_view type) {
    Event event;
    event.content_type = type;
    return bench.hits(event) == "1";
  };
  const std::string long_type = "text/a" + std::string(100, 'x');
  for (int round = 0; round < 3; ++round) {
    CHECK(hit("text/a"));
    CHECK_FALSE(hit("text/c"));
    CHECK_FALSE(hit("next/a"));  // as long, with the same end
    CHECK(hit("text/b"));
    CHECK_FALSE(hit(""));
    CHECK(hit(long_type));
    CHECK_FALSE(hit("y" + long_type));
  }
}

TEST_CASE("an expression that gives up counts as a match, and is told") {
  RuleBench bench(rule_item("cs-method|re: '^(a|aa)+$'", 1));
  Event event;
  const std::string endless = std::string(200, 'a') + "b";
  for (int round = 0; round < 2; ++round) {
    event.method = endless;
    CHECK(bench.hits(event) == "1");
    CHECK(bench.detection.gave_up);
    event.method = "aaa";
    CHECK(bench.hits(event) == "1");
    CHECK_FALSE(bench.detection.gave_up);
  }
}
