#include "config/source_topics.h"

#include <tuple>

#include "base/catch.h"

namespace weir {
namespace {

Config good(const std::string& yaml) {
  Diagnostics found;
  auto config = load_config_text(yaml, "f.yaml", {}, found);
  for (const Diagnostic& diagnostic : found)
    INFO(diagnostic.to_string());
  REQUIRE(config);
  return std::move(*config);
}

/// The findings, one a line.
std::string findings_of(const std::string& yaml) {
  Diagnostics found;
  static_cast<void>(load_config_text(yaml, "f.yaml", {}, found));
  std::string text;
  for (const Diagnostic& diagnostic : found)
    text += diagnostic.to_string() + "\n";
  return text;
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

constexpr const char* kThree = R"(
input:
  timezone: Europe/Berlin
  trusted_proxies: [10.0.0.0/8]
sources:
  - name: api
    topics: [api.requests, api.more]
  - name: web
    topics: ^web\.
    profile: nginx
    timezone: UTC
    client_order: [address]
  - name: mesh
    topics: [mesh.logs]
    profile: ecs
    unwrap: /message
    trusted_proxies: [192.0.2.0/24]
    fields:
      client_id: /user/name
)";

TEST_CASE("sources begin with input and say what differs", "[sources]") {
  const Config config = good(kThree);
  REQUIRE(config.sources.size() == 3);
  const auto& [api, web, mesh] = std::tie(config.sources[0], config.sources[1], config.sources[2]);
  CHECK(config.kafka.topics.requests == std::vector<std::string>{"api.requests", "api.more", "^web\\.", "mesh.logs"});
  CHECK(api.input.profile.name == "flat");
  CHECK(api.time_zone == "Europe/Berlin");
  CHECK(api.input.trusted_proxies.size() == 1);
  CHECK(web.input.profile.name == "nginx");
  CHECK(web.time_zone == "UTC");
  CHECK(web.client_order == std::vector<ClientKind>{ClientKind::kAddress});
  CHECK(mesh.input.profile.unwrap == std::vector<std::string>{"/message"});
  CHECK(mesh.input.profile.client_id.pointers == std::vector<std::string>{"/user/name"});
  CHECK(mesh.trusted_proxies == std::vector<std::string>{"192.0.2.0/24"});
  CHECK(mesh.client_order == config.client_order);
  CHECK(config.input.profile.unwrap.empty());
}

TEST_CASE("without sources there is one, named default", "[sources]") {
  const auto sources = good("kafka: {topics: {requests: [a, b]}}\ninput: {profile: nginx}\n").all_sources();
  REQUIRE(sources.size() == 1);
  CHECK(sources[0].name == "default");
  CHECK(sources[0].topics == std::vector<std::string>{"a", "b"});
  CHECK(sources[0].input.profile.name == "nginx");
}

TEST_CASE("a printed configuration with sources is read again as the same", "[sources]") {
  const std::string printed = print_config(good(kThree));
  CHECK(print_config(good(printed)) == printed);
}

TEST_CASE("a fault in a source names it, its place and what to do", "[sources]") {
  const std::string text = findings_of(R"(
sources:
  - name: web
    topics: [a]
    profil: nginx
  - name: Not A Label
    topics: []
    timezone: Mars
  - topics: [b]
    profile: nothing
    trusted_proxies: [x]
    fields: {client: /a, method: b}
)");
  CHECK(says(text, "f.yaml:5:5: error: source web: unknown key 'profil'"));
  CHECK(says(text, "did you mean 'profile'?"));
  CHECK(says(text, "f.yaml:6:5: error: source 2: name must be a label"));
  CHECK(says(text, "f.yaml:7:5: error: source 2: topics names no topic"));
  CHECK(says(text, "f.yaml:8:5: error: source 2: timezone: there is no time zone 'Mars'"));
  CHECK(says(text, "source 3: name is missing"));
  CHECK(says(text, "f.yaml:10:5: error: source 3: profile: no input profile 'nothing'"));
  CHECK(says(text, "f.yaml:11:23: error: source 3: trusted_proxies: 'x' is no network"));
  CHECK(says(text, "f.yaml:12:14: error: source 3: unknown key 'client'"));
  CHECK(says(text, "source 3: fields.method: 'b' is no JSON pointer"));
}

TEST_CASE("two sources cannot have one name, nor name one topic", "[sources]") {
  const std::string text = findings_of(R"(
sources:
  - {name: web, topics: [a]}
  - {name: web, topics: [b, a]}
)");
  CHECK(says(text, "f.yaml:4:5: error: two sources have the name web"));
  CHECK(says(text, "f.yaml:4:5: error: topic a stands twice in sources"));
}

TEST_CASE("the topics stand in sources alone", "[sources]") {
  const std::string text = findings_of("kafka: {topics: {requests: [x]}}\nsources: [{name: a, topics: [b]}]\n");
  CHECK(says(text, "f.yaml:1:18: error: kafka.topics.requests and sources both name the topics to read"));
}

TEST_CASE("a name that another source's pattern matches is said at once", "[sources]") {
  const std::string text = findings_of(R"(
sources:
  - {name: all, topics: ^logs\.}
  - {name: web, topics: [logs.web]}
)");
  CHECK(says(text, "f.yaml:4:5: warning: topic logs.web is claimed by source all and by web: all stands first"));
}

TEST_CASE("a pattern that matches what weir or the broker writes is refused", "[sources]") {
  CHECK(says(findings_of("sources: [{name: a, topics: ['^.*']}]"), "matches 'weir.alerts', which weir writes"));
  CHECK(says(findings_of("sources: [{name: a, topics: ['^__']}]"), "the broker's own '__consumer_offsets'"));
  CHECK(says(findings_of("sources: [{name: a, topics: ['^[']}]"), "'^[' is no pattern: "));
  CHECK(says(findings_of("kafka: {topics: {requests: ['^weir']}}"), "which weir writes"));
}

TEST_CASE("more than 32 sources are refused", "[sources]") {
  std::string yaml = "sources:\n";
  for (int i = 0; i < 33; ++i)
    yaml += "  - {name: s" + std::to_string(i) + ", topics: t" + std::to_string(i) + "}\n";
  CHECK(says(findings_of(yaml), "sources has more than 32 entries"));
}

TEST_CASE("topics that come to match a pattern are of the first source that claims them", "[sources]") {
  const Config config = good(R"(
sources:
  - {name: shop, topics: [fixed, '^logs\.shop']}
  - {name: rest, topics: '^logs\.'}
)");
  TopicTable topics = topic_table(config);
  REQUIRE(topics.size() == 1);
  CHECK(topics[0] == "fixed");
  const auto shop = topics.add("logs.shop.eu", TopicTable::Unclaimed::kRefuse);
  const auto rest = topics.add("logs.blog", TopicTable::Unclaimed::kRefuse);
  REQUIRE(shop);
  REQUIRE(rest);
  CHECK(topics.source_name(*shop) == "shop");
  CHECK(topics.remark(*shop) ==
        "topic logs.shop.eu is claimed by source shop and by rest: shop stands first in the list "
        "and reads it");
  CHECK(topics.source_name(*rest) == "rest");
  CHECK(topics.remark(*rest).empty());
  CHECK_FALSE(topics.add("other", TopicTable::Unclaimed::kRefuse));
}

TEST_CASE("profiles of the user's own are found in the configured folders", "[sources]") {
  const std::string folder = std::string(WEIR_SOURCE_DIR) + "/profiles";
  const Config config = good("profiles: {directories: [" + folder + "]}\ninput: {profile: nginx}\n");
  REQUIRE(config.profiles.catalog);
  CHECK(config.input.profile.name == "nginx");
  CHECK(config.profile_catalog().find("nginx")->file.starts_with(folder));
  CHECK(says(findings_of("profiles: {directories: [/nowhere/at/all]}"), "/nowhere/at/all"));
}

}  // namespace
}  // namespace weir
