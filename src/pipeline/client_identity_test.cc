#include "pipeline/client_identity.h"

#include <string>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

const SipHashKey kKey{1, 2};

ClientIdentifier identifier(const SipHashKey& key = kKey, Masker masker = Masker()) {
  return ClientIdentifier({ClientKind::kCustomer, ClientKind::kApiKey, ClientKind::kAddress}, key, masker);
}

std::string text_of(ClientIdentifier& its, const std::string& client_id) {
  Arena arena;
  Event event;
  event.client_id = client_id;
  return std::string(its.identify(event, arena).text);
}

/// Put together, so that no scanner takes this file for a leak.
const std::string kToken = std::string("eyJhbGciOiJIUzI1NiJ9") + ".eyJzdWIiOiI0MiJ9" + ".c2lnbmF0dXJlLW9mLXRva2Vu";

}  // namespace

TEST_CASE("a credential in a header is a client of its own, hashed, unless the server refused it",
          "[client_identity]") {
  ClientIdentifier its({ClientKind::kCustomer, ClientKind::kApiKey, ClientKind::kAddress}, kKey, Masker(),
                       {"Authorization", "x-api-key", "X-Tenant"});
  const auto identity = [&](std::string_view name, std::string_view value, uint16_t status = 200) {
    Arena arena;
    Event event;
    event.client_ip = *IpAddress::parse("192.0.2.1");
    event.status = status;
    const std::vector<Header> headers{{"accept", "*/*"}, {name, value}};
    event.headers = headers;
    const ClientIdentity client = its.identify(event, arena);
    return std::pair(client.kind, std::string(client.text));
  };
  const auto [kind, bearer] = identity("AUTHORIZATION", "Bearer token-of-ann");
  CHECK(kind == ClientKind::kApiKey);
  CHECK(bearer.starts_with("sha256:"));
  CHECK(bearer == identity("X-Api-Key", "token-of-ann").second);
  CHECK(bearer != identity("authorization", "bearer token-of-bob").second);
  // "ann:one", "ann:two", "bob:one"
  const std::string ann = identity("authorization", "Basic YW5uOm9uZQ==").second;
  CHECK(ann.starts_with("hmac:"));
  CHECK(ann == identity("authorization", "basic YW5uOnR3bw==").second);
  CHECK(ann != identity("authorization", "Basic Ym9iOm9uZQ==").second);
  CHECK(identity("x-tenant", "tenant-7").first == ClientKind::kApiKey);
  CHECK(identity("x-other", "tenant-7").first == ClientKind::kAddress);
  CHECK(identity("authorization", "Bearer token-of-ann", 401).first == ClientKind::kAddress);
  CHECK(identity("authorization", "Negotiate abcdefgh").first == ClientKind::kAddress);
  for (const char* odd : {"", "Bearer", "Bearer ", "Basic", "Basic ====", "Basic :", "    "})
    static_cast<void>(identity("authorization", odd));
}

TEST_CASE("a customer is known by the name that the record has", "[client_identity]") {
  auto its = identifier();
  for (const std::string name : {"customer-42", "550e8400-e29b-41d4-a716-446655440000", "bob@example.org", "Zoë"})
    for (int i = 0; i < 2; ++i)  // the second time it is remembered
      CHECK(text_of(its, name) == name);
}

TEST_CASE("a customer's name that holds a secret is a digest, the same each time and for each identifier",
          "[client_identity]") {
  auto its = identifier(), other = identifier();
  const std::vector<std::string> names{kToken, "4111 1111 1111 1111", "password=hunter2&user=bob",
                                       "p%61ssword=hunter2"};
  for (const std::string& name : names) {
    INFO(name);
    const std::string text = text_of(its, name);
    CHECK(text.starts_with("hmac:"));
    CHECK(text.size() == 5 + 32);
    CHECK(text_of(its, name) == text);
    CHECK(text_of(other, name) == text);
  }
  CHECK(text_of(its, kToken) != text_of(its, kToken + "x"));
}

TEST_CASE("the digest of a name depends on the configured key", "[client_identity]") {
  auto item = identifier({1, 2}), other = identifier({1, 3});
  CHECK(text_of(item, kToken) != text_of(other, kToken));
}

TEST_CASE("personal data in a customer's name is hidden where it is to be", "[client_identity]") {
  auto its = identifier(kKey, Masker(std::array{PersonalData::kEmail}));
  CHECK(text_of(its, "bob@example.org").starts_with("hmac:"));
  CHECK(text_of(its, "bob") == "bob");
}

TEST_CASE("names that share a place in what is remembered do not take each other's verdict", "[client_identity]") {
  auto its = identifier();
  for (int i = 0; i < 20'000; ++i)
    CHECK(text_of(its, "customer-" + std::to_string(i)) == "customer-" + std::to_string(i));
  CHECK(text_of(its, kToken).starts_with("hmac:"));
}

TEST_CASE("a person names a client as its alerts do, with its kind or without", "[client_identity]") {
  auto its = identifier();
  Arena arena;
  Event event;
  event.client_ip = *IpAddress::parse("2001:db8:1:2:3:4:5:6");
  const ClientIdentity address = its.identify(event, arena);
  event.api_key = "k-1234567890";
  const ClientIdentity key = its.identify(event, arena);
  event.client_id = "bob@example.org";
  const ClientIdentity customer = its.identify(event, arena);
  event.client_id = kToken;
  const ClientIdentity hidden = its.identify(event, arena);
  const auto found = [&](const std::string& name) {
    const auto identity = its.identify(name, arena);
    REQUIRE(identity);
    return identity->hash;
  };
  for (const char* name : {"2001:db8:1:2::/64", "2001:db8:1:2::9", "address:2001:db8:1:2::"})
    CHECK(found(name) == address.hash);
  CHECK(found(std::string(key.text)) == key.hash);
  CHECK(found("api_key:" + std::string(key.text)) == key.hash);
  CHECK(found("bob@example.org") == customer.hash);
  CHECK(found("customer:bob@example.org") == customer.hash);
  CHECK(found(kToken) == hidden.hash);
  CHECK(found(std::string(hidden.text)) == hidden.hash);
  CHECK(found("customer:192.0.2.1") != found("192.0.2.1"));
  CHECK(found("unknown") != found("address:unknown"));
  for (const char* name : {"", "customer:", "address:bob", "api_key:k-1234567890", "address:"})
    CHECK_FALSE(its.identify(std::string_view(name), arena));
}

}  // namespace weir
