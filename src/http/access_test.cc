#include <cstdio>
#include <fstream>
#include <set>
#include <string>

#include "base/catch.h"
#include "http/access_control.h"
#include "http/api_key.h"
#include "http/api_key_store.h"
#include "http/rate_limiter.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Clock = RateLimiter::Clock;

IpAddress ip(const std::string& text) {
  return *IpAddress::parse(text);
}

AccessOptions with_key(const std::string& key, const std::vector<std::string>& allowed = {}) {
  AccessOptions options;
  options.keys = std::make_shared<const ApiKeyStore>(*ApiKeyStore::parse("ops " + hash_api_key(key) + "\n", "keys"));
  for (const auto& network : allowed)
    options.allowed.push_back(*Cidr::parse(network));
  return options;
}

AdminCall local_call() {
  AdminCall call;
  call.remote_address = "127.0.0.1";
  call.host = "127.0.0.1:9464";
  return call;
}

constexpr const char* kKey = "wk_ThisIsAKeyOfTheTestsOnly0123456789";

}  // namespace

TEST_CASE("a generated key has the form that is checked, and no two are alike") {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    const auto key = generate_api_key("weir");
    REQUIRE(key);
    CHECK(check_api_key(key->reveal()));
    CHECK(key->reveal().size() == 5 + 43);
    keys.insert(key->reveal());
  }
  CHECK(keys.size() == 100);
}

TEST_CASE("prefixes of other forms are refused") {
  for (const char* prefix : {"", "a", "abcde", "AB", "a1", "a_", "ü"}) {
    INFO(prefix);
    CHECK_FALSE(generate_api_key(prefix));
  }
}

TEST_CASE("text without a key's form is refused, and the error does not repeat it") {
  for (const char* given :
       {"", "short_key", "wk_", "wk_tooshort", "WK_ThisIsAKeyOfTheTestsOnly0123456789", "nounderscoreatallinthistext",
        "wk_has blanks in the random part", "abcde_ThisIsAKeyOfTheTestsOnly0123456789"}) {
    const std::string text = given;
    const Status checked = check_api_key(text);
    INFO(text);
    REQUIRE_FALSE(checked);
    if (text.size() > 5) CHECK(checked.error().to_string().find(text) == std::string::npos);
  }
  CHECK_FALSE(check_api_key("wk_" + std::string(300, 'a')));
}

TEST_CASE("the hash is SHA-256 in hex") {
  CHECK(hash_api_key("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a masked key shows its last four characters, other text nothing") {
  CHECK(mask_api_key(kKey) == "***" + std::string(kKey).substr(std::string(kKey).size() - 4));
  CHECK(mask_api_key("password of some kind") == "***");
}

TEST_CASE("a file of keys knows its callers by name") {
  const auto store = ApiKeyStore::parse(
      "# who may call\n\nops " + hash_api_key(kKey) + "  # on call\r\nci@build\t" + hash_api_key("other"), "keys");
  REQUIRE(store);
  CHECK(store->size() == 2);
  CHECK(store->caller_of(kKey) == "ops");
  CHECK(store->caller_of("other") == "ci@build");
  CHECK_FALSE(store->caller_of(""));
  CHECK_FALSE(store->caller_of(hash_api_key(kKey)));  // who has read the file cannot call
}

TEST_CASE("what is wrong with a file of keys is said with its line, without repeating a key") {
  const auto complaint = [](const std::string& text) {
    const auto store = ApiKeyStore::parse(text, "keys");
    REQUIRE_FALSE(store);
    return store.error().detail;
  };
  const std::string good = "ops " + hash_api_key(kKey) + "\n";
  CHECK(complaint("").find("no API key") != std::string::npos);
  CHECK(complaint("\nops\n").find("keys:2:") == 0);
  CHECK(complaint(good + good).find("keys:2: the name or the key comes twice") == 0);
  CHECK(complaint("ops sha256:123\n").find("keys:1:") == 0);
  CHECK(complaint(good.substr(0, good.size() - 1) + " more\n").find("keys:1:") == 0);
  for (const std::string& leaked : {"ops " + std::string(kKey), std::string(kKey), std::string(kKey) + " x"}) {
    const std::string said = complaint(leaked);
    CHECK(said.find("this is a key itself") != std::string::npos);
    CHECK(said.find("ThisIsAKey") == std::string::npos);
  }
  CHECK_FALSE(ApiKeyStore::load("/nowhere/keys"));
}

TEST_CASE("the limit is so many requests in a minute from the first one on, then again") {
  RateLimiter limiter(3);
  const auto start = Clock::now();
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(limiter.refuse(ip("192.0.2.1"), start + i * 10s));
  CHECK(limiter.refuse(ip("192.0.2.1"), start + 30s) == 30s);
  CHECK(limiter.refuse(ip("192.0.2.1"), start + 59'999ms) == 1s);
  CHECK_FALSE(limiter.refuse(ip("192.0.2.2"), start + 30s));
  CHECK_FALSE(limiter.refuse(ip("192.0.2.1"), start + 60s));
}

TEST_CASE("the addresses of one IPv6 network share a limit") {
  RateLimiter limiter(1);
  const auto start = Clock::now();
  CHECK_FALSE(limiter.refuse(ip("2001:db8::1"), start));
  CHECK(limiter.refuse(ip("2001:db8::2"), start));
  CHECK_FALSE(limiter.refuse(ip("2001:db8:0:1::1"), start));
}

TEST_CASE("addresses are forgotten after their minute, and never more than the bound are remembered") {
  RateLimiter limiter(1, 50);
  const auto start = Clock::now();
  int refused = 0;
  for (int i = 0; i < 200; ++i)
    refused += limiter.refuse(ip("10.0.0." + std::to_string(i)), start) ? 1 : 0;
  CHECK(limiter.addresses() == 50);
  CHECK(refused == 149);  // those beyond the bound share one budget
  CHECK_FALSE(limiter.refuse(ip("10.1.0.1"), start + 61s));
  CHECK(limiter.addresses() == 1);
}

TEST_CASE("without keys loopback may call, and nobody else whatever is allowed") {
  AccessOptions options;
  AccessControl closed(options);
  AdminCall call = local_call();
  CHECK(closed.admit(call, Clock::now()).status == 0);
  CHECK(closed.admit(call, Clock::now()).caller == "loopback");
  call.remote_address = "192.0.2.1";
  CHECK(closed.admit(call, Clock::now()).status == 403);
  options.allowed.push_back(*Cidr::parse("0.0.0.0/0"));
  AccessControl open(options);
  CHECK(open.admit(call, Clock::now()).status == 403);
}

TEST_CASE("without keys a name that somebody points at loopback is refused") {
  AccessControl access({});
  AdminCall call = local_call();
  for (const char* host : {"localhost", "localhost:9464", "127.0.0.1", "[::1]:9464", "127.1.2.3"}) {
    call.host = host;
    INFO(host);
    CHECK(access.admit(call, Clock::now()).status == 0);
  }
  for (const char* host : {"", "attacker.example", "localhost.attacker.example:9464", "192.0.2.1", "["}) {
    call.host = host;
    INFO(host);
    CHECK(access.admit(call, Clock::now()).status == 403);
  }
}

TEST_CASE("with keys even loopback needs one, in either header") {
  AccessControl access(with_key(kKey));
  AdminCall call = local_call();
  CHECK(access.admit(call, Clock::now()).status == 401);
  call.api_key = "wk_AnotherKeyOfTheTests0123456789";
  CHECK(access.admit(call, Clock::now()).status == 401);
  call.api_key = kKey;
  CHECK(access.admit(call, Clock::now()).caller == "ops");
  call.api_key = {};
  const std::string bearer = "Bearer " + std::string(kKey);
  call.authorization = bearer;
  CHECK(access.admit(call, Clock::now()).status == 0);
  const std::string basic = "Basic " + std::string(kKey);
  call.authorization = basic;
  CHECK(access.admit(call, Clock::now()).status == 401);
}

TEST_CASE("a key is good from allowed addresses only") {
  AccessControl local(with_key(kKey));
  AccessControl wide(with_key(kKey, {"192.0.2.0/24"}));
  AdminCall call = local_call();
  call.api_key = kKey;
  CHECK(local.admit(call, Clock::now()).status == 0);
  CHECK(wide.admit(call, Clock::now()).status == 403);
  call.remote_address = "192.0.2.7";
  call.host = "weir.internal";
  CHECK(local.admit(call, Clock::now()).status == 403);
  CHECK(wide.admit(call, Clock::now()).status == 0);
}

TEST_CASE("refused calls count for the rate limit: keys cannot be guessed fast") {
  AccessOptions options = with_key(kKey);
  options.requests_per_minute = 5;
  AccessControl access(options);
  AdminCall call = local_call();
  const auto now = Clock::now();
  for (int i = 0; i < 5; ++i)
    CHECK(access.admit(call, now).status == 401);
  call.api_key = kKey;
  const auto decision = access.admit(call, now);
  CHECK(decision.status == 429);
  CHECK(decision.retry_after == 60s);
}

TEST_CASE("a browser's change of state needs this origin and the token") {
  AccessControl access(with_key(kKey));
  AdminCall call = local_call();
  call.api_key = kKey;
  call.changes_state = true;
  CHECK(access.admit(call, Clock::now()).status == 0);  // no browser
  call.origin = "http://127.0.0.1:9464";
  CHECK(access.admit(call, Clock::now()).status == 403);
  call.csrf_token = access.csrf_token();
  CHECK(access.admit(call, Clock::now()).status == 0);
  for (const char* origin : {"http://attacker.example", "null", "http://127.0.0.1:9465", "127.0.0.1:9464"}) {
    call.origin = origin;
    INFO(origin);
    CHECK(access.admit(call, Clock::now()).status == 403);
  }
  call.origin = {};
  call.fetch_site = "cross-site";
  CHECK(access.admit(call, Clock::now()).status == 403);
  call.fetch_site = "same-origin";
  CHECK(access.admit(call, Clock::now()).status == 0);
  call.csrf_token = "0123456789";
  CHECK(access.admit(call, Clock::now()).status == 403);
  call.csrf_token = {};
  call.fetch_site = {};
  call.has_cookie = true;
  CHECK(access.admit(call, Clock::now()).status == 403);
  call.changes_state = false;
  CHECK(access.admit(call, Clock::now()).status == 0);
}

TEST_CASE("each process has a token of its own") {
  CHECK(AccessControl({}).csrf_token() != AccessControl({}).csrf_token());
}

}  // namespace weir
