#include "rules/rule_archive.h"

#include "base/catch.h"

using namespace weir;

namespace {

/// Each kind of value, modifier and section once.
constexpr const char* kRules = R"(title: everything
id: 11111111-1111-4111-8111-111111111111
name: all
description: d
references: [https://example.test/]
author: a
tags: [attack.t1190]
falsepositives: [none]
level: high
logsource: {category: webserver}
detection:
  a:
    cs-uri-query|contains: ['x*y', 'z']
    sc-status|gte: 400
    c-ip|cidr: 10.0.0.0/8
    cs-method: null
  b: {cs-host|re|i: 'a.c', cs-cookie|exists: true, cs-referer|fieldref: cs-host}
  condition: a or 1 of b*
---
title: many
id: 22222222-2222-4222-8222-222222222222
correlation:
  type: event_count
  rules: [all]
  group-by: [c-ip]
  timespan: 5m
  condition: {gte: 3}
)";

LoadedDocuments loaded() {
  LoadedDocuments loaded;
  loaded.documents = parse_rule_documents(kRules, "rules.yml", loaded.diagnostics);
  return loaded;
}

}  // namespace

TEST_CASE("packed rules are unpacked as they were") {
  LoadedDocuments original = loaded();
  original.diagnostics.push_back({Diagnostic::Severity::kWarning, "rules.yml", 3, 1, "message", "hint"});
  const std::string bytes = pack(original);
  const auto back = unpack(bytes);
  REQUIRE(back.has_value());
  CHECK(pack(*back) == bytes);  // nothing is lost on the way
  REQUIRE(back->documents.rules.size() == 1);
  const Rule &rule = back->documents.rules[0], &before = original.documents.rules[0];
  CHECK(rule.id == before.id);
  CHECK((rule.level == before.level && rule.line == before.line && rule.file == "rules.yml"));
  REQUIRE(rule.selections.size() == 2);
  CHECK(rule.selections[0].alternatives[0].items.size() == before.selections[0].alternatives[0].items.size());
  for (size_t i = 0; i < rule.selections[0].alternatives[0].items.size(); ++i) {
    const auto& item = rule.selections[0].alternatives[0].items[i];
    const auto& old = before.selections[0].alternatives[0].items[i];
    CHECK((item.field == old.field && item.comparison == old.comparison && item.values.size() == old.values.size()));
    CHECK(item.values[0].index() == old.values[0].index());
  }
  REQUIRE(back->documents.correlations.size() == 1);
  CHECK(back->documents.correlations[0].timespan_ms == 300'000);
  CHECK(back->documents.correlations[0].sources[0].id == rule.id);
  CHECK(back->diagnostics.back().to_string() == original.diagnostics.back().to_string());
}

TEST_CASE("packed rules that are cut off or go on are refused") {
  const std::string bytes = pack(loaded());
  for (size_t length = 0; length < bytes.size(); ++length) {
    INFO(length);
    CHECK_FALSE(unpack(std::string_view(bytes).substr(0, length)));
  }
  CHECK_FALSE(unpack(bytes + "x"));
}
