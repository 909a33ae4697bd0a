#include "evidence/masker.h"

#include <ctime>
#include <string>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

struct Row {
  std::string in, out;
};

void check(const std::vector<Row>& rows, const Masker& masker = Masker()) {
  for (const Row& row : rows) {
    INFO(row.in);
    CHECK(masker.text(row.in) == row.out);
  }
}

/// Built from parts, so that no scanner takes this file for a leak.
const std::string kMixed = "Zk3vQ8pL1nT6yB2mX9cR4sW7dF0gH5jKaEuI3oP8qzM2wN5tR7vY1xC4bV6nM8kL0jH3gF5dS";
const std::string kHexadecimal = "0123456789abcdef0123456789abcdef";

}  // namespace

TEST_CASE("what only decoding tells is masked as decoded", "[masker]") {
  check({{"/pay/card%204111111111111111/x", "/pay/card ***1111/x"},
         {"/pay/4111%201111%201111%201111", "/pay/***1111"},
         {"/login;p%61ssword=hunter2", "/login;password=***"},
         {"q=1&%70%61%73%73word=hunter2&x=1", "q=1&password=***&x=1"},
         {"q=1&%2570assword=hunter2&x=1", "q=1&password=***&x=1"},
         {"<b>&#112;assword=hunter2 x", "<b>password=*** x"},
         {"\\u0070assword=hunter2 x", "password=*** x"},
         {"n=41%31%311111%31111%31111", "n=***1111"},
         {"4111/**/1111/**/1111/**/1111", "***1111"},
         {"pass/**/word=hunter2", "password=***"},
         {"%00p%00assword=hunter2", "password=***"}});
}

TEST_CASE("encoded text without secrets is shown as it was logged", "[masker]") {
  for (const char* text :
       {"/search/%27%20OR%201%3D1", "q=a+b%20c&x=%253Cscript%253E", "a/*b*/c", "\\u003cscript\\u003e",
        "cat /e't'c/passwd", "data=YWJjZGVmZ2hpamtsbW5vcA==", "caf\xc3\xa9"}) {
    INFO(text);
    CHECK(Masker().text(text) == text);
    CHECK_FALSE(Masker().hides_part_of(text));
  }
}

TEST_CASE("base64 and hexadecimal of a secret go as a whole", "[masker]") {
  check({{"data=cGFzc3dvcmQ9aHVudGVyMiZ4PTE=&x=1", "data=***&x=1"},  // password=hunter2&x=1
         {"data=cGFzc3dvcmQ9aHVudGVyMiZ4PTE%3D&x=1", "data=***%3D&x=1"},
         {"/x/cGFzc3dvcmQ9aHVudGVyMiZ4PTE/y", "/x/***/y"},
         {"h=70617373776f72643d2768756e746572322726783d", "h=***"},
         {"j=eyJwYXNzd29yZCI6Imh1bnRlcjIifQ==", "j=***"},                    // {"password":"hunter2"}
         {"YToxCmRhdGE9Y0dGemMzZHZjbVE5YUhWdWRHVnlNaVo0UFRFPQ==", "***"}});  // base64 in base64
}

TEST_CASE("a short encoded secret is found wherever it stands", "[masker]") {
  for (size_t size = 0; size <= 20; ++size) {
    const std::string before = std::string(size, ',');
    CHECK(Masker().text(before + "cHdkPSJiIg==," + before) == before + "***," + before);  // pwd="b"
    CHECK(Masker().text("ab,ab," + before + "cHdkPSdh") == "ab,ab," + before + "***");    // pwd='a
  }
}

TEST_CASE("keys of further issuers are masked by their form", "[masker]") {
  const auto part = [](size_t size) { return kMixed.substr(0, size); };
  for (const std::string& secret :
       {"xapp-" + part(24), "xoxe." + ("xoxp-" + part(30)), "1234567890:" + part(35), "pypi-" + part(60),
        "shpat_" + kHexadecimal, "shpss_" + kHexadecimal, "SK" + kHexadecimal, "key-" + kHexadecimal,
        "dapi" + kHexadecimal, "glrt-" + part(20), "hf_" + part(34), "dckr_pat_" + part(27), "GOCSPX-" + part(28),
        "N" + part(23) + "." + part(6) + "." + kMixed.substr(0, 27),
        kMixed.substr(0, 40) + kMixed.substr(0, 44) + "+/==", "eyJ" + part(20) + ".." + part(20) + "." + part(30)}) {
    INFO(secret);
    const std::string shown = "***" + secret.substr(secret.size() - 4);
    check({{secret, shown},
           {"/v1/" + secret + "/x", "/v1/" + shown + "/x"},
           {"a=1&t=" + secret + "&b=2", "a=1&t=" + shown + "&b=2"},
           {"say \"" + secret + "\"", "say \"" + shown + "\""}});
  }
  check({{"/file/bot1234567890:" + part(35) + "/getMe", "/file/bot***" + part(35).substr(31) + "/getMe"},
         {"backup-AKIA" + std::string("QWERTYUIOPASDFGH"), "backup-***DFGH"},
         {"https://hooks.slack.com/services/T0AAAA/B0AAAA/" + part(24),
          "https://hooks.slack.com/services/***" + part(24).substr(20)}});
}

TEST_CASE("a key that was cut off is masked, too", "[masker]") {
  check({{"npm_" + kMixed.substr(0, 14), "***" + kMixed.substr(10, 4)},
         {"shpat_0123456789abcdef", "***cdef"},
         {"key-0123456789abcdef", "***cdef"},
         {"npm_package_version", "npm_package_version"},
         {"glc_configuration_2024", "glc_configuration_2024"}});
}

TEST_CASE("a word that comments had taken apart is looked at as one", "[masker]") {
  DecodedRecord record;
  record.text = "q=wr_ Zk3v Q8pL1nT6yB2mX9cR4sW7dF0\n";
  Line line;
  line.end = static_cast<uint32_t>(record.text.size() - 1);
  line.name_length = 1;
  line.place = Place::kQuery;
  CHECK(Masker().line(record, line) == "q=wr_ Zk3v Q8pL1nT6yB2mX9cR4sW7dF0");
  line.steps = static_cast<DecodeSteps>(DecodeStep::kSqlComment);
  CHECK(Masker().line(record, line) == "q=***7dF0");
}

TEST_CASE("names that only look like keys stay", "[masker]") {
  for (const std::string text :
       {"key-value-store", "SKU-1234567890-large-and-blue-shirt", "dapiServer", "EAA-2024-minutes-of-the-meeting",
        "12:30:45", "1234567890:short", "hf_model_name", "Next.config.js is not a token of anybody at all here"}) {
    INFO(text);
    CHECK(Masker().text(text) == text);
  }
}

TEST_CASE("an authorization code is masked, another code is not", "[masker]") {
  check({{"code=4/0AX4XfWh7cGFzc3dvcmQ&state=x", "code=***vcmQ&state=x"},
         {"/cb?code=SplxlOBeZQQYbYS6WxSbIA", "/cb?code=***SbIA"},
         {"code=PROMO2024", "code=PROMO2024"},
         {"code=system('id') or 1234567890", "code=system('id') or 1234567890"},
         {"statuscode=1234567890abcdefgh", "statuscode=1234567890abcdefgh"}});
}

TEST_CASE("private keys in PEM are masked, over lines and cut off", "[masker]") {
  const std::string body = kMixed + kMixed;
  const std::string begin = "-----BEGIN RSA " + std::string("PRIVATE KEY-----"), end = "-----END RSA PRIVATE KEY-----";
  check({{"a " + begin + "\n" + body + "\n" + end + " b", "a *** b"},
         {"k=" + begin + " " + body + " " + end + "&x=1", "k=***&x=1"},
         {"k=" + begin + "\\n" + body, "k=***"},
         {"k=-----BEGIN+RSA+" + std::string("PRIVATE+KEY-----") + body + "-----END+RSA+PRIVATE+KEY-----&x=1",
          "k=***&x=1"},
         {"k=-----BEGIN%20OPENSSH%20" + std::string("PRIVATE%20KEY-----%0A") + body + "%0A", "k=***"},
         {"x; " + body + "\n" + end + "; y", "x;***; y"},
         {"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
          "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"}});
}

TEST_CASE("connection strings lose their passwords and keys", "[masker]") {
  check({{"Server=db;User Id=app;Password=hunter2;Timeout=3", "Server=db;User Id=app;Password=***;Timeout=3"},
         {"AccountName=shop;AccountKey=abcdefghijkl0123;x=1", "AccountName=shop;AccountKey=***0123;x=1"},
         {"mongodb+srv://app:hunter2@db.example/x", "mongodb+srv://app:***@db.example/x"},
         {"redis://:hunter2@cache:6379", "redis://:***@cache:6379"},
         {"jdbc:mysql://db/x?user=app&password=hunter2", "jdbc:mysql://db/x?user=app&password=***"},
         {"amqp%3A%2F%2Fapp%3Ahunter2%40mq", "amqp://app:***@mq"}});
}

TEST_CASE("elements of XML with a secret's name lose their text", "[masker]") {
  check({{"<a><password>hunter2</password></a>", "<a><password>***</password></a>"},
         {"<s:Password Type=\"text\">hunter2</s:Password>", "<s:Password Type=\"text\">***</s:Password>"},
         {"<user password=\"hunter2\"/>", "<user password=\"***\"/>"}});
}

TEST_CASE("personal data is masked by the kinds asked for", "[masker]") {
  const auto of = [](PersonalData kind) { return Masker(std::array{kind}); };
  check({{"iban=DE89370400440532013000&x=1", "iban=***3000&x=1"},
         {"to GB82 WEST 1234 5698 7654 32 now", "to ***4 32 now"},
         {"GB82WEST12345698765433", "GB82WEST12345698765433"}},
        of(PersonalData::kIban));
  check({{"ssn 123-45-6789.", "ssn ***."},
         {"000-12-3456", "000-12-3456"},
         {"529.982.247-25", "***"},
         {"529.982.247-26", "529.982.247-26"},
         {"12345678Z", "***"},
         {"12345678A", "12345678A"},
         {"x1234567L", "***"},
         {"RSSMRA85T10A562S", "***"},
         {"AB123456C", "***"},
         {"QQ123456C", "QQ123456C"},
         {"255081416802538", "***"},
         {"44051401359", "***"},
         {"44051401358", "44051401358"}},
        of(PersonalData::kNationalId));
  check({{"mail=bob.b%40example.org&x", "mail=***@example.org&x"},
         {"to bob+x@mail.example.org!", "to ***@mail.example.org!"},
         {"a@b", "a@b"},
         {"user@localhost", "user@localhost"}},
        of(PersonalData::kEmail));
  check({{"call +49 170 1234567 now", "call ***4567 now"},
         {"tel=%2B4917012345678", "tel=***5678"},
         {"1+12345678", "1***5678"},
         {"+12345", "+12345"}},
        of(PersonalData::kPhone));
  check({{"bob@example.org +49 170 1234567", "bob@example.org +49 170 1234567"}});
  check({{"DE89370400440532013000 123-45-6789", "DE89370400440532013000 123-45-6789"}},
        Masker(std::span<const PersonalData>()));
}

TEST_CASE("the value of a secret's name is masked whatever it is", "[masker]") {
  const Masker masker;
  CHECK(masker.value("authorization[password]", "hunter2") == "***");
  CHECK(masker.value("authorization[user]", "operations-team") == "***team");
  CHECK(masker.value("authorization[basic]", "operations:hunter2") == "***");
  CHECK(masker.value("q", "password=hunter2 x") == "password=*** x");
}

TEST_CASE("a text is looked at up to a bound and shown no further", "[masker]") {
  const std::string text = std::string(Masker::kTextBytesMax - 8, 'a') + " 4111111111111111";
  CHECK(Masker().text(text) == text.substr(0, Masker::kTextBytesMax - 7));
  CHECK(Masker().hides_part_of(text));
  CHECK(Masker().text("password=hunter2&abcdef", 15) == "password=***&ab");
}

TEST_CASE("a text without secrets is given back itself", "[masker]") {
  Arena arena;
  const std::string text = "/a/b%20c?x=%3Cscript%3E&y='1'";
  CHECK(Masker().text(text, arena).data() == text.data());
}

TEST_CASE("looking behind encodings takes time linear in the text", "[masker]") {
  for (const char* part :
       {"%25",   "%2525", "YWFh", "&#38;", "\\u0025", "a/*b*/",  "a.b-", "eyJ-",       "-----BEGIN ", "-----END ",
        "BEGIN", "a@",    "+1 ",  "DE89",  "1:",      "code=a1", "<a:",  "<password ", "'a'",         "/"}) {
    std::string text;
    while (text.size() < Masker::kTextBytesMax)
      text += part;
    INFO(part);
    const std::clock_t begin = std::clock();
    for (int i = 0; i < 20; ++i)
      CHECK(Masker().text(text).size() <= 3 * text.size());
    CHECK(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC < 10.0);
  }
}

}  // namespace weir
