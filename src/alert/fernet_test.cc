#include "alert/fernet.h"

#include <string>
#include <utility>
#include <vector>

#include "alert/encrypting_encoder.h"
#include "alert/ocsf.h"
#include "base/catch.h"

namespace weir {
namespace {

// The example key of the Fernet specification and its tokens.
constexpr const char* kSpecKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
constexpr const char* kSpecToken =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
constexpr int64_t kSpecTime = 499162800;  // 1985-10-26T01:20:00-07:00

FernetKeys keys(const std::string& text = kSpecKey) {
  auto parsed = FernetKeys::parse(Secret(text));
  REQUIRE(parsed);
  return *parsed;
}
/// A key of 32 equal bytes, all of whose six-bit digits are alike.
std::string other_key(char digit = 'A') {
  return std::string(42, digit) + "A=";
}

FernetIv counting_iv() {
  FernetIv iv{};
  for (size_t i = 0; i < iv.size(); ++i)
    iv[i] = static_cast<uint8_t>(i);
  return iv;
}

std::string error_of(const std::string& token, FernetKeys::Age age = {kSpecTime + 1, 60}) {
  const auto plain = keys().decrypt(token, age);
  return plain ? "opened" : plain.error().detail;
}

Alert attack(const std::string& path = "/items") {
  Alert alert;
  alert.id = "0f4f0d1c-9d3c-8a5e-b1f1-6a2f7f2a4c10";
  alert.episode_id = "5f6d8a0e-1b7e-8c1d-9e55-0d4d7b9f3a21";
  alert.client_kind = ClientKind::kCustomer;
  alert.client = "customer-42";
  alert.address = *IpAddress::parse("192.0.2.7");
  alert.at = {0, 3, 1234567};
  alert.time = alert.first_seen = alert.last_seen = EventTime{Milliseconds{1736942400123}};
  alert.categories = mask_of(Category::kSqli);
  alert.evidence.emplace();
  alert.evidence->method = "GET";
  alert.evidence->host = "shop.example.com";
  alert.evidence->path = path;
  alert.evidence->user_agent = "Mozilla/5.0";
  EvidenceHit hit;
  hit.rule_id = "weir-sqli-quote";
  hit.title = "Quote followed by SQL";
  hit.parameter = "id";
  hit.excerpt = "id=7' OR 1=1--";
  alert.evidence->hits = {hit};
  return alert;
}

std::shared_ptr<const AlertEncoder> ocsf() {
  return std::make_shared<OcsfEncoder>("0.1.0", std::vector<std::string>{"http.requests"});
}

}  // namespace

TEST_CASE("the specification's token is made, bit by bit", "[fernet]") {
  CHECK(keys().first().encrypt("hello", kSpecTime, counting_iv()) == kSpecToken);
}

TEST_CASE("the specification's token is opened", "[fernet]") {
  CHECK(keys().decrypt(kSpecToken, {kSpecTime + 1, 60}).value_or("refused") == "hello");
  CHECK(keys().decrypt(kSpecToken).value_or("refused") == "hello");
  std::string unpadded = kSpecToken;
  unpadded.resize(unpadded.find('='));
  CHECK(keys().decrypt(unpadded).value_or("refused") == "hello");
}

TEST_CASE("what is no token of these keys is refused, and why", "[fernet]") {
  CHECK(error_of("") == "this is no Fernet token: it does not begin as one");
  CHECK(error_of("%%%%") == "this is no Fernet token: it is not base64url");
  CHECK(error_of("aGVsbG8=") == "this is no Fernet token: it does not begin as one");
  const std::string token = kSpecToken;
  CHECK(error_of(token.substr(0, 80)) == "the token was cut off, or its length changed");
  std::string changed = token;
  changed[40] = changed[40] == 'A' ? 'B' : 'A';
  CHECK(error_of(changed) == "the token was made with another key, or changed");
  CHECK(keys(other_key()).decrypt(token).error().detail == "the token was made with another key, or changed");
  CHECK(error_of(token, {kSpecTime + 61, 60}) == "the token is older than 60 s");
  CHECK(error_of(token, {kSpecTime - 61, 60}) == "the token's time lies in the future");
  CHECK(error_of(token, {kSpecTime - 59, 60}) == "opened");
  for (size_t cut = 0; cut + 2 < token.size(); ++cut)  // but for its padding
    CHECK_FALSE(keys().decrypt(std::string_view(token).substr(0, cut)).has_value());
}

TEST_CASE("any text of any length comes back", "[fernet]") {
  const FernetKeys its = keys();
  for (size_t size = 0; size < 70; ++size) {
    const std::string text(size, static_cast<char>(size));
    const std::string token = its.first().encrypt(text, 1, its.first().iv_for("a", text));
    CHECK(its.decrypt(token).value_or("refused") == text);
  }
}

TEST_CASE("the first of several keys encrypts and all decrypt", "[fernet]") {
  const FernetKeys both = keys(other_key('C') + "\n" + kSpecKey + ", " + other_key('D') + "\n");
  CHECK(both.decrypt(kSpecToken).value_or("refused") == "hello");
  const std::string token = both.first().encrypt("x", 1, counting_iv());
  CHECK(keys(other_key('C')).decrypt(token).value_or("refused") == "x");
  CHECK_FALSE(keys().decrypt(token).has_value());
}

TEST_CASE("what is no key is refused by its number, not by its text", "[fernet]") {
  const auto error = [](const std::string& text) { return FernetKeys::parse(Secret(text)).error().detail; };
  CHECK(error("") == "there is no key");
  CHECK(error(std::string(kSpecKey) + " hunter2") == "key 2 is none: a key is 32 bytes in base64url, 44 characters");
  CHECK(error("c2hvcnQ=") == "key 1 is none: a key is 32 bytes in base64url, 44 characters");
}

TEST_CASE("an IV depends on key, context and text", "[fernet]") {
  const FernetKeys fernet_keys = keys(), other = keys(other_key());
  const FernetIv iv = fernet_keys.first().iv_for("id", "text");
  CHECK(iv == fernet_keys.first().iv_for("id", "text"));
  CHECK(iv != fernet_keys.first().iv_for("i", "dtext"));
  CHECK(iv != fernet_keys.first().iv_for("id", "texT"));
  CHECK(iv != other.first().iv_for("id", "text"));
}

TEST_CASE("an encrypted alert tells who and what, and nothing of the request", "[fernet]") {
  const EncryptingEncoder encoder(ocsf(), keys());
  const std::string text = encoder.value_of(attack());
  CHECK(text == encoder.value_of(attack()));
  CHECK(text != encoder.value_of(attack("/other")));
  for (const char* hidden : {"/items", "Mozilla", "shop.example.com", "OR 1=1"})
    CHECK(text.find(hidden) == std::string::npos);
  for (const char* shown : {"customer-42", "192.0.2.7", "\"severity_id\"", "Quote followed by SQL"})
    CHECK(text.find(shown) != std::string::npos);
}

TEST_CASE("an encrypted alert is opened to what it was, byte for byte", "[fernet]") {
  const EncryptingEncoder encoder(ocsf(), keys());
  CHECK(decrypt_alert(encoder.value_of(attack()), keys(), {}).value_or("refused") == ocsf()->value_of(attack()));
  const std::string plain = ocsf()->value_of(attack());
  CHECK(decrypt_alert(plain, keys(), {}).value_or("refused") == plain);
  CHECK(decrypt_alert("no alert", keys(), {}).value_or("refused") == "no alert");
  CHECK_FALSE(decrypt_alert(encoder.value_of(attack()), keys(other_key()), {}).has_value());
  CHECK_FALSE(decrypt_alert(encoder.value_of(attack()), keys(), {1736942400 + 11, 10}).has_value());
  CHECK(decrypt_alert(encoder.value_of(attack()), keys(), {1736942400 + 10, 10}).has_value());
}

}  // namespace weir
