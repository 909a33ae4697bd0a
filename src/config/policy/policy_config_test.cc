#include <filesystem>
#include <fstream>

#include "base/catch.h"
#include "config/config.h"
#include "config/policy/policy_reader.h"
#include "config/policy/policy_writer.h"

namespace weir {
namespace {

constexpr const char* kPolicy = R"(
defaults:
  level: permissive
  url_bytes_max: 1000
  allowed_methods: [GET, POST]
  csrf: {trusted_origins: ["*.example.com"], token_header: X-Csrf-Token}
  unknown_parameters: report
  alert: medium
weights: {url_length: 9}
routes:
  - name: login
    path: /login
    methods: POST
    host: shop.example.com
    level: strict
    content_types: [application/json]
    csrf: false
    parameters:
      - {name: email, type: email, required: true}
      - {name: comment, in: [query, form], type: string, min_length: 1, max_length: 200, special_characters: "-_.", level: strict}
      - {name: n, in: query, type: integer, min: -5, max: 10}
      - {in: body, type: json, depth_max: 3, keys_max: 7}
      - {name: sort, type: enum, values: [asc, desc]}
      - {name: next, type: url, schemes: [https], relative: true}
  - path: /admin/**
    admin_clients: [10.0.0.0/8, ops]
    response_headers: false
allow:
  - {clients: [192.0.2.0/24], comment: health checks, expires: 2026-12-31}
exclusions:
  - {rules: [a, b], route: login, parameter: comment, in: form, comment: the editor sends HTML}
)";

PolicySpec read(const std::string& yaml, Diagnostics& diagnostics) {
  return read_policy_text(yaml, "p.yaml", diagnostics);
}

/// All findings of a text, one a line.
std::string findings_of(const std::string& yaml) {
  Diagnostics diagnostics;
  auto spec = read(yaml, diagnostics);
  if (!has_errors(diagnostics)) (void)Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  std::string text;
  for (const auto& diagnostic : diagnostics)
    text += diagnostic.to_string() + "\n";
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every key of a policy is read, and printed so that it is read the same", "[policy]") {
  Diagnostics diagnostics;
  const PolicySpec spec = read(kPolicy, diagnostics);
  CHECK(diagnostics.empty());
  REQUIRE(spec.routes.size() == 2);
  CHECK(spec.defaults.level == SecurityLevel::kPermissive);
  CHECK(spec.defaults.csrf->token_header == "X-Csrf-Token");
  CHECK(spec.defaults.unknown_parameters == false);
  CHECK(spec.defaults.alert == Level::kMedium);
  CHECK(spec.weights[static_cast<size_t>(PolicyRule::kUrlLength)] == 9);
  const RouteSpec& login = spec.routes[0];
  CHECK(login.methods == std::vector<std::string>{"POST"});
  CHECK_FALSE(login.settings.csrf->check_origin);
  REQUIRE(login.parameters.size() == 6);
  CHECK(login.parameters[1].form.special_characters == "-_.");
  CHECK(login.parameters[2].form.min == -5.0);
  CHECK(login.parameters[3].places == mask_of(Place::kBody));
  CHECK(spec.routes[1].admin->ids == std::vector<std::string>{"ops"});
  REQUIRE(spec.exclusions.size() == 2);
  CHECK(spec.exclusions[0].rules == std::vector<std::string>{"*"});
  CHECK(format_rfc3339(*spec.exclusions[0].expires) == "2027-01-01T00:00:00.000Z");
  CHECK(spec.exclusions[1].at.line == 31);

  const std::string printed = print_policy(spec);
  const PolicySpec again = read(printed, diagnostics);
  INFO(printed);
  CHECK(diagnostics.empty());
  CHECK(print_policy(again) == printed);
  CHECK(again.routes[0].parameters.size() == 6);
}

TEST_CASE("all errors of a policy are reported at once, each with its line and a hint", "[policy]") {
  const std::string found = findings_of(R"(routes:
  - pth: /a
  - path: /b
    level: strickt
    url_bytes_max: 1e9
    parameters:
      - {type: email}
      - {name: x, type: enum}
      - {name: y, type: string, min: 3}
      - {name: z, in: [quary]}
      - {name: u, type: url, schemes: [javascript]}
exclusions:
  - {rules: "*", comment: all}
  - {rules: a}
  - {rules: a, comment: x, expires: 2026-02-30, clients: [10.0.0.0/99]}
allow:
  - {comment: nobody}
)");
  INFO(found);
  CHECK(contains(found, "p.yaml:2:5: error: unknown key 'pth' in a route (did you mean 'path'?)"));
  CHECK(contains(found, "p.yaml:2:5: error: a route without a path"));
  CHECK(contains(found, "p.yaml:4:5: error: one of permissive, standard, strict is expected (did you mean 'strict'?)"));
  CHECK(contains(found, "p.yaml:5:5: error: a whole number from 16"));
  CHECK(contains(found, "p.yaml:7:9: error: a parameter without a name"));
  CHECK(contains(found, "p.yaml:8:9: error: type enum needs values"));
  CHECK(contains(found, "p.yaml:9:9: error: min or max does not go with type string"));
  CHECK(contains(found, "did you mean 'query'?"));
  CHECK(contains(found, "the scheme 'javascript' is never allowed"));
  CHECK(contains(found, "this would exclude every rule everywhere"));
  CHECK(contains(found, "p.yaml:14:5: error: a comment is missing"));
  CHECK(contains(found, "'2026-02-30' is no date"));
  CHECK(contains(found, "'10.0.0.0/99' is no address, network or client id"));
  CHECK(contains(found, "an entry of allow names its clients"));
}

TEST_CASE("what does not fit together is an error with its line", "[policy]") {
  CHECK(contains(findings_of("routes:\n  - path: /a/{x}\n  - path: /a/{y}\n    name: b\n"),
                 "p.yaml:3:5: error: route 'b': takes the same requests as route 1"));
  CHECK(contains(findings_of("routes:\n  - {path: /a, name: n}\n  - {path: /b, name: n}\n"),
                 "two routes are called 'n'"));
  CHECK(contains(findings_of("exclusions:\n  - {rules: a, route: x, comment: c}\n"), "there is no route 'x'"));
  CHECK(contains(findings_of("routes:\n  - path: /a\n    parameters: [{name: id, in: path}]\n"), "no segment {id}"));
  CHECK(contains(findings_of("routes:\n  - path: a\n"), "starts with '/'"));
}

TEST_CASE("a configuration's policy is compiled at the levels it uses, from the section and its files", "[policy]") {
  const auto directory = std::filesystem::temp_directory_path() / "weir_policy_test";
  std::filesystem::create_directories(directory / "policy.d");
  std::ofstream(directory / "policy.d/a.yaml") << "routes:\n  - {path: /from-file, level: strict}\n";
  const std::string file = (directory / "weir.yaml").string();
  Diagnostics diagnostics;
  const auto config = load_config_text(
      "policy:\n  files: [policy.d/a.yaml]\n  routes:\n    - {path: /x, level: permissive}\n", file, {}, diagnostics);
  REQUIRE(config);
  REQUIRE(config->policy);
  CHECK(config->policy->routes().size() == 3);
  CHECK(config->rules.options.other_levels == (mask_of(SecurityLevel::kPermissive) | mask_of(SecurityLevel::kStrict)));
  const std::string printed = print_config(*config);
  const auto again = load_config_text(printed, file, {}, diagnostics);
  REQUIRE(again);
  CHECK(print_config(*again) == printed);

  CHECK_FALSE(load_config_text("policy: {files: missing.yaml}\n", file, {}, diagnostics));
  CHECK_FALSE(load_config_text("policy: {routes: [{path: x}]}\n", file, {}, diagnostics));
  CHECK_FALSE(load_config_text("policy: 7\n", file, {}, diagnostics));
  const auto without = load_config_text("", file, {}, diagnostics);
  REQUIRE(without);
  CHECK_FALSE(without->policy);
  std::filesystem::remove_all(directory);
}

}  // namespace weir
