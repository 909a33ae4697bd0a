#include "policy/types/value_table.h"

namespace weir {

using testing::repeated;

// From the WHATWG URL standard: the basic URL parser (4.4) and the host parsers (3.5).
TEST_CASE("URLs that the WHATWG parser reads pass if their scheme is allowed", "[policy]") {
  const std::vector<std::string> valid{"http://example.com",
                                       "https://example.com/",
                                       "HTTP://EXAMPLE.COM/",
                                       "https://example.com:443/",
                                       "https://example.com:/",
                                       "https://example.com:65535/",
                                       "https://user@example.com/",
                                       "https://user:pass@example.com/",
                                       "https://example.com?q",
                                       "https://example.com#f",
                                       "https://example.com/a/b;c=d?e=f&g=h#i",
                                       "https://example.com/a b",
                                       "https://example.com/%41",
                                       "https://example.com/%zz",
                                       "https://example.com/?url=http://x/",
                                       "http:example.com",
                                       "http:/example.com",
                                       "http:///example.com",
                                       "http:\\\\example.com\\a",
                                       "  https://example.com  ",
                                       "https://exam\nple.com/",
                                       "ht\ttps://a/",
                                       "https://192.0.2.1/",
                                       "https://192.0.2.1./",
                                       "http://0x7f.1/",
                                       "http://2130706433/",
                                       "http://017700000001/",
                                       "http://1.2.3/",
                                       "https://[2001:db8::1]/",
                                       "https://[2001:db8::1]:8443/",
                                       "https://[::ffff:192.0.2.1]/",
                                       "https://a.b.c.d.example/",
                                       "https://xn--bcher-kva.example/",
                                       "https://b\xc3\xbc"
                                       "cher.example/",
                                       "https://ex%61mple.com/",
                                       "https://a_b.example/",
                                       "https://-a-.example/",
                                       "https://example.com./",
                                       "https://localhost",
                                       "https://localhost:8080/x",
                                       "https://example.com/\xf0\x9f\x98\x80",
                                       "https://example.com/javascript:alert(1)",
                                       "https://1e3.example/",
                                       "https://example.com/" + repeated("a", 4000)};
  const std::vector<std::string> invalid{"",
                                         " ",
                                         "example.com",
                                         "/path",
                                         "//example.com/",
                                         "?q",
                                         "#f",
                                         "://example.com",
                                         "1http://example.com",
                                         "ht!tp://a/",
                                         "http://",
                                         "http:",
                                         "https:///",
                                         "https://?q",
                                         "https://#f",
                                         "https://:80/",
                                         "https://user@/",
                                         "https://exa mple.com/",
                                         "https://exa<mple.com/",
                                         "https://exa|mple.com/",
                                         "https://exa^mple.com/",
                                         "https://a%b.com/",
                                         "https://exam%20ple.com/",
                                         "https://exam%2fple.com/",
                                         "https://exam%00ple.com/",
                                         "https://example.com:65536/",
                                         "https://example.com:99999/",
                                         "https://example.com:8a/",
                                         "https://example.com:-1/",
                                         "https://256.256.256.256/",
                                         "https://1.2.3.256/",
                                         "https://1.2.3.4.5/",
                                         "https://1..2/",
                                         "https://example.09/",
                                         "https://[::1/",
                                         "https://[]/",
                                         "https://[1.2.3.4]/",
                                         "https://[2001:db8::g]/",
                                         "https://[::1]x/",
                                         "https://[fe80::1%eth0]/",
                                         "https://exam\xffple.com/",
                                         "https://exam\xe2\x80\xaeple.com/",
                                         "javascript:alert(1)",
                                         "JavaScript:alert(1)",
                                         "java\tscript:alert(1)",
                                         "\x01javascript:alert(1)",
                                         " javascript://a/%0aalert(1)",
                                         "data:text/html,x",
                                         "data:,",
                                         "file:///etc/passwd",
                                         "FILE://host/x",
                                         "vbscript:x",
                                         "blob:https://example.com/1",
                                         "ftp://example.com/",
                                         "mailto:a@b.example",
                                         "gopher://example.com/",
                                         "urn:isbn:0451450523",
                                         "ws://example.com/",
                                         "https://" + repeated("a", 1100) + "/"};
  testing::check_tables(valid, invalid, testing::form_of(ValueType::kUrl));
}

TEST_CASE("a form may name other schemes, but never dangerous ones", "[policy]") {
  ValueForm form = testing::form_of(ValueType::kUrl);
  form.schemes = {"ftp", "mailto", "javascript"};
  CHECK(check_value("ftp://example.com/a", form).empty());
  CHECK(check_value("mailto:a@example.com", form).empty());
  CHECK_FALSE(check_value("https://example.com/", form).empty());
  CHECK_FALSE(check_value("javascript:alert(1)", form).empty());
}

TEST_CASE("a relative URL passes where it is allowed, unless it names another host", "[policy]") {
  ValueForm form = testing::form_of(ValueType::kUrl);
  form.relative = true;
  for (const char* good : {"/home", "home", "../up", "?q=1", "#top", "https://example.com/"})
    CHECK(check_value(good, form).empty());
  for (const char* bad :
       {"//evil.example", "\\\\evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)"})
    CHECK_FALSE(check_value(bad, form).empty());
}

}  // namespace weir
