#include "config/policy/openapi_import.h"
#include "base/catch.h"
#include "config/policy/policy_reader.h"
#include "config/policy/policy_writer.h"
#include "policy/policy.h"

namespace weir {
namespace {

constexpr const char* kDocument = R"(openapi: 3.0.3
info: {title: Shop, version: "1"}
servers: [{url: https://api.example.com/v1/}]
paths:
  /users/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer, minimum: 1}}
      - {name: lang, in: query, schema: {type: string, maxLength: 5}}
    get:
      operationId: get-user
      parameters:
        - {name: lang, in: query, schema: {enum: [de, en], type: string}}
        - {$ref: '#/components/parameters/Page'}
        - {name: tags, in: query, schema: {type: array, items: {type: string, maxLength: 9}}}
        - {name: ids, in: query, explode: false, schema: {type: array, items: {type: integer}}}
        - {name: X-Trace, in: header, schema: {type: string, format: uuid}}
        - {name: Accept, in: header, schema: {type: string}}
    put:
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/User'}
  /files/{name}.json:
    post:
      parameters: [{name: name, in: path, required: true, schema: {type: integer}}]
      requestBody:
        content:
          multipart/form-data:
            schema:
              type: object
              properties: {file: {type: string, format: binary}, note: {type: string, maxLength: 20}}
components:
  parameters:
    Page: {name: page, in: query, required: true, schema: {type: integer, maximum: 100}}
  schemas:
    Mail: {type: string, format: email}
    User:
      type: object
      required: [mail]
      properties:
        mail: {$ref: '#/components/schemas/Mail'}
        age: {type: integer, nullable: true}
        home: {type: string, format: uri}
        address: {type: object, properties: {zip: {type: string, minLength: 2, maxLength: 9}}}
        friends: {type: array, items: {$ref: '#/components/schemas/User'}}
        roles: {type: array, items: {type: string, enum: [admin, user]}}
)";

std::string imported(const std::string& text, std::string* findings = nullptr) {
  Diagnostics diagnostics;
  const PolicySpec spec = import_openapi(text, "api.yaml", diagnostics);
  if (findings != nullptr)
    for (const auto& diagnostic : diagnostics)
      *findings += diagnostic.to_string() + "\n";
  return print_policy(spec);
}

const ParameterSpec* find(const RouteSpec& route, const std::string& name) {
  for (const auto& parameter : route.parameters)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

}  // namespace

TEST_CASE("an OpenAPI document becomes routes with the forms of their parameters", "[openapi]") {
  Diagnostics diagnostics;
  const PolicySpec spec = import_openapi(kDocument, "api.yaml", diagnostics);
  CHECK_FALSE(has_errors(diagnostics));
  REQUIRE(spec.routes.size() == 5);
  const RouteSpec& get = spec.routes[0];
  CHECK(get.path == "/v1/users/{id}");
  CHECK(get.name == "get-user");
  CHECK(get.methods == std::vector<std::string>{"GET"});
  REQUIRE(find(get, "id"));
  CHECK(find(get, "id")->form.min == 1.0);
  CHECK(find(get, "lang")->form.type == ValueType::kEnum);
  REQUIRE(find(get, "page"));
  CHECK(find(get, "page")->required);
  CHECK(find(get, "tags")->form.length_max == 9u);
  CHECK(find(get, "ids")->form.type == ValueType::kAny);
  CHECK(find(get, "X-Trace")->form.type == ValueType::kUuid);
  CHECK(find(get, "Accept") == nullptr);

  const RouteSpec& put = spec.routes[1];
  CHECK(put.settings.content_types == std::vector<std::string>{"application/json"});
  CHECK(find(put, "")->form.type == ValueType::kJson);
  CHECK(find(put, "mail")->form.type == ValueType::kEmail);
  CHECK(find(put, "mail")->required);
  CHECK(find(put, "age")->form.type == ValueType::kAny);
  CHECK(find(put, "home")->form.type == ValueType::kUrl);
  CHECK(find(put, "address[zip]")->form.length_max == 9u);
  CHECK_FALSE(find(put, "address[zip]")->form.length_min);
  CHECK(find(put, "friends[][mail]") != nullptr);
  CHECK(find(put, "friends[][friends][][mail]") == nullptr);
  CHECK(find(put, "roles[]")->form.type == ValueType::kEnum);

  CHECK(spec.routes[2].settings.allowed_methods == std::vector<std::string>{"GET", "PUT", "HEAD", "OPTIONS"});
  const RouteSpec& post = spec.routes[3];
  CHECK(post.path == "/v1/files/{name}");
  CHECK(find(post, "name") == nullptr);
  CHECK(find(post, "file")->form.type == ValueType::kFilename);
  CHECK(diagnostics.size() == 1);
}

TEST_CASE("what is imported can be read and compiled", "[openapi]") {
  Diagnostics diagnostics;
  auto spec = read_policy_text(imported(kDocument), "p.yaml", diagnostics);
  CHECK(Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics));
  CHECK(diagnostics.empty());
}

TEST_CASE("JSON documents and types of OpenAPI 3.1 are read too", "[openapi]") {
  const std::string text = imported(R"({"openapi":"3.1.0","paths":{"/a":{"get":{"parameters":[
      {"name":"n","in":"query","schema":{"type":["integer"],"exclusiveMinimum":0}},
      {"name":"m","in":"query","schema":{"type":["string","null"],"maxLength":3}}]}}}})");
  CHECK(text.find("type: integer") != std::string::npos);
  CHECK(text.find("min: 0") != std::string::npos);
  CHECK(text.find("max_length") == std::string::npos);
}

TEST_CASE("circles, foreign references and other documents do no harm", "[openapi]") {
  std::string findings;
  imported("openapi: 3.0.0\npaths: {/a: {$ref: 'other.yaml#/x'}, /b: {$ref: '#/paths/~1b'}}\n", &findings);
  CHECK(findings.find("path '/a' cannot be followed") != std::string::npos);
  CHECK(findings.find("path '/b' cannot be followed") != std::string::npos);
  findings.clear();
  imported("swagger: '2.0'\npaths: {}\n", &findings);
  CHECK(findings.find("no OpenAPI 3 document") != std::string::npos);
  for (const char* text :
       {"", "[]", "{", "{\"a\":", "openapi: [3]", "openapi: 3.0.0\npaths: 7", "openapi: 3.0.0\npaths: {/a: {get: 7}}",
        "openapi: 3.0.0\npaths: {/a: {get: {parameters: {}, requestBody: {content: [1]}}}}"}) {
    Diagnostics diagnostics;
    CHECK(import_openapi(text, "x", diagnostics).routes.size() <= 2);
  }
  // Each level refers to the one below it twice: without a bound 2^40 visits.
  std::string wide =
      "openapi: 3.0.0\npaths: {/a: {post: {requestBody: {content: {application/json: {schema: {$ref: "
      "'#/s/0'}}}}}}}\ns:\n";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "{$ref: '#/s/" + std::to_string(i + 1) + "'}";
    wide += "  '" + std::to_string(i) + "': {allOf: [" + next + ", " + next + "]}\n";
  }
  CHECK_FALSE(imported(wide + "  '40': {type: string}\n").empty());
}

}  // namespace weir
