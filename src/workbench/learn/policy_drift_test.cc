#include "workbench/learn/policy_drift.h"

#include <algorithm>

#include "base/catch.h"
#include "decode/decoder.h"
#include "policy/request_check.h"

using namespace weir;

namespace {

ParameterSpec parameter(const char* name, Place place, ValueType type) {
  ParameterSpec parameter;
  parameter.name = name;
  parameter.places = mask_of(place);
  parameter.form.type = type;
  return parameter;
}

std::shared_ptr<const Policy> small_policy() {
  RouteSpec search;
  search.methods = {"GET"};
  search.path = "/search";
  search.parameters = {parameter("q", Place::kQuery, ValueType::kString),
                       parameter("page", Place::kQuery, ValueType::kInteger),
                       parameter("session", Place::kCookie, ValueType::kAny)};
  RouteSpec old;
  old.methods = {"GET"};
  old.path = "/old";
  PolicySpec spec;
  spec.routes = {search, old};
  Diagnostics diagnostics;
  auto policy = Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  REQUIRE(policy);
  return *policy;
}

struct Bench {
  void requests(int count, std::string_view path, std::string_view query, uint64_t client = 1) {
    Event event;
    event.method = "GET";
    event.host = "shop.example.com";
    event.path = path;
    event.query = query;
    event.status = 200;
    RequestCheck check;
    for (int i = 0; i < count; ++i) {
      decoder.decode(event, record);
      RequestPath scratch;
      const uint32_t route = policy->route_of(event, scratch);
      violations.clear();
      check.check(policy->routes()[route], event, record, {}, scratch, violations);
      drift.add(event, record, route, violations, client + static_cast<uint64_t>(i));
    }
  }
  std::vector<Drift> of(DriftKind kind, uint64_t evidence_min = 20) const {
    auto all = drift.drifts(evidence_min);
    std::erase_if(all, [&](const Drift& item) { return item.kind != kind; });
    return all;
  }

  std::shared_ptr<const Policy> policy = small_policy();
  PolicyDrift drift{policy};
  Decoder decoder{DecodeOptions{}};
  DecodedRecord record;
  std::vector<Violation> violations;
};

}  // namespace

TEST_CASE("traffic that the policy expects is no drift, but for what it does not use") {
  Bench bench;
  bench.requests(100, "/search", "q=books&page=2");
  CHECK(bench.of(DriftKind::kNewRoute).empty());
  CHECK(bench.of(DriftKind::kNewParameter).empty());
  CHECK(bench.of(DriftKind::kViolation).empty());
  CHECK(bench.of(DriftKind::kUnusedParameter).empty());  // of cookies nothing is learned
  const auto unused = bench.of(DriftKind::kUnusedRoute);
  REQUIRE(unused.size() == 1);
  CHECK(unused[0].route == "GET /old");
}

TEST_CASE("requests that no route takes are new routes, ids folded, when there are enough of them") {
  Bench bench;
  for (int i = 0; i < 30; ++i)
    bench.requests(1, "/api/items/" + std::to_string(1000 + i), {});
  bench.requests(19, "/rare", {});
  const auto found = bench.of(DriftKind::kNewRoute);
  REQUIRE(found.size() == 1);
  CHECK(found[0].route == "GET shop.example.com/api/items/{id}");
  CHECK(found[0].requests == 30);
  REQUIRE(bench.drift.new_routes(20).routes.size() == 1);
  CHECK(bench.drift.new_routes(20).routes[0].path == "/api/items/{id}");
}

TEST_CASE("a parameter that its route does not list is new, one that nobody sends unused") {
  Bench bench;
  bench.requests(100, "/search", "q=books");
  bench.requests(50, "/search", "q=books&sort=price");
  bench.requests(5, "/search", "q=books&utm=x");
  const auto found = bench.of(DriftKind::kNewParameter);
  REQUIRE(found.size() == 1);
  CHECK(found[0].what == "sort (query)");
  CHECK(found[0].requests == 50);
  CHECK(found[0].detail == "in 50 of 155");
  const auto unused = bench.of(DriftKind::kUnusedParameter);
  REQUIRE(unused.size() == 1);
  CHECK(unused[0].what == "page");
}

TEST_CASE("a form that ordinary requests no longer have is a violation, with the number of clients") {
  Bench bench;
  bench.requests(60, "/search", "q=books&page=2");
  bench.requests(40, "/search", "q=books&page=last", 100);
  const auto found = bench.of(DriftKind::kViolation);
  REQUIRE(found.size() == 1);
  CHECK(found[0].route == "GET /search");
  CHECK(found[0].what == "parameter_type of page (query)");
  CHECK(found[0].requests == 40);
  CHECK(found[0].clients == PolicyDrift::kClientsMax);
  CHECK(bench.of(DriftKind::kViolation, 41).empty());
}
