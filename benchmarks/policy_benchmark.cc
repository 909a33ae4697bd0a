#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace weir {
namespace {

/// Routes as APIs have them: resources below two versions, with members and collections of members.
std::shared_ptr<const Policy> policy_of(size_t routes) {
  PolicySpec spec;
  for (size_t i = 0; spec.routes.size() < routes; ++i) {
    const std::string resource = "/api/v" + std::to_string(1 + i % 2) + "/resource" + std::to_string(i);
    for (const char* rest : {"", "/{id}", "/{id}/items", "/{id}/items/{item}"}) {
      if (spec.routes.size() == routes) break;
      RouteSpec route;
      route.path = resource + rest;
      spec.routes.push_back(route);
    }
  }
  Diagnostics diagnostics;
  return *Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
}

void look_up(benchmark::State& state, const std::vector<std::string>& paths) {
  const auto policy = policy_of(static_cast<size_t>(state.range(0)));
  RequestPath scratch;
  size_t next = 0;
  uint64_t found = 0;
  for (auto _ : state) {
    Event event;
    event.method = "GET";
    event.host = "shop.example.com";
    event.path = paths[next];
    if (++next == paths.size()) next = 0;
    found += policy->route_of(event, scratch) != 0;
  }
  state.counters["found"] = benchmark::Counter(static_cast<double>(found), benchmark::Counter::kAvgIterations);
}

void route_found(benchmark::State& state) {
  std::vector<std::string> paths;
  const auto resources = static_cast<size_t>(state.range(0)) / 4;
  for (size_t i = 0; i < resources; ++i)
    paths.push_back("/api/v" + std::to_string(1 + i % 2) + "/resource" + std::to_string(i) + "/4711/items/42");
  look_up(state, paths);
}

void route_missed(benchmark::State& state) {
  look_up(state, {"/static/js/app.4f2a.js", "/", "/api/v1/unknown/7", "/products/summer-shoes"});
}

void route_of_encoded_path(benchmark::State& state) {
  look_up(state, {"/api/v1/resource0/a%20b/items/%34%32"});
}

BENCHMARK(route_found)->Arg(12)->Arg(1000);
BENCHMARK(route_missed)->Arg(12)->Arg(1000);
BENCHMARK(route_of_encoded_path)->Arg(12)->Arg(1000);

}  // namespace
}  // namespace weir
