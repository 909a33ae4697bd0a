#include "workbench/tune/exclusion_draft.h"

#include "base/catch.h"

namespace weir {
namespace {

constexpr EventTime kEnd{Milliseconds(1'800'000'000'000)};

FalseHit hit(const std::string& path, const std::string& parameter, const std::string& rule = "r1") {
  return {rule, mask_of(Place::kForm), parameter, "POST", "cms.example:8080", path, "192.0.2.1", "why"};
}

PolicySpec drafted(ExclusionWidth width, const std::vector<FalseHit>& hits,
                   std::shared_ptr<const Policy> policy = nullptr) {
  ExclusionDraft draft(std::move(policy), width, kEnd);
  for (const auto& one : hits)
    draft.add(one);
  return draft.spec();
}

}  // namespace

TEST_CASE("an exclusion is as wide as it is asked to be", "[tune]") {
  const std::vector<FalseHit> hits{hit("/articles/17", "text"), hit("/articles/18", "title"),
                                   hit("/pages", "text", "r2")};
  const PolicySpec narrow = drafted(ExclusionWidth::kParameter, hits);
  REQUIRE(narrow.exclusions.size() == 3);
  REQUIRE(narrow.routes.size() == 2);
  CHECK(narrow.routes[0].path == "/articles/{id}");
  CHECK(narrow.routes[0].host == "cms.example");
  CHECK(narrow.exclusions[0].route == "POST cms.example/articles/{id}");
  CHECK(narrow.exclusions[0].parameter == "text");
  CHECK(narrow.exclusions[0].places == mask_of(Place::kForm));
  CHECK(narrow.exclusions[0].expires == kEnd);
  const PolicySpec routes = drafted(ExclusionWidth::kRoute, hits);
  REQUIRE(routes.exclusions.size() == 2);
  CHECK(routes.exclusions[0].parameter.empty());
  CHECK(routes.exclusions[0].places == 0);
  const PolicySpec host = drafted(ExclusionWidth::kHost, hits);
  REQUIRE(host.exclusions.size() == 1);
  CHECK(host.routes[0].path == "/**");
  CHECK(host.exclusions[0].rules == std::vector<std::string>{"r1", "r2"});
  const PolicySpec client = drafted(ExclusionWidth::kClientParameter, hits);
  CHECK(client.exclusions[0].clients.as_written == std::vector<std::string>{"192.0.2.1"});
  CHECK(client.exclusions[0].parameter == "text");
}

TEST_CASE("a request on a route of the policy keeps it, however wide the exclusion is", "[tune]") {
  PolicySpec spec;
  spec.routes.push_back({});
  spec.routes.back().name = "editor";
  spec.routes.back().path = "/articles/**";
  Diagnostics diagnostics;
  const auto policy = Policy::compile(spec, SecurityLevel::kStandard, diagnostics);
  REQUIRE(policy);
  for (const auto width : {ExclusionWidth::kParameter, ExclusionWidth::kRoute, ExclusionWidth::kHost}) {
    const PolicySpec made = drafted(width, {hit("/articles/17", "text")}, *policy);
    CHECK(made.routes.empty());
    CHECK(made.exclusions.front().route == "editor");
  }
}

TEST_CASE("a host that no route can name is any host", "[tune]") {
  FalseHit odd = hit("/a", "x");
  odd.host = "[2001:db8::1]:443";
  const PolicySpec made = drafted(ExclusionWidth::kHost, {odd});
  CHECK(made.routes.front().host.empty());
  CHECK(made.routes.front().path == "/a");
}

}  // namespace weir
