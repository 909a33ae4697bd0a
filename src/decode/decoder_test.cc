#include "decode/decoder.h"

#include <string>
#include <vector>

#include "base/catch.h"
#include "decode/decode_test_support.h"

namespace weir {
namespace {

using testing::decode;
using testing::decode_body;
using testing::decode_query;
using testing::Lines;
using testing::lines_of;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

TEST_CASE("a query gives one line per parameter, decoded") {
  CHECK(lines_of(decode_query("q=1%27+or+1%3d1&x=%253Cscript%253E&flag&&=5&a%5Bb%5D=c=d")) ==
        Lines{"query: q=1' or 1=1", "query: x=<script>", "query: =flag", "query: =5", "query: a[b]=c=d"});
}

TEST_CASE("name and value of a line are told apart") {
  const DecodedRecord record = decode_query("a%3Db=c%3Dd&alone");
  REQUIRE(record.lines.size() == 2);
  CHECK(record.name_of(record.lines[0]) == "a=b");
  CHECK(record.value_of(record.lines[0]) == "c=d");
  CHECK(record.name_of(record.lines[1]).empty());
  CHECK(record.value_of(record.lines[1]) == "alone");
}

TEST_CASE("the path is one line, decoded, with its parameters") {
  Event event;
  event.path = "/a%2fb;jsessionid=1/..%255c+";
  CHECK(lines_of(decode(event)) == Lines{"path: /a/b;jsessionid=1/..\\+"});
}

TEST_CASE("cookies, headers, user agent, referer and host have their lines") {
  Event event;
  event.host = "example.com";
  event.user_agent = "curl/8 (%27)";
  event.referer = "https://a.example/x+y?q=a+b%3Cc";
  event.cookie = "a=1; b=%3Cb%3E ;c";
  const std::vector<Header> headers = {{"X-Forwarded-Host", "h%0d%0aX: y"},
                                       {"Accept", "text/html, */*"},
                                       {"Accept-Language", "en' or 1=1"},
                                       {"ACCEPT-ENCODING", "gzip"}};
  event.headers = headers;
  CHECK(lines_of(decode(event)) ==
        Lines{"host: example.com", "user_agent: curl/8 (')", "referer: https://a.example/x y?q=a b<c", "cookie: a=1",
              "cookie: b=<b>", "cookie: =c", "header: x-forwarded-host=h X: y", "header: accept-language=en' or 1=1"});
}

TEST_CASE("an odd content type is scanned, an ordinary one is not") {
  CHECK(lines_of(decode_body("%{(#a='b')}", "")) == Lines{"header: content-type=%{(#a='b')}"});
  CHECK(lines_of(decode_body("application/json; charset=utf-8", "")).empty());
}

TEST_CASE("a JSON body gives one line per leaf, named in brackets") {
  CHECK(lines_of(decode_body("application/json",
                             R"({"user":{"$ne":1,"name":"a\"b"},"ids":[7,"x",true,null,-1.5e3],"o":{},"l":[]})")) ==
        Lines{"json: user[$ne]=1", "json: user[name]=a\"b", "json: ids[]=7", "json: ids[]=x", "json: ids[]=true",
              "json: ids[]=null", "json: ids[]=-1.5e3", "json: o={}", "json: l=[]"});
}

TEST_CASE("JSON is recognised whatever the content type says") {
  for (const char* content_type : {"", "text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json"}) {
    CAPTURE(content_type);
    CHECK(lines_of(decode_body(content_type, "\xef\xbb\xbf \n[{\"a\":\"b&c=d\"}]")) == Lines{"json: a=b&c=d"});
  }
}

TEST_CASE("an XML body gives a line per text and attribute besides itself") {
  constexpr std::string_view kBody =
      R"(<?xml version="1.0"?><s:Order xmlns:s="http://h/ns" id="7" s:to='a&lt;b'><item>x&#x3b;id</item> <!-- c=1 --><n><![CDATA[1 < 2]]></n>tail</s:Order>)";
  Lines lines = lines_of(decode_body("text/xml", kBody));
  REQUIRE(!lines.empty());
  CHECK(lines.front().starts_with("xml_document: <?xml"));
  lines.erase(lines.begin());
  CHECK(lines == Lines{"xml: Order[id]=7", "xml: Order[to]=a<b", "xml: item=x;id", "xml: n=1 < 2", "xml: =tail"});
}

TEST_CASE("XML that is broken or cut off is read as far as it goes") {
  CHECK(lines_of(decode_body("", "<a b=\"1")) == Lines{"body: <a b=\"1", "xml: a[b]=1"});
  CHECK(lines_of(decode_body("", "<a b=c d>e<f")) == Lines{"body: <a b=c d>e<f", "xml: a[b]=c", "xml: a=e"});
  CHECK(lines_of(decode_body("", "<a><![CDATA[x")) == Lines{"body: <a><![CDATA[x", "xml: a=x"});
  CHECK(lines_of(decode_body("", "<a \"'= x><!-- y")) == Lines{"body: <a \"'= x><!-- y", "xml: a[]=x"});
  CHECK(lines_of(decode_body("", "< 5")) == Lines{"body: < 5"});
  std::string many = "<r>";
  for (int i = 0; i < 1000; ++i)
    many += "<i>v</i>";
  DecodeOptions options;
  options.lines_max = 20;
  CHECK(decode_body("", many, options).lines.size() <= 20);
}

TEST_CASE("the keys that lead to prototypes are not hidden by depth") {
  const Lines lines = lines_of(decode_body("", R"({"a":{"__proto__":{"b":{"c":{"d":1}}}}})"));
  CHECK(lines == Lines{"json: a[__proto__]=", "json: b[c][d]=1"});
}

TEST_CASE("JSON names keep the last three levels, arrays in the middle included") {
  CHECK(lines_of(decode_body("", R"({"a":{"b":{"c":{"d":1}}},"items":[{"name":"x"}]})")) ==
        Lines{"json: b[c][d]=1", "json: items[][name]=x"});
  CHECK(lines_of(decode_body("", R"([1,[2]])")) == Lines{"json: []=1", "json: []=2"});
}

TEST_CASE("an odd JSON key is scanned even when it stands far above its leaves, or is long") {
  const std::string long_key(300, 'k');
  CHECK(lines_of(decode_body("", R"({"$or":[{"a":{"b":{"c":1}}}]})")) == Lines{"json: $or=", "json: a[b][c]=1"});
  CHECK(lines_of(decode_body("", "{\"" + long_key + "\":1}")) ==
        Lines{"json: =" + long_key, "json: " + long_key.substr(0, 128) + "=1"});
  CHECK(lines_of(decode_body("", R"({"\u003cscript\u003e":"x"})")) == Lines{"json: <script>=x"});
}

TEST_CASE("escapes in JSON strings are undone, wrapped ones too") {
  CHECK(lines_of(decode_body("", R"({"a":"\u003cb\u003e \\u003c \/ \n\t x\ud83d\ude00 \q"})")) ==
        Lines{"json: a=<b> < / x\xf0\x9f\x98\x80 \\q"});
}

TEST_CASE("of cut-off or broken JSON the leaves found are kept and the rest is scanned as text") {
  CHECK(lines_of(decode_body("", R"({"a":1,"b":"<scr)")) == Lines{"json: a=1", "body: \"b\":\"<scr"});
  CHECK(lines_of(decode_body("", R"({"a":1}' or 1=1)")) == Lines{"json: a=1", "body: ' or 1=1"});
  CHECK(lines_of(decode_body("", R"({"a":1,{{7*7}})")) == Lines{"json: a=1", "body: {{7*7}}"});
  CHECK(lines_of(decode_body("", "{{7*7}}")) == Lines{"body: {{7*7}}"});
  CHECK(lines_of(decode_body("", "[")) == Lines{"body: ["});
  CHECK(lines_of(decode_body("", R"({"a":"b)")) == Lines{R"(body: {"a":"b)"});
}

TEST_CASE("several JSON values one behind the other are all read") {
  CHECK(lines_of(decode_body("application/x-ndjson", "{\"a\":1}\n{\"b\":2}\n")) == Lines{"json: a=1", "json: b=2"});
}

TEST_CASE("JSON nested too deep is scanned as text from there on") {
  DecodeOptions options;
  options.json_depth_max = 2;
  CHECK(lines_of(decode_body("", R"({"a":{"b":{"c":"}"},"d":1}})", options)) ==
        Lines{R"(json: a[b]={"c":"}"})", "json: a[d]=1"});
  CHECK_FALSE(lines_of(decode_body("", std::string(10000, '['))).empty());
}

TEST_CASE("a form gives one line per parameter, with or without its content type") {
  CHECK(lines_of(decode_body(kForm, "a=1+2&b=%3C&c")) == Lines{"form: a=1 2", "form: b=<", "form: =c"});
  CHECK(lines_of(decode_body("", "user[name]=x&b=y+z")) == Lines{"form: user[name]=x", "form: b=y z"});
}

TEST_CASE("a body of percent-encoded text without a content type is a form of one nameless field") {
  CHECK(lines_of(decode_body("", "%22%3Bselect+1")) == Lines{"form: =\";select 1"});
  CHECK(lines_of(decode_body("", "a+b")) == Lines{"body: a+b"});
  CHECK(lines_of(decode_body("", "%41 and a+b")) == Lines{"body: A and a+b"});
  CHECK(lines_of(decode_body("text/plain", "%41+b")) == Lines{"body: A+b"});
}

TEST_CASE("other bodies are one line") {
  CHECK(lines_of(decode_body("application/xml",
                             "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///c\">]>")) ==
        Lines{"xml_document: <?xml version=\"1.0\"?> <!DOCTYPE a [<!ENTITY b SYSTEM \"file:///c\">]>"});
  CHECK(lines_of(decode_body(kForm, "<a b=\"c&d\"/>")) == Lines{"body: <a b=\"c&d\"/>", "xml: a[b]=c&d"});
  CHECK(lines_of(decode_body("text/plain", "a line\nkey = value")) == Lines{"body: a line key = value"});
}

TEST_CASE("multipart bodies give a line per field, file name and file of text") {
  const std::string body =
      "--XX\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n1' or\r\n1=1\r\n"
      "--XX\r\ncontent-disposition: form-data; filename=\"../a.php\"; name=\"f\"\r\nContent-Type: "
      "text/php\r\n\r\n<?php x();\r\n"
      "--XX\r\nContent-Disposition: form-data; name=plain\r\nContent-Type: %{1+1}\r\n\r\n\r\n--XX--\r\n";
  const Lines expected = {"multipart: q=1' or 1=1", "multipart: f=../a.php", "multipart: f=<?php x();",
                          "multipart: =%{1+1}", "multipart: plain="};
  CHECK(lines_of(decode_body("multipart/form-data; boundary=XX", body)) == expected);
  CHECK(lines_of(decode_body("multipart/form-data; boundary=\"XX\"", body)) == expected);
  CHECK(lines_of(decode_body("", body)) == expected);
}

TEST_CASE("multipart with bare line feeds, a missing end or a wrong boundary loses nothing") {
  CHECK(lines_of(decode_body("multipart/form-data; boundary=B",
                             "--B\nContent-Disposition: form-data; name=\"a\"\n\nvalue")) ==
        Lines{"multipart: a=value"});
  CHECK(lines_of(decode_body("multipart/form-data; boundary=C",
                             "--B\nContent-Disposition: form-data; name=\"a\"\n\n<x>")) == Lines{"multipart: a=<x>"});
  CHECK(lines_of(decode_body("multipart/form-data", "no parts <x>")) == Lines{"body: no parts <x>"});
}

TEST_CASE("JSON inside a parameter gives its leaves under the parameter's name") {
  CHECK(lines_of(decode_query("filter=%7B%22a%22%3A%7B%22%24ne%22%3Anull%7D%7D&x=1")) ==
        Lines{"query: filter[a][$ne]=null", "query: x=1"});
  CHECK(lines_of(decode_body("", R"({"s":"{\"b\":\"<c>\"}"})")) == Lines{"json: s[b]=<c>"});
  CHECK(lines_of(decode_query("t={7*7}")) == Lines{"query: t={7*7}"});
  CHECK(lines_of(decode_query("e={}")) == Lines{"query: e={}"});
  CHECK(lines_of(decode_query("u={\"a\":1}'}")) == Lines{"query: u={\"a\":1}'}"});
}

TEST_CASE("base64 of text as a whole value gives one more line that says so") {
  const DecodedRecord record =
      decode_query("d=PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg%3D%3D&id=9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d");
  REQUIRE(lines_of(record) ==
          Lines{"query: d=PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", "query: d=<script>alert(1)</script>",
                "query: id=9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d"});
  CHECK(has(record.lines[1].steps, DecodeStep::kBase64));
  CHECK(has(record.lines[1].steps, DecodeStep::kPercent));
  CHECK_FALSE(has(record.lines[0].steps, DecodeStep::kBase64));
}

TEST_CASE("comments are stripped; where they hide text, the line is kept beside the stripped one") {
  const DecodedRecord plain = decode_query("q=1/**/UNION/**/SELECT");
  CHECK(lines_of(plain) == Lines{"query: q=1 UNION SELECT"});
  CHECK(has(plain.lines[0].steps, DecodeStep::kSqlComment));
  CHECK(has(plain.evasions, Evasion::kCommentSplitting));
  const DecodedRecord hiding = decode_query("q=ls%20/*;cat%20/etc/passwd;ls%20/*/");
  CHECK(lines_of(hiding) == Lines{"query: q=ls /*;cat /etc/passwd;ls /*/", "query: q=ls "});
  CHECK_FALSE(has(hiding.lines[0].steps, DecodeStep::kSqlComment));
}

TEST_CASE("of a run of spaces one stays, wherever they came from") {
  CHECK(lines_of(decode_query("q=a%20++%0a%09b")) == Lines{"query: q=a b"});
  CHECK(lines_of(decode_query("q=a/**//**/%20/**/b")) == Lines{"query: q=a b"});
  CHECK(lines_of(decode_query("q=a/*!50000 */b")) == Lines{"query: q=a b"});
  CHECK(lines_of(decode_query("q=+%20")) == Lines{"query: q= "});
  Event event;
  const std::string agent = "a  b" + std::string(40, ' ') + "c d";
  event.user_agent = agent;
  CHECK(lines_of(decode(event)).back() == "user_agent: a b c d");
  const DecodedRecord named = decode_query("a++b=c++d");
  REQUIRE(lines_of(named) == Lines{"query: a b=c d"});
  CHECK(named.name_of(named.lines[0]) == "a b");
}

TEST_CASE("raw places are written only on request, as logged") {
  Event event;
  event.path = "/a%2f";
  event.query = "q=%27+x";
  event.cookie = "c=%41";
  event.body = "a=%41\nb";
  DecodeOptions options;
  options.raw_places =
      mask_of(Place::kRawUri) | mask_of(Place::kRawQuery) | mask_of(Place::kRawCookie) | mask_of(Place::kRawBody);
  CHECK(lines_of(decode(event)) == Lines{"path: /a/", "query: q=' x", "cookie: c=A", "body: a=A b"});
  CHECK(lines_of(decode(event, options)) == Lines{"path: /a/", "query: q=' x", "cookie: c=A", "raw_uri: /a%2f?q=%27+x",
                                                  "raw_query: q=%27+x", "raw_cookie: c=%41", "body: a=A b",
                                                  "raw_body: a=%41 b"});
}

TEST_CASE("a line beyond its cap keeps its start and its end, and is counted") {
  DecodeOptions options;
  options.line_bytes_max = 64;
  const DecodedRecord record = decode_query("q=START" + std::string(500, 'x') + "END", options);
  REQUIRE(record.lines.size() == 1);
  CHECK(record.line_text(record.lines[0]).size() == 64);
  CHECK(record.line_text(record.lines[0]).starts_with("q=START"));
  CHECK(record.line_text(record.lines[0]).ends_with("END"));
  CHECK(has(record.lines[0].steps, DecodeStep::kTruncated));
  CHECK(record.truncated_lines == 1);
}

TEST_CASE("a crowd of parameters pushes nothing out of sight") {
  std::string query;
  for (int i = 0; i < 1000; ++i)
    query += "a&";
  Event event;
  const std::string crowd = query + "x=%3Cscript%3E";
  event.query = crowd;
  event.body = "b=1";
  const DecodedRecord record = decode(event);
  const Lines lines = lines_of(record);
  REQUIRE(lines.size() == 129);
  CHECK(lines[127].ends_with("x=<script>"));
  CHECK(lines[128] == "form: b=1");
  CHECK(record.dropped_lines == 0);
}

TEST_CASE("where a record has no line left but one, what is left of its parameters stands in it") {
  for (int members = 0; members < 22; ++members) {
    std::string query = "a={";
    for (int i = 0; i < members; ++i)
      query += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
    query += "}&b=1&c=2&d=%3Cscript%3E";
    DecodeOptions options;
    options.lines_max = 16;
    const DecodedRecord record = decode_query(query, options);
    CAPTURE(members);
    CHECK(lines_of(record).back().ends_with("d=<script>"));
    CHECK(record.dropped_lines == 0);
  }
}

TEST_CASE("what takes four times a line encoded and fits in decoded is not cut") {
  DecodeOptions options;
  options.line_bytes_max = 64;
  std::string encoded;
  for (int i = 0; i < 50; ++i)
    encoded += "%41";
  const DecodedRecord record = decode_query("q=" + encoded, options);
  CHECK(lines_of(record) == Lines{"query: q=" + std::string(50, 'A')});
  CHECK_FALSE(has(record.lines[0].steps, DecodeStep::kTruncated));
}

TEST_CASE("a line is never so long that the length of its name would not fit in 16 bits") {
  DecodeOptions options;
  options.line_bytes_max = uint32_t{1} << 20;
  options.record_bytes_max = uint32_t{1} << 20;
  const DecodedRecord record = decode_query(std::string(70'000, 'n') + "=1", options);
  REQUIRE(!record.lines.empty());
  CHECK(record.line_text(record.lines[0]).size() == 65'535);
}

TEST_CASE("a string of JSON says that it was written in escapes of characters, if it was") {
  const auto steps = [](std::string_view body) { return decode_body("", body).lines[0].steps; };
  CHECK(has(steps("{\"a\":\"\\u003cb\"}"), DecodeStep::kUnicodeEscape));
  CHECK_FALSE(has(steps("{\"a\":\"x\\n<b\"}"), DecodeStep::kUnicodeEscape));
  CHECK_FALSE(has(steps("{\"a\":\"<b\"}"), DecodeStep::kUnicodeEscape));
}

TEST_CASE("an escaped slash is a slash, at the end of a value too") {
  CHECK(lines_of(decode_query("q=a\\/b\\/")) == Lines{"query: q=a/b/"});
  CHECK(lines_of(decode_query("q=a\\")) == Lines{"query: q=a\\"});
}

TEST_CASE("a body without a type is a nameless form field if it is percent-encoded, both digits of it") {
  CHECK(lines_of(decode_body("", "ab%3Bcd")) == Lines{"form: =ab;cd"});
  CHECK(lines_of(decode_body("", "ab%0bcd")) == Lines{"form: =ab cd"});
  CHECK(lines_of(decode_body("", "ab%30cd")) == Lines{"form: =ab0cd"});
  CHECK(lines_of(decode_body("", "ab%3gcd")) == Lines{"body: ab%3gcd"});
  CHECK(lines_of(decode_body("", "ab%g3cd")) == Lines{"body: ab%g3cd"});
  CHECK(lines_of(decode_body("", "ab%3")) == Lines{"body: ab%3"});
}

TEST_CASE("a page is no document of XML, whatever its root is called") {
  CHECK(lines_of(decode_body("", "<!DOCTYPE html><x-app a=\"1\"/>")) ==
        Lines{"body: <!DOCTYPE html><x-app a=\"1\"/>", "xml: x-app[a]=1"});
  CHECK(lines_of(decode_body("", "<!DOCTYPE note><x-app a=\"1\"/>")) ==
        Lines{"xml_document: <!DOCTYPE note><x-app a=\"1\"/>", "xml: x-app[a]=1"});
}

TEST_CASE("JSON in base64 is read as JSON, and once") {
  // {"a":"<b","c":"d;e"}
  CHECK(lines_of(decode_query("q=eyJhIjoiPGIiLCJjIjoiZDtlIn0=")) ==
        Lines{"query: q=eyJhIjoiPGIiLCJjIjoiZDtlIn0=", "query: q[a]=<b", "query: q[c]=d;e"});
}

TEST_CASE("lines beyond the record's bytes are dropped and counted") {
  DecodeOptions options;
  options.record_bytes_max = 64;
  const DecodedRecord record =
      decode_query("a=" + std::string(40, 'x') + "&b=" + std::string(40, 'y') + "&c=1", options);
  CHECK(record.text.size() <= 64 + record.lines.size());
  CHECK(record.truncated_lines == 1);
  CHECK(record.dropped_lines == 1);
}

TEST_CASE("a record whose UTF-8 was repaired says so, and where") {
  Event event;
  event.set(EventFlag::kUtf8Repaired);
  event.path = "/a";
  event.query = "q=\xef\xbf\xbd'";
  const DecodedRecord record = decode(event);
  CHECK(has(record.evasions, Evasion::kInvalidUtf8));
  CHECK_FALSE(has(record.lines[0].steps, DecodeStep::kUtf8Repaired));
  CHECK(has(record.lines[1].steps, DecodeStep::kUtf8Repaired));
}

TEST_CASE("an event without any text gives an empty record") {
  const DecodedRecord record = decode(Event{});
  CHECK(record.text.empty());
  CHECK(record.lines.empty());
}

}  // namespace
}  // namespace weir
