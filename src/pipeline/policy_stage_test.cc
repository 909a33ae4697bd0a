#include "pipeline/policy_stage.h"

#include <functional>
#include <string>

#include "base/catch.h"
#include "pipeline/analyzer.h"
#include "pipeline/test_judgement.h"

namespace weir {
namespace {

constexpr const char* kMarker = testing::kBadwordRule;

/// An analyzer with a policy that a test fills in.
struct Bench {
  explicit Bench(const std::function<void(PolicySpec&)>& fill) {
    PolicySpec spec;
    fill(spec);
    const Judgement judgement = testing::judgement(std::move(spec));
    policy = judgement.policy;
    slot = std::make_unique<RuleSlot>(judgement.rules, policy);
    AnalyzerOptions options;
    options.input.profile = *InputProfile::built_in("flat");
    options.keep_verdicts = true;
    analyzer = std::make_unique<Analyzer>(options, *slot, counters);
  }

  /// The verdict on a record: the keys given, or else neutral ones.
  RecordVerdict judge(const std::string& path, const std::string& query = "", const std::string& more = "",
                      const std::string& method = "GET", const std::string& date = "2025-01-15") {
    text = R"({"ts":")" + date + R"(T00:00:00Z",)" +
           (more.find("\"ip\"") == std::string::npos ? R"("ip":"192.0.2.7",)" : "") + R"("method":")" + method +
           R"(","path":")" + path + R"(","host":"shop.example","query":")" + query + "\"" + more + "}";
    const RawRecord record{text, EventTime::max(), {}};
    REQUIRE(analyzer->analyze({&record, 1}, batch));
    REQUIRE(batch.verdicts.size() == 1);
    return batch.verdicts[0];
  }
  [[nodiscard]] Evidence evidence() const {
    REQUIRE(batch.observations[0].evidence);
    return unpack_evidence(batch.observations[0].evidence);
  }

  DetectCounters counters;
  std::shared_ptr<const Policy> policy;
  std::unique_ptr<RuleSlot> slot;
  std::unique_ptr<Analyzer> analyzer;
  std::string text;
  AnalyzedBatch batch;
};

RouteSpec route(const std::string& path) {
  RouteSpec spec;
  spec.path = path;
  return spec;
}

ParameterSpec parameter(const std::string& name, ValueType type, Place place = Place::kQuery) {
  ParameterSpec spec;
  spec.name = name;
  spec.places = mask_of(place);
  spec.form.type = type;
  return spec;
}

ExclusionSpec exclusion(const std::string& rule) {
  ExclusionSpec spec;
  spec.rules = {rule};
  return spec;
}

using Violations = std::vector<PolicyRule>;

}  // namespace

TEST_CASE("a violation alone is an alert where the route says so, with the route's severity", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/marked/**"), route("/others/**")};
    for (RouteSpec& route : spec.routes)
      route.settings.allowed_methods = std::vector<std::string>{"GET"};
    spec.defaults.alert = Level::kHigh;
    spec.routes[1].settings.alert = Level::kInformational;
  });
  CHECK(bench.judge("/marked/a", "", "", "DELETE").malicious);
  REQUIRE(bench.evidence().hits.size() == 1);
  CHECK(bench.evidence().hits[0].level == Level::kHigh);
  CHECK(bench.batch.observations[0].evidence.severity == Level::kHigh);
  CHECK_FALSE(bench.judge("/marked/a").malicious);
  CHECK_FALSE(bench.judge("/others/a", "", "", "DELETE").malicious);
}

TEST_CASE("the level of a route decides which rules run there", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/strict/**"), route("/loose/**")};
    spec.routes[0].settings.level = SecurityLevel::kStrict;
    spec.routes[1].settings.level = SecurityLevel::kPermissive;
  });
  CHECK(bench.judge("/strict/a", "q=strictword").malicious);
  CHECK_FALSE(bench.judge("/other", "q=strictword").malicious);
  CHECK(bench.judge("/other", "q=badword").malicious);
  CHECK_FALSE(bench.judge("/loose/a", "q=badword").malicious);
}

TEST_CASE("the level of a parameter holds for its lines and for what is inside of it", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/a")};
    auto loose = parameter("note", ValueType::kAny);
    loose.places |= mask_of(Place::kJson);
    loose.level = SecurityLevel::kPermissive;
    auto strict = parameter("cmd", ValueType::kAny);
    strict.level = SecurityLevel::kStrict;
    spec.routes[0].parameters = {loose, strict};
  });
  CHECK_FALSE(bench.judge("/a", "note=badword").malicious);
  CHECK(bench.judge("/a", "other=badword").malicious);
  CHECK(bench.judge("/a", "note=badword&other=badword").malicious);
  CHECK(bench.judge("/a", "cmd=strictword").malicious);
  CHECK_FALSE(bench.judge("/a", "note=strictword").malicious);
  CHECK(bench.judge("/b", "note=badword").malicious);
  const std::string json = R"(,"content_type":"application/json","body":"{\"note\":{\"x\":\"badword\"}}")";
  CHECK_FALSE(bench.judge("/a", "", json, "POST").malicious);
}

TEST_CASE("an exclusion holds for its rule, route, parameter, client and until its date, and is counted", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/editor")};
    spec.routes[0].name = "editor";
    auto expiring = exclusion(kMarker);
    expiring.route = "editor";
    expiring.parameter = "html";
    expiring.clients.networks = {*Cidr::parse("192.0.2.0/24")};
    expiring.expires = end_of_day("2025-06-30");
    spec.exclusions = {expiring, exclusion("33333333-3333-4333-8333-333333333333")};
  });
  CHECK_FALSE(bench.judge("/editor", "html=badword").malicious);
  CHECK(bench.counters.excluded_hits.value() == 1);
  CHECK(bench.policy->use().exclusion(0).uses == 1);
  CHECK(format_rfc3339(*bench.policy->use().exclusion(0).last) == "2025-01-15T00:00:00.000Z");
  CHECK(bench.policy->use().exclusion(1).uses == 0);
  CHECK_FALSE(bench.judge("/editor", "html=badword", "", "GET", "2025-06-30").malicious);
  CHECK(bench.judge("/editor", "html=badword", "", "GET", "2025-07-01").malicious);
  CHECK(bench.judge("/editor", "other=badword").malicious);
  CHECK(bench.judge("/editor", "html=badword&other=badword").malicious);
  CHECK(bench.judge("/other", "html=badword").malicious);
  CHECK(bench.judge("/editor", "html=badword", R"(,"ip":"198.51.100.1")").malicious);
  CHECK(unknown_rules(*bench.policy, *bench.slot->load()).size() == 1);
}

TEST_CASE("an allowed client is judged by no rule and no policy; by id or by address", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    auto allowed = exclusion("*");
    allowed.clients.ids = {"scanner-1"};
    spec.exclusions = {allowed};
    spec.defaults.url_bytes_max = 16;
  });
  const auto verdict = bench.judge("/a/long/path/beyond/the/limit", "q=badword", R"(,"client_id":"scanner-1")");
  CHECK_FALSE(verdict.malicious);
  CHECK(verdict.violations.empty());
  CHECK(bench.policy->use().exclusion(0).uses == 2);
  CHECK(bench.judge("/a", "q=badword", R"(,"client_id":"scanner-2")").malicious);
}

TEST_CASE("limits of URL, size, method and content type are violations with ids and weights", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.defaults.url_bytes_max = 20;
    spec.defaults.request_bytes_max = 100;
    spec.defaults.allowed_methods = std::vector<std::string>{"GET", "POST"};
    spec.defaults.content_types = std::vector<std::string>{"application/json", "text/*"};
  });
  CHECK(bench.judge("/12345678901234567", "a").violations.empty());
  CHECK(bench.judge("/12345678901234567", "ab").violations == Violations{PolicyRule::kUrlLength});
  CHECK(bench.judge("/", "", R"(,"request_bytes":100)").violations.empty());
  CHECK(bench.judge("/", "", R"(,"request_bytes":101)").violations == Violations{PolicyRule::kRequestSize});
  CHECK(bench.judge("/", "", "", "TRACE").violations == Violations{PolicyRule::kMethod});
  CHECK(bench.judge("/", "", R"(,"content_type":"Application/JSON; charset=utf-8")", "POST").violations.empty());
  CHECK(bench.judge("/", "", R"(,"content_type":"text/plain")", "POST").violations.empty());
  CHECK(bench.judge("/", "", R"(,"content_type":"application/xml")", "POST").violations ==
        Violations{PolicyRule::kContentType});
  const auto three = bench.judge("/12345678901234567", "ab", R"(,"request_bytes":101)", "TRACE");
  CHECK(three.score == 12);
  CHECK(three.malicious);
  CHECK((three.categories & mask_of(Category::kOther)) != 0);
  REQUIRE(bench.evidence().hits.size() == 3);
  CHECK(bench.evidence().hits[0].rule_id == "weir-policy-url-length");
  CHECK(bench.counters.policy_violations[static_cast<size_t>(PolicyRule::kMethod)].value() == 2);
}

TEST_CASE("the defaults of a policy find nothing wrong with an ordinary request", "[policy]") {
  Bench bench([](PolicySpec&) {});
  const auto verdict = bench.judge("/shop/item", std::string(2000, 'a'), R"(,"request_bytes":10000000)", "DELETE");
  CHECK(verdict.violations.empty());
  CHECK(verdict.score == 0);
}

TEST_CASE("parameters are decoded once and held to their forms wherever they stand", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/users/{id}/mail")};
    auto mail = parameter("mail", ValueType::kEmail);
    mail.places |= mask_of(Place::kForm) | mask_of(Place::kJson) | mask_of(Place::kCookie);
    auto header = parameter("X-Page", ValueType::kInteger, Place::kHeader);
    auto body = parameter("", ValueType::kJson, Place::kBody);
    body.form.depth_max = 2;
    spec.routes[0].parameters = {mail, header, parameter("id", ValueType::kInteger, Place::kPath), body};
  });
  const Violations wrong{PolicyRule::kParameterType};
  CHECK(bench.judge("/users/7/mail", "mail=a%40b.example").violations.empty());
  CHECK(bench.judge("/users/7/mail", "mail=").violations.empty());
  CHECK(bench.judge("/users/7/mail", "mail=a%2540b.example").violations == wrong);
  CHECK(bench.judge("/users/7/mail", "ma%69l=a").violations == wrong);
  CHECK(bench.judge("/users/x/mail").violations == wrong);
  CHECK(bench.judge("/users/%37/mail").violations.empty());
  CHECK(bench.judge("/users/7/mail", "", R"(,"headers":{"x-page":"2","cookie":"s=1; mail=a@b.example"})")
            .violations.empty());
  CHECK(bench.judge("/users/7/mail", "", R"(,"headers":{"x-page":"two"})").violations == wrong);
  CHECK(bench.judge("/users/7/mail", "", R"(,"headers":{"cookie":"s=1; mail=a"})").violations == wrong);
  const std::string form = R"(,"content_type":"application/x-www-form-urlencoded","body":"x=1&mail=)";
  CHECK(bench.judge("/users/7/mail", "", form + "a+b\"", "POST").violations.size() == 2);  // and the body is no JSON
  const std::string json = R"(,"content_type":"application/json","body":")";
  CHECK(bench.judge("/users/7/mail", "", json + R"({\"mail\":\"a@b.example\"}")", "POST").violations.empty());
  CHECK(bench.judge("/users/7/mail", "", json + R"({\"mail\":\"a\"}")", "POST").violations == wrong);
  CHECK(bench.judge("/users/7/mail", "", json + R"({\"a\":{\"b\":{}}}")", "POST").violations == wrong);
  CHECK(bench.judge("/other", "mail=a").violations.empty());
}

TEST_CASE("a body that the log holds only in part is not judged as a whole", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/a")};
    auto needed = parameter("x", ValueType::kAny, Place::kForm);
    needed.required = true;
    spec.routes[0].parameters = {parameter("", ValueType::kJson, Place::kBody), needed};
  });
  CHECK(bench.judge("/a", "", R"(,"body":"{\"a\":","headers":{"content-length":"6000"})", "POST").violations.empty());
  CHECK(bench.judge("/a", "", R"(,"body":"{\"a\":","headers":{"content-length":"5"})", "POST").violations.size() == 2);
  CHECK(bench.judge("/a", "", "", "POST").violations.empty());
}

TEST_CASE("missing and unknown parameters are violations where the route says so", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/a"), route("/b")};
    auto id = parameter("id", ValueType::kAny);
    id.required = true;
    spec.routes[0].parameters = {id, parameter("filter", ValueType::kAny)};
    spec.routes[0].settings.unknown_parameters = false;
    spec.routes[1].parameters = {parameter("id", ValueType::kAny)};
  });
  CHECK(bench.judge("/a", "id=1&filter[x][y]=2").violations.empty());
  CHECK(bench.judge("/a", "filter=1").violations == Violations{PolicyRule::kParameterMissing});
  CHECK(bench.judge("/a", "id=1&debug=1").violations == Violations{PolicyRule::kParameterUnknown});
  CHECK(bench.judge("/b", "debug=1").violations.empty());
  const auto many = bench.judge("/a", "id=1&a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1&r=1");
  CHECK(many.violations.size() == RequestCheck::kViolationsMax);
  CHECK(many.score == info_of(PolicyRule::kParameterUnknown).weight);
  CHECK(bench.counters.violations_left_out.value() == 1);
  const auto most = bench.judge("/a", "id=1&a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1");
  CHECK(most.violations.size() == RequestCheck::kViolationsMax);
  CHECK(bench.counters.violations_left_out.value() == 1);
}

TEST_CASE("an admin route raises an alert for every client outside its list, whatever the path's spelling",
          "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/admin/**")};
    ClientSet operators;
    operators.networks = {*Cidr::parse("10.0.0.0/8")};
    operators.ids = {"ops"};
    spec.routes[0].admin = operators;
  });
  for (const char* path : {"/admin", "/admin/users", "//admin/", "/%61dmin", "/x/../admin"}) {
    const auto verdict = bench.judge(path);
    CHECK(verdict.malicious);
    CHECK(verdict.violations == Violations{PolicyRule::kAdmin});
  }
  CHECK_FALSE(bench.judge("/admin", "", R"(,"client_id":"ops")").malicious);
  CHECK_FALSE(bench.judge("/admin", "", R"(,"ip":"10.1.2.3")").malicious);
  CHECK_FALSE(bench.judge("/administrator").malicious);
}

TEST_CASE("a state-changing request from another origin or without its token is suspected of forgery", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/pay"), route("/token")};
    CsrfSpec csrf;
    csrf.trusted_origins = {"*.partner.example"};
    spec.routes[0].settings.csrf = csrf;
    CsrfSpec token;
    token.origin_required = true;
    token.token_header = "X-Token";
    spec.routes[1].settings.csrf = token;
  });
  const auto forged = [&](const std::string& path, const std::string& headers, const std::string& method = "POST") {
    return bench.judge(path, "", ",\"headers\":{" + headers + "}", method).violations == Violations{PolicyRule::kCsrf};
  };
  CHECK(forged("/pay", R"("origin":"https://evil.example")"));
  CHECK(forged("/pay", R"("origin":"https://shop.example.evil.example")"));
  CHECK(forged("/pay", R"("origin":"https://shop.example@evil.example")"));
  CHECK(forged("/pay", R"("origin":"null")"));
  CHECK(forged("/pay", R"("referer":"https://evil.example/shop.example")"));
  CHECK_FALSE(forged("/pay", R"("origin":"https://evil.example")", "GET"));
  CHECK_FALSE(forged("/pay", R"("origin":"https://SHOP.example:8443")"));
  CHECK_FALSE(forged("/pay", R"("origin":"https://www.partner.example")"));
  CHECK_FALSE(forged("/pay", R"("referer":"https://shop.example/cart")"));
  CHECK_FALSE(forged("/pay", ""));
  CHECK(forged("/token", R"("x-token":"t")"));
  CHECK(forged("/token", R"("origin":"https://shop.example")"));
  CHECK_FALSE(forged("/token", R"("origin":"https://shop.example","X-TOKEN":"t")"));
}

TEST_CASE("response headers that are missing, weak or revealing are counted per route and hit nobody", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/a"), route("/quiet")};
    spec.routes[1].settings.response_headers = false;
  });
  const std::string good =
      R"(,"scheme":"https","response_headers":{"content-type":"text/html","X-Content-Type-Options":"nosniff",)"
      R"("content-security-policy":"default-src 'self'; frame-ancestors 'none'","referrer-policy":"same-origin",)"
      R"j("permissions-policy":"camera=()","strict-transport-security":"max-age=31536000; includeSubDomains")j";
  const auto faults = [&](const std::string& headers, const std::string& path = "/a") {
    const auto verdict = bench.judge(path, "", headers + "}");
    CHECK(verdict.violations.empty());
    CHECK(verdict.score == 0);
    return bench.policy->use().responses(1).faults;
  };
  CHECK(faults(good) == 0);
  CHECK(faults(R"(,"scheme":"https","response_headers":{"server":"nginx/1.2")", "/quiet") == 0);
  CHECK(describe_faults(faults(good + R"(,"server":"nginx/1.2")")) == "Server revealed");
  CHECK(
      faults(R"(,"scheme":"http","response_headers":{"x-content-type-options":"nosniff","content-type":"image/png")") ==
      static_cast<ResponseFaults>(ResponseFault::kServerRevealed));
  std::string weak = good;
  weak.replace(weak.find("31536000"), 8, "31535999");
  CHECK(describe_faults(faults(weak)) == "Strict-Transport-Security below a year, Server revealed");
  CHECK(bench.policy->use().fault_changes() == 2);
  CHECK(faults(R"(,"scheme":"https","response_headers":{"content-type":"text/html; charset=utf-8")") == 0xff);
  CHECK(bench.policy->use().responses(1).checked == 5);
  CHECK(bench.policy->use().responses(1).faulty == 3);
}

TEST_CASE("evidence of a violation shows the decoded value and masks secrets", "[policy]") {
  Bench bench([](PolicySpec& spec) {
    spec.routes = {route("/a")};
    spec.routes[0].parameters = {parameter("password", ValueType::kUuid), parameter("n", ValueType::kInteger),
                                 parameter("sid", ValueType::kUuid, Place::kCookie)};
    spec.weights[static_cast<size_t>(PolicyRule::kParameterType)] = 10;
  });
  bench.judge("/a", "password=hunter2hunter2&n=%37x", R"(,"headers":{"cookie":"sid=supersecretsession"})");
  const Evidence evidence = bench.evidence();
  REQUIRE(evidence.hits.size() == 3);
  std::string all;
  for (const auto& hit : evidence.hits)
    all += hit.parameter + "=" + hit.excerpt + "\n";
  CHECK(all.find("hunter2h") == std::string::npos);
  CHECK(all.find("supersecret") == std::string::npos);
  CHECK(all.find("n=7x") != std::string::npos);
  CHECK(evidence.hits[0].title == "Policy: parameter of the wrong form (no UUID)");
  CHECK(evidence.hits[0].weight + evidence.hits[1].weight + evidence.hits[2].weight == 10);
  CHECK(evidence.score == 10);
}

TEST_CASE("exclusions beyond what one record may have are counted", "[policy]") {
  // Nine exclusions of 2,000 rules each from one line, of which 16,384 are taken.
  Bench bench([](PolicySpec& spec) {
    for (int i = 0; i < 9; ++i) {
      spec.exclusions.push_back(exclusion("*"));
      spec.exclusions.back().rules.assign(2'000, kMarker);
      spec.exclusions.back().places = mask_of(Place::kQuery);
      spec.exclusions.back().comment = std::to_string(i);
    }
  });
  bench.judge("/a", "a=badword");
  CHECK(bench.counters.exclusions_left_out.value() == 9 * 2'000 - 16'384);
  bench.judge("/a");
  CHECK(bench.counters.exclusions_left_out.value() == 9 * 2'000 - 16'384);
}

TEST_CASE("a new policy is in force together with its rules from the next batch on", "[policy]") {
  Bench bench([](PolicySpec& spec) { spec.defaults.url_bytes_max = 16; });
  CHECK(bench.judge("/a/long/path/beyond").violations.size() == 1);
  bench.slot->store(bench.slot->load(), nullptr);
  CHECK(bench.judge("/a/long/path/beyond").violations.empty());
}

}  // namespace weir
