#include "alert/ecs.h"

#include <rapidjson/document.h>

#include "alert/encrypting_encoder.h"
#include "alert/ocsf.h"
#include "base/catch.h"

namespace weir {
namespace {

constexpr const char* kOcsf = R"({"time":1736942400123,"start_time":1736942400123,"end_time":1736942405000,"count":10,
  "severity_id":4,"severity":"High","message":"m","risk_score":8,"metadata":{"uid":"u1","product":{"name":"weir","vendor_name":"weir","version":"1"}},
  "finding_info":{"uid":"e1","title":"t","types":["sqli"],"analytic":{"uid":"r1","name":"rule","category":"sqli"},
    "attacks":[{"tactic":{"uid":"TA0001","name":"Initial Access"},"technique":{"uid":"T1190","name":"Exploit"}},
               {"tactic":{"uid":"TA0001","name":"Initial Access"},"technique":{"uid":"T1110","name":"Brute"},"sub_technique":{"uid":"T1110.004","name":"Stuffing"}}]},
  "evidences":[{"src_endpoint":{"ip":"192.0.2.7"},"actor":{"user":{"uid":"customer-42"}},
    "http_request":{"uid":"r7","http_method":"GET","user_agent":"curl/8","url":{"hostname":"shop.example.com","path":"/items"}},
    "data":{"hits":[{"rule_id":"r1"}]}}],
  "unmapped":{"weir":{"kind":"attack","phase":"opened","client":"customer-42","method":"PROPFIND","rule_set":"abc"}}})";

rapidjson::Document parse(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

}  // namespace

TEST_CASE("what ECS has a field for stands in it", "[ecs]") {
  const auto alert = parse(ecs_from_ocsf(kOcsf));
  const auto text = [](const rapidjson::Value& value) { return std::string(value.GetString()); };
  CHECK(text(alert["@timestamp"]) == "2025-01-15T12:00:00.123Z");
  CHECK(text(alert["event"]["kind"]) == "alert");
  CHECK(text(alert["event"]["action"]) == "attack_opened");
  CHECK(text(alert["event"]["id"]) == "u1");
  CHECK(alert["event"]["severity"].GetInt() == 4);
  CHECK(text(alert["source"]["ip"]) == "192.0.2.7");
  CHECK(text(alert["user"]["id"]) == "customer-42");
  CHECK(text(alert["http"]["request"]["method"]) == "PROPFIND");
  CHECK(text(alert["url"]["path"]) == "/items");
  CHECK(text(alert["related"]["hosts"][0]) == "shop.example.com");
  CHECK(text(alert["rule"]["ruleset"]) == "abc");
  CHECK(alert["tags"].Size() == 1);
}

TEST_CASE("techniques of ATT&CK stand in lists, each once", "[ecs]") {
  const auto alert = parse(ecs_from_ocsf(kOcsf));
  CHECK(alert["threat"]["tactic"]["id"].Size() == 1);
  CHECK(alert["threat"]["technique"]["id"].Size() == 2);
  CHECK(std::string(alert["threat"]["technique"]["subtechnique"]["id"][0].GetString()) == "T1110.004");
}

TEST_CASE("what ECS has no field for stands under weir", "[ecs]") {
  const auto alert = parse(ecs_from_ocsf(kOcsf));
  CHECK(std::string(alert["weir"]["kind"].GetString()) == "attack");
  CHECK(alert["weir"]["count"].GetInt() == 10);
  CHECK(alert["weir"]["hits"].Size() == 1);
  CHECK_FALSE(alert["weir"].HasMember("method"));
}

TEST_CASE("a text that is no alert becomes none", "[ecs]") {
  CHECK(ecs_from_ocsf("no JSON").empty());
  CHECK(ecs_from_ocsf("[1]").empty());
}

TEST_CASE("an alert in ECS is encrypted and opened, too", "[ecs]") {
  struct Fixed final : AlertEncoder {
    [[nodiscard]] std::string value_of(const Alert&) const override { return kOcsf; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers_of(const Alert&) const override {
      return {};
    }
  };
  const auto ecs = std::make_shared<EcsEncoder>(std::make_shared<Fixed>());
  const auto keys = *FernetKeys::parse(Secret(std::string(43, 'A') + "="));
  const std::string text = EncryptingEncoder(ecs, keys).value_of(Alert());
  for (const char* hidden : {"/items", "curl/8", "shop.example.com", "r7"})
    CHECK(text.find(hidden) == std::string::npos);
  CHECK(text.find("customer-42") != std::string::npos);
  CHECK(decrypt_alert(text, keys, {}).value_or("refused") == ecs->value_of(Alert()));
}

}  // namespace weir
