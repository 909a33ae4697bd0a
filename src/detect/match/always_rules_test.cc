// Rules that need no pattern: the remembered combinations of status, method and evasions change no verdict.
#include "detect/match/always_rules.h"

#include "base/catch.h"
#include "detect/test_rules.h"

using namespace weir;
using namespace weir::testing;

namespace {

const std::string kRules =
    rule_text("  s: {sc-status: [401, 403], cs-method: POST}\n  condition: s", 0) + "---\n" +
    rule_text("  s: {sc-status|gte: 500}\n  condition: s", 1) + "---\n" +
    rule_text("  a: {cs-method|startswith: TR}\n  b: {weir.query|contains: aaa}\n  condition: a or b", 2) + "---\n" +
    rule_text("  a: {sc-status: 404}\n  b: {weir.query|contains: aaa}\n  condition: a and not b", 3) + "---\n" +
    rule_text("  a: {sc-bytes|gt: 100}\n  b: {sc-status: 200}\n  condition: a and b", 4) + "---\n" +
    rule_text("  a: {sc-status: null}\n  condition: a", 5) + "---\n" +
    rule_text("  a: {weir.evasion: overlong_utf8}\n  b: {cs-method: GET}\n  condition: a and b", 6) + "---\n" +
    rule_text("  a: {sc-status: 200}\n  b: {cs-method: PUT}\n  c: {sc-bytes|gt: 100}\n  condition: 2 of them", 7) +
    "---\n" + rule_text("  a: {weir.content_type|endswith: json}\n  condition: a", 8) + "---\n" +
    rule_text("  a: {weir.content_type|re: '^text'}\n  b: {sc-status: 404}\n  condition: b and not a", 9);

std::string expected(const Event& event, const DecodedRecord& record, bool aaa) {
  const bool overlong = has(record.evasions, Evasion::kOverlongUtf8);
  const bool bytes = event.response_bytes > 100, ok = event.status == 200, put = event.method == "PUT";
  std::string rules;
  if ((event.status == 401 || event.status == 403) && event.method == "POST") rules += '0';
  if (event.status >= 500) rules += '1';
  if (event.method.starts_with("TR") || aaa) rules += '2';
  if (event.status == 404 && !aaa) rules += '3';
  if (bytes && ok) rules += '4';
  if (event.status == 0) rules += '5';
  if (overlong && event.method == "GET") rules += '6';
  if (static_cast<int>(bytes) + static_cast<int>(ok) + static_cast<int>(put) >= 2) rules += '7';
  if (event.content_type == "application/json") rules += '8';
  if (event.status == 404 && event.content_type != "text/html") rules += '9';
  return rules;
}

}  // namespace

TEST_CASE("rules without patterns hold for the records that they describe, in any order", "[always_rules]") {
  RuleBench bench(kRules);
  INFO(bench.findings);
  constexpr std::array<std::string_view, 6> kMethods{"GET", "POST", "PUT", "TRACE", "", "A-METHOD-THAT-IS-LONG"};
  constexpr std::array<uint16_t, 8> kStatuses{0, 200, 401, 403, 404, 500, 503, 599};
  size_t held = 0;
  for (int round = 0; round < 2; ++round) {  // the second one from memory
    for (const auto method : kMethods) {
      for (const uint16_t status : kStatuses) {
        for (int bits = 0; bits < 32; ++bits) {
          Event event;
          event.method = method;
          event.status = status;
          event.response_bytes = (bits & 1) != 0 ? 500 : 50;
          event.content_type = (bits & 8) == 0 ? "" : (bits & 16) == 0 ? "application/json" : "text/html";
          const bool aaa = (bits & 2) != 0;
          auto record = record_of({{Place::kQuery, aaa ? "q=aaa" : "q=b"}});
          if ((bits & 4) != 0) record.evasions = static_cast<Evasions>(Evasion::kOverlongUtf8);
          INFO(method << ' ' << status << ' ' << bits);
          const std::string found = bench.hits(event, record);
          REQUIRE(found == expected(event, record, aaa));
          held += found.size();
        }
      }
    }
  }
  CHECK(held > 200);
}

TEST_CASE("combinations that share a place in memory are told apart", "[always_rules]") {
  RuleBench bench(rule_item("sc-status: 200"));
  for (int round = 0; round < 3; ++round) {
    for (uint16_t status = 200; status < 600; status = static_cast<uint16_t>(status + 64)) {
      Event event;
      event.method = "GET";
      event.status = status;
      INFO(status);
      CHECK(bench.hits(event) == (status == 200 ? "0" : ""));
    }
  }
}
