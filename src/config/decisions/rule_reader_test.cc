#include "config/decisions/rule_reader.h"

#include "base/catch.h"
#include "config/config.h"

namespace weir {
namespace {

Config good(const std::string& yaml) {
  Diagnostics found;
  auto config = load_config_text(yaml, "f.yaml", {}, found);
  for (const Diagnostic& diagnostic : found)
    UNSCOPED_INFO(diagnostic.to_string());
  REQUIRE(config);
  return std::move(*config);
}

std::string findings_of(const std::string& yaml) {
  Diagnostics found;
  static_cast<void>(load_config_text(yaml, "f.yaml", {}, found));
  std::string text;
  for (const Diagnostic& diagnostic : found)
    text += diagnostic.to_string() + "\n";
  return text;
}

bool says(const std::string& yaml, const std::string& part) {
  const std::string text = findings_of("decisions:\n  rules:\n" + yaml);
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

constexpr const char* kFull = R"(
input:
  trusted_proxies: [10.9.0.0/16]
decisions:
  simulate: false
  never: [192.0.2.0/24, 2001:db8::/32]
  remember_s: 3600
  per_minute_max: 60
  rules:
    - name: effective
      kinds: attack
      clients: [address, api_key]
      severity: high
      categories: [sqli, rce]
      outcomes: [answered, likely_effective]
      records: 3
      alerts: 2
      within_s: 600
      action: ban
      duration_s: 7200
      factor: 3
      duration_max_s: 86400
    - {name: scans, reasons: [scanning, bot_user_agent], action: throttle, retry_after_s: 10}
)";

}  // namespace

TEST_CASE("rules of decisions are read with all their keys", "[decisions]") {
  const Config config = good(kFull);
  REQUIRE(config.score.decisions);
  const DecisionPolicy& policy = *config.score.decisions;
  CHECK(policy.simulate == Simulate::kOff);
  CHECK(policy.remember == Milliseconds{3'600'000});
  CHECK(policy.per_minute_max == 60);
  REQUIRE(policy.rules.size() == 2);
  const DecisionRule& rule = policy.rules.front();
  CHECK(rule.name == "effective");
  CHECK(rule.kinds == 0b0001);
  CHECK(rule.client_kinds == 0b0110);
  CHECK(rule.severity_min == Level::kHigh);
  CHECK(rule.categories == (mask_of(Category::kSqli) | mask_of(Category::kRce)));
  CHECK(rule.outcomes == 0b11000);
  CHECK(rule.records_min == 3);
  CHECK(rule.alerts_min == 2);
  CHECK(rule.within == Milliseconds{600'000});
  CHECK(rule.action == DecisionAction::kBan);
  CHECK(rule.duration == Milliseconds{7'200'000});
  CHECK(rule.factor == 3);
  CHECK(rule.duration_max == Milliseconds{86'400'000});
  const DecisionRule& scans = policy.rules.back();
  CHECK(scans.kinds == 0b1011);
  CHECK(scans.client_kinds == 0b0111);
  CHECK(scans.burst_reasons == static_cast<BurstReasons>(BurstReason::kScanning));
  CHECK(scans.abuse_reasons == static_cast<AbuseReasons>(AbuseReason::kBotUserAgent));
  CHECK(scans.action == DecisionAction::kThrottle);
  CHECK(scans.retry_after == Milliseconds{10'000});
  CHECK_FALSE(policy.subject_of(ClientKind::kAddress, "192.0.2.7"));
  CHECK_FALSE(policy.subject_of(ClientKind::kAddress, "10.9.1.1"));  // a trusted proxy
  CHECK(policy.subject_of(ClientKind::kAddress, "10.8.1.1"));
}

TEST_CASE("without rules nothing is decided, and decisions are simulated unless told otherwise", "[decisions]") {
  CHECK_FALSE(good("").score.decisions);
  CHECK_FALSE(good("decisions: {simulate: false}").score.decisions);
  const Config config = good("decisions: {rules: [{name: a, action: ban}]}");
  REQUIRE(config.score.decisions);
  CHECK(config.score.decisions->simulate == Simulate::kOn);
}

TEST_CASE("the printed configuration has the same rules", "[decisions]") {
  const std::string printed = print_config(good(kFull));
  CHECK(print_config(good(printed)) == printed);
  CHECK(good(printed).score.decisions->digest() == good(kFull).score.decisions->digest());
}

TEST_CASE("what is wrong with a rule of decisions is told with its line", "[decisions]") {
  CHECK(says("    - {action: ban}\n", "f.yaml:3"));
  CHECK(says("    - {action: ban}\n", "name is missing"));
  CHECK(says("    - {name: a}\n", "action is missing"));
  CHECK(says("    - {name: A b, action: ban}\n", "name must be a label"));
  CHECK(says("    - {name: a, action: bann}\n", "did you mean 'ban'?"));
  CHECK(says("    - {name: a, action: ban, categories: [sqlli]}\n", "did you mean 'sqli'?"));
  CHECK(says("    - {name: a, action: ban, kinds: correlation}\n", "one of attack, abuse, burst is expected"));
  CHECK(says("    - {name: a, action: ban, duration: 5}\n", "unknown key 'duration'"));
  CHECK(says("    - {name: a, action: ban, alerts: 33}\n", "from 1 to 32"));
  CHECK(says("    - {name: a, action: ban, duration_s: 10, duration_max_s: 5}\n", "less than its duration_s"));
  CHECK(says("    - {name: a, action: ban, categories: sqli, reasons: scanning}\n", "no alert could ever fit rule a"));
  CHECK(says("    - {name: a, action: ban, kinds: burst, risk_score: 60}\n", "no alert could ever fit rule a"));
  CHECK(says("    - {name: a, action: ban}\n    - {name: a, action: ban}\n", "two rules of decisions have the name a"));
  CHECK(says("    ban\n", "decisions.rules is a list"));
  CHECK(findings_of("decisions: {never: [10.0.0.1/8]}").find("decisions.never") != std::string::npos);
}

TEST_CASE("who trusts everyone's forwarded address cannot act on addresses", "[decisions]") {
  const std::string found =
      findings_of("input: {trusted_proxies: [0.0.0.0/0]}\ndecisions: {rules: [{name: a, action: ban}]}");
  CHECK(found.find("lets each client choose its address") != std::string::npos);
}

}  // namespace weir
