#include "workbench/learn/policy_learner.h"

#include "base/catch.h"
#include "decode/decoder.h"
#include "policy/policy.h"

using namespace weir;

namespace {

/// Learns requests as an application sees them.
struct Bench {
  void request(std::string_view method, std::string_view path, std::string_view query = {}, uint16_t status = 200,
               std::string_view body = {}, std::string_view content_type = {}) {
    Event event;
    event.method = method;
    event.host = "Shop.example.com:443";
    event.path = path;
    event.query = query;
    event.status = status;
    event.body = body;
    event.content_type = content_type;
    decoder.decode(event, record);
    learner.add(event, record);
  }
  const RouteSpec* route(std::string_view name, uint64_t evidence_min = 1) {
    spec = learner.policy(evidence_min);
    for (const auto& route : spec.routes)
      if (route.name == name) return &route;
    return nullptr;
  }
  static const ParameterSpec* parameter(const RouteSpec* route, std::string_view name) {
    REQUIRE(route != nullptr);
    for (const auto& parameter : route->parameters)
      if (parameter.name == name) return &parameter;
    return nullptr;
  }

  Decoder decoder{DecodeOptions{}};
  DecodedRecord record;
  PolicyLearner learner;
  PolicySpec spec;
};

}  // namespace

TEST_CASE("ids in paths are folded, and their form is learned") {
  Bench bench;
  for (int i = 0; i < 100; ++i)
    bench.request("GET", "/items/" + std::to_string(1000 + i) + "/reviews");
  const RouteSpec* route = bench.route("GET shop.example.com/items/{id}/reviews");
  REQUIRE(route != nullptr);
  CHECK(route->note == "100 requests");
  CHECK(Bench::parameter(route, "id")->form.type == ValueType::kInteger);
  CHECK(bench.spec.routes.size() == 1);
}

TEST_CASE("a version of an interface is no id") {
  Bench bench;
  for (int i = 0; i < 20; ++i) {
    bench.request("GET", "/api/v1/items/" + std::to_string(1000 + i));
    bench.request("GET", "/api/v2.1/items/" + std::to_string(1000 + i));
    bench.request("GET", "/api/v20000000/items");
  }
  CHECK(bench.route("GET shop.example.com/api/v1/items/{id}") != nullptr);
  CHECK(bench.route("GET shop.example.com/api/v2.1/items/{id}") != nullptr);
  CHECK(bench.route("GET shop.example.com/api/{id}/items") != nullptr);
}

TEST_CASE("names side by side beyond a bound are values") {
  Bench bench;
  for (size_t i = 0; i < 2 * PolicyLearner::kLiteralsMax; ++i)
    bench.request("GET",
                  "/blog/" + std::string(1 + i % 26, static_cast<char>('a' + i % 26)) + (i < 26 ? "" : "x") + "/edit");
  REQUIRE(bench.route("GET shop.example.com/blog/{id}/edit") != nullptr);
  CHECK(bench.spec.routes.size() == 1);
  CHECK(bench.learner.taken() == 2 * PolicyLearner::kLiteralsMax);
}

TEST_CASE("values tell the form of a parameter") {
  Bench bench;
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    bench.request("GET", "/search",
                  "page=" + n + "&sort=" + (i % 2 == 0 ? "price" : "name") +
                      "&q=" + (i % 3 == 0 ? "two%20words" : "w" + n) + "&mail=kim" + n +
                      "%40h.example&rare=" + (i == 7 ? "x" : ""));
  }
  const RouteSpec* route = bench.route("GET shop.example.com/search");
  CHECK(Bench::parameter(route, "page")->form.type == ValueType::kInteger);
  CHECK(Bench::parameter(route, "page")->required);
  CHECK(Bench::parameter(route, "page")->note == "in 300 of 300");
  CHECK(Bench::parameter(route, "sort")->form.values == std::vector<std::string>{"name", "price"});
  CHECK(Bench::parameter(route, "q")->form.type == ValueType::kString);
  CHECK(Bench::parameter(route, "q")->form.length_max == 32);
  CHECK(Bench::parameter(route, "mail")->form.type == ValueType::kEmail);
  CHECK(Bench::parameter(route, "rare")->form.type == ValueType::kAny);
  CHECK_FALSE(Bench::parameter(route, "rare")->required);
}

TEST_CASE("names that are all there are make others unknown, and only then") {
  Bench bench;
  for (int i = 0; i < 1'500; ++i) {
    bench.request("GET", "/a", "x=1");
    bench.request("GET", "/b", i == 3 ? "x=1&once=1" : "x=1");
    bench.request("GET", "/c", "x=1&n" + std::to_string(i) + "=1");
  }
  CHECK(bench.route("GET shop.example.com/a")->settings.unknown_parameters == false);
  CHECK_FALSE(bench.route("GET shop.example.com/b")->settings.unknown_parameters.has_value());
  CHECK_FALSE(bench.route("GET shop.example.com/c")->settings.unknown_parameters.has_value());
}

TEST_CASE("content types are learned of requests whose bodies are not logged, too") {
  Bench bench;
  for (int i = 0; i < 600; ++i) {
    bench.request("POST", "/report", {}, 200, i % 3 == 0 ? R"({"a":1})" : "", "application/json");
    bench.request("POST", "/report", {}, 200, "", "application/x-protobuf; charset=utf-8");
    bench.request("GET", "/report", {}, 200, "", "text/csv");  // a type of nothing
  }
  CHECK(bench.route("POST shop.example.com/report")->settings.content_types ==
        std::vector<std::string>{"application/json", "application/x-protobuf"});
  CHECK_FALSE(bench.route("GET shop.example.com/report")->settings.content_types.has_value());
}

TEST_CASE("bodies are learned by their kind, and methods by path") {
  Bench bench;
  for (int i = 0; i < 600; ++i) {
    bench.request("POST", "/orders", {}, 201,
                  R"({"sku":"A-1","qty":)" + std::to_string(i) + R"(,"to":{"zip":"12345"}})",
                  "application/json; charset=utf-8");
    bench.request("POST", "/login", {}, 302, "user=kim&password=x%26y", "application/x-www-form-urlencoded");
  }
  const RouteSpec* orders = bench.route("POST shop.example.com/orders");
  CHECK(orders->settings.content_types == std::vector<std::string>{"application/json"});
  CHECK(Bench::parameter(orders, "qty")->form.type == ValueType::kInteger);
  CHECK(Bench::parameter(orders, "to[zip]")->places == mask_of(Place::kJson));
  CHECK(Bench::parameter(bench.route("POST shop.example.com/login"), "password")->places == mask_of(Place::kForm));
  const RouteSpec* others = bench.route("shop.example.com/orders (other methods)");
  REQUIRE(others != nullptr);
  CHECK(others->settings.allowed_methods == std::vector<std::string>{"POST", "HEAD", "OPTIONS"});
}

TEST_CASE("what no route answered teaches nothing") {
  Bench bench;
  bench.request("GET", "/wp-login.php", {}, 404);
  bench.request("GET", "/x", {}, 500);
  bench.request("get", "/x");
  CHECK(bench.learner.unanswered() == 3);
  CHECK(bench.learner.policy(1).routes.empty());
}

TEST_CASE("what is learned compiles, and has a bound") {
  Bench bench;
  for (int i = 0; i < 30'000; ++i) {
    const std::string n = std::to_string(i);
    bench.request("GET", "/t" + std::string(1, static_cast<char>('a' + i % 20)) + "/x" + std::to_string(i % 23) +
                             "y/z" + std::to_string(i % 19) + "w/v" + std::to_string(i % 17) + "u");
  }
  CHECK(bench.learner.left_out() + bench.learner.taken() == 30'000);
  Diagnostics diagnostics;
  CHECK(Policy::compile(bench.learner.policy(20), SecurityLevel::kStandard, diagnostics).has_value());
  CHECK_FALSE(has_errors(diagnostics));
}
