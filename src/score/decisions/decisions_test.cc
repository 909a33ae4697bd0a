#include "score/decisions/decisions.h"

#include <algorithm>
#include <map>

#include "base/catch.h"
#include "score/client_check.h"
#include "score/decisions/decision_policy.h"
#include "score/decisions/decisions_fixture.h"
#include "score/random_traffic.h"
#include "score/scorer.h"

using namespace weir;
using namespace weir::decisions_fixture;

namespace {

std::string describe(const DecisionChange& change) {
  const Decision& decision = change.decision;
  return std::string(to_string(change.what)) + " " + decision.id + " " + decision.client + " " + decision.subject +
         " " + std::string(to_string(decision.action)) + " " + decision.rule + " " + decision.reason + " " +
         decision.alert_id + " " + std::to_string(decision.from_ms) + "-" + std::to_string(decision.until_ms) + " " +
         std::to_string(decision.times);
}
void append_to(std::vector<std::string>& out, std::vector<DecisionChange> changes) {
  for (const DecisionChange& change : changes)
    out.push_back(describe(change));
}

/// Rules that random traffic keeps busy: counts, three actions, growth.
DecisionPolicy busy_policy() {
  DecisionPolicy policy;
  DecisionRule ban = rule("grave", DecisionAction::kBan, 600'000);
  ban.kinds = 1;
  ban.severity_min = Level::kHigh;
  ban.alerts_min = 3;
  ban.within = Milliseconds{900'000};
  ban.factor = 2;
  DecisionRule captcha = rule("scans", DecisionAction::kCaptcha, 240'000);
  captcha.kinds = 0b1000;
  DecisionRule throttle = rule("rest", DecisionAction::kThrottle, 60'000);
  policy.rules = {ban, captcha, throttle};
  policy.remember = Milliseconds{kHourMs};
  policy.customers_max = 2;
  return policy;
}

}  // namespace

TEST_CASE("an alert leads to a decision about its client, which ends by event time", "[decisions]") {
  Run run(options_with({rule("attackers", DecisionAction::kBan, kHourMs)}));
  run.attack_of("198.51.100.7", 1'000);
  REQUIRE(run.changes.size() == 1);
  const Decision made = run.changes.front().decision;
  CHECK(run.changes.front().what == What::kMade);
  CHECK(made.subject == "198.51.100.7");
  CHECK(made.client == "198.51.100.7");
  CHECK(made.action == DecisionAction::kBan);
  CHECK(made.rule == "attackers");
  CHECK(made.reason == "attack sqli, high");
  CHECK(made.alert_id == run.alerts.front().id);
  CHECK(made.from_ms == kStartMs + 1'000);
  CHECK(made.until_ms == kStartMs + 1'000 + kHourMs);
  CHECK(made.is_simulated);
  CHECK(made.id.size() == 36);

  run.attack_of("198.51.100.7", 2'000);  // goes on: nothing new
  run.time_is(1'000 + kHourMs - 1);
  CHECK(run.changes.size() == 1);
  CHECK(run.scorer.statistics().decisions.active == 1);
  run.time_is(1'000 + kHourMs);
  REQUIRE(run.steps() == std::vector{What::kMade, What::kEnded});
  CHECK(run.changes.back().decision == made);
  CHECK(run.scorer.statistics().decisions.active == 0);
}

TEST_CASE("the first rule that fits decides, a stricter action takes a milder one's place, never the reverse",
          "[decisions]") {
  DecisionRule high = rule("high", DecisionAction::kBan, kHourMs);
  high.severity_min = Level::kHigh;
  Run run(options_with({high, rule("any", DecisionAction::kThrottle, 2 * kHourMs)}));
  run.attack_of("198.51.100.7", 0, attack(Level::kLow));
  run.attack_of("198.51.100.7", 1'000, attack(Level::kHigh));
  run.attack_of("198.51.100.7", 62'000, attack(Level::kLow));
  REQUIRE(run.steps() == std::vector{What::kMade, What::kReplaced});
  CHECK(run.changes[0].decision.action == DecisionAction::kThrottle);
  CHECK(run.changes[1].decision.action == DecisionAction::kBan);
  CHECK(run.changes[1].decision.id != run.changes[0].decision.id);
  // Not before the throttle would have ended.
  CHECK(run.changes[1].decision.until_ms == run.changes[0].decision.until_ms);
}

TEST_CASE("a rule fits by what the alert says", "[decisions]") {
  Alert alert;
  alert.kind = AlertKind::kAttack;
  alert.client_kind = ClientKind::kAddress;
  alert.categories = mask_of(Category::kSqli);
  alert.severity = Level::kMedium;
  alert.outcome = Outcome::kAnswered;
  alert.count = 10;
  DecisionRule fitting = rule("r", DecisionAction::kBan, 1);
  fitting.categories = static_cast<CategoryMask>(mask_of(Category::kSqli) | mask_of(Category::kXss));
  fitting.outcomes = 1 << static_cast<int>(Outcome::kAnswered);
  fitting.severity_min = Level::kMedium;
  fitting.records_min = 10;
  CHECK(fitting.fits(alert));
  const auto refuses = [&](const auto& change) {
    DecisionRule other = fitting;
    change(other);
    return !other.fits(alert);
  };
  CHECK(refuses([](DecisionRule& r) { r.categories = mask_of(Category::kXss); }));
  CHECK(refuses([](DecisionRule& r) { r.outcomes = 1 << static_cast<int>(Outcome::kBlocked); }));
  CHECK(refuses([](DecisionRule& r) { r.severity_min = Level::kHigh; }));
  CHECK(refuses([](DecisionRule& r) { r.records_min = 11; }));
  CHECK(refuses([](DecisionRule& r) { r.kinds = 0b1010; }));
  CHECK(refuses([](DecisionRule& r) { r.client_kinds = 0b0011; }));
  CHECK(refuses([](DecisionRule& r) { r.risk_score_min = 1; }));
  CHECK(refuses([](DecisionRule& r) { r.burst_reasons = 0xff; }));
  alert.client_kind = ClientKind::kGroup;  // a summary, or a correlation's
  CHECK_FALSE(fitting.fits(alert));

  Alert burst;
  burst.kind = AlertKind::kBurst;
  burst.client_kind = ClientKind::kAddress;
  burst.burst.reasons = static_cast<BurstReasons>(BurstReason::kScanning);
  DecisionRule scanning = rule("s", DecisionAction::kBan, 1);
  scanning.burst_reasons = static_cast<BurstReasons>(BurstReason::kScanning);
  CHECK(scanning.fits(burst));
  burst.burst.reasons = static_cast<BurstReasons>(BurstReason::kEnumeration);
  CHECK_FALSE(scanning.fits(burst));
}

TEST_CASE("a rule may want several alerts within a time", "[decisions]") {
  DecisionRule often = rule("often", DecisionAction::kBan, kHourMs);
  often.alerts_min = 3;
  often.within = Milliseconds{600'000};
  Run run(options_with({often}));
  // Episodes end after five minutes: each of these opens one.
  for (const int64_t minute : {0, 6, 18, 24})
    run.attack_of("198.51.100.7", minute * 60'000);
  CHECK(run.changes.empty());
  run.attack_of("198.51.100.8", 25 * 60'000);
  run.attack_of("198.51.100.7", 28 * 60'000 + 1'000);
  CHECK(run.changes.empty());  // 18, 24, 28:01 lie more than ten minutes apart
  run.attack_of("198.51.100.7", 34 * 60'000);
  REQUIRE(run.changes.size() == 1);  // 24 to 34
  CHECK(run.changes.front().decision.client == "198.51.100.7");
}

TEST_CASE("each further decision lasts longer, up to a maximum, until the earlier ones are forgotten", "[decisions]") {
  DecisionRule growing = rule("growing", DecisionAction::kBan, kHourMs);
  growing.factor = 4;
  growing.duration_max = Milliseconds{10 * kHourMs};
  DecisionPolicy policy;
  policy.rules = {growing};
  policy.remember = Milliseconds{24 * kHourMs};
  Run run(options_with(std::move(policy)));
  int64_t now = 0;
  std::vector<int64_t> lengths;
  std::vector<uint32_t> times;
  for (const int64_t pause : {1, 1, 1, 23, 24}) {
    run.attack_of("198.51.100.7", now);
    const Decision& decision = run.changes.back().decision;
    REQUIRE(run.changes.back().what == What::kMade);
    lengths.push_back((decision.until_ms - decision.from_ms) / kHourMs);
    times.push_back(decision.times);
    now = decision.until_ms - kStartMs + pause * kHourMs;
    for (int64_t step = run.scorer.now()->time_since_epoch().count() - kStartMs; step < now; step += 600'000)
      run.time_is(step);
    REQUIRE(run.changes.back().what == What::kEnded);
  }
  run.attack_of("198.51.100.7", now);
  CHECK(lengths == std::vector<int64_t>{1, 4, 10, 10, 10});
  CHECK(times == std::vector<uint32_t>{1, 2, 3, 4, 5});
  CHECK(run.changes.back().decision.times == 1);
  CHECK(DecisionRule{}.length(1'000'000) == Milliseconds{14'400'000});
}

TEST_CASE("a client that goes on in the second half of its time is kept, under the same id", "[decisions]") {
  Run run(options_with({rule("r", DecisionAction::kThrottle, kHourMs)}));
  run.attack_of("198.51.100.7", 0);
  run.attack_of("198.51.100.7", kHourMs / 2 - 10'000);
  CHECK(run.changes.size() == 1);
  run.attack_of("198.51.100.7", kHourMs / 2 + 60'000);
  REQUIRE(run.steps() == std::vector{What::kMade, What::kRenewed});
  CHECK(run.changes[1].decision.id == run.changes[0].decision.id);
  CHECK(run.changes[1].decision.until_ms == kStartMs + kHourMs * 3 / 2 + 60'000);
}

TEST_CASE("own networks, trusted proxies and crawlers are never a subject, and no network that holds them",
          "[decisions]") {
  DecisionPolicy policy;
  policy.ipv4_prefix = 24;
  policy.ipv6_prefix = 48;
  policy.never.add("10.0.0.0/8");
  policy.never.add("198.51.100.200");
  policy.never.add("2001:db8:1::/48");
  policy.crawlers.emplace_back().add("192.0.2.64/26");
  policy.crawlers.back().seal();
  policy.never.seal();
  const auto subject = [&](std::string_view client) {
    return policy.subject_of(ClientKind::kAddress, client).value_or("-");
  };
  CHECK(subject("10.1.2.3") == "-");
  CHECK(subject("192.0.2.65") == "-");
  CHECK(subject("203.0.113.9") == "203.0.113.0/24");
  CHECK(subject("198.51.100.9") == "198.51.100.9");  // its network has an address of our own
  CHECK(subject("192.0.2.1") == "192.0.2.1");
  CHECK(subject("2001:db8:2:7::/64") == "2001:db8:2::/48");
  CHECK(subject("2001:db8:2:8000::/64") == "2001:db8:2::/48");
  CHECK(subject("2001:db8:1:7::/64") == "-");
  CHECK(subject("unknown") == "-");
  CHECK(subject("::") == "-");
  policy.ipv6_prefix = 64;
  CHECK(subject("2001:db8:2:7::/64") == "2001:db8:2:7::/64");
  CHECK(policy.subject_of(ClientKind::kApiKey, "ab12") == "ab12");
  CHECK_FALSE(policy.subject_of(ClientKind::kGroup, "*"));

  policy.rules = {rule("r", DecisionAction::kBan, kHourMs)};
  Run run(options_with(std::move(policy)));
  run.attack_of("10.1.2.3", 0);
  CHECK(run.alerts.size() == 1);
  CHECK(run.changes.empty());
  CHECK(run.scorer.statistics().decisions.spared == 1);
}

TEST_CASE("an address with many named clients behind it is not acted on, as long as they come", "[decisions]") {
  DecisionPolicy policy;
  policy.rules = {rule("r", DecisionAction::kBan, kHourMs)};
  policy.customers_max = 3;
  ScoreOptions options = options_with(std::move(policy));
  options.clients_max = options.chunk_clients = 64;
  Run run(options);
  const auto meet = [&](const std::string& address, uint64_t customer, int64_t at_ms) {
    Stream stream;
    Observation& record = stream.add({.client = address, .at_ms = at_ms});
    record.client_kind = ClientKind::kAddress;
    record.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
    record.path_hash = customer;
    run.observe(record);
  };
  for (int i = 0; i < 20; ++i) {
    meet("198.51.100.7", 100U + static_cast<unsigned>(i % 4), i);
    meet("198.51.100.8", 100U + static_cast<unsigned>(i % 3), i);
  }
  run.attack_of("198.51.100.7", 1'000);
  run.attack_of("198.51.100.8", 1'000);
  run.attack_of("198.51.100.9", 1'000);
  REQUIRE(run.changes.size() == 2);
  CHECK(run.changes[0].decision.client == "198.51.100.8");
  CHECK(run.changes[1].decision.client == "198.51.100.9");
  CHECK(run.scorer.statistics().decisions.spared == 1);

  std::string bytes;
  run.scorer.save(0, bytes);
  Run restored(options);
  restored.scorer.begin_restore();
  REQUIRE(restored.scorer.load(0, bytes));
  CHECK(restored.scorer.digest() == run.scorer.digest());
  restored.attack_of("198.51.100.7", 400'000);
  CHECK(restored.changes.empty());
  restored.attack_of("198.51.100.7", 25 * kHourMs);  // nobody else came for a day
  REQUIRE_FALSE(restored.changes.empty());
  CHECK(restored.changes.back().decision.client == "198.51.100.7");
}

TEST_CASE("a client that people silenced gets no decision, and to forget a client ends its own", "[decisions]") {
  Run run(options_with({rule("r", DecisionAction::kBan, kHourMs)}));
  const std::string client = "198.51.100.7";
  const uint64_t hash = std::hash<std::string>{}(client);
  const ClientOrder silence{OrderKind::kSilence, ClientKind::kAddress, client, hash, {}, kStartMs + 60'000, "t", "ops"};
  run.scorer.decide({&silence, 1}, run.alerts);
  run.attack_of(client, 0);
  run.attack_of(client, 59'000);
  CHECK(run.changes.empty());
  for (int i = 0; i < 9; ++i)
    run.attack_of(client, 60'000 + i);
  REQUIRE(run.steps() == std::vector{What::kMade});
  const ClientOrder forget{OrderKind::kForget, ClientKind::kAddress, client, hash, {}, 0, "t", "ops"};
  run.scorer.decide({&forget, 1}, run.alerts);
  run.take();
  CHECK(run.steps() == std::vector{What::kMade, What::kDeleted});
  run.attack_of(client, 70'000);
  CHECK(run.changes.back().what == What::kMade);
  CHECK(run.changes.back().decision.times == 1);
}

TEST_CASE("what a person decides stays whatever the alerts say, until it ends or is lifted", "[decisions]") {
  DecisionPolicy policy;
  policy.rules = {rule("r", DecisionAction::kBan, kHourMs)};
  policy.never.add("10.0.0.0/8");
  ScoreOptions options = options_with(std::move(policy));
  options.clients_max = options.chunk_clients = 64;
  Run run(options);
  const std::string client = "198.51.100.7", own = "10.0.0.1";
  const auto order = [](OrderKind kind, const std::string& name, int64_t until_ms) {
    ClientOrder made{kind, ClientKind::kAddress, name,  std::hash<std::string>{}(name),
                     {},   kStartMs + until_ms,  "why", "ops"};
    made.action = DecisionAction::kThrottle;
    made.from_ms = kStartMs;
    made.retry_after = Milliseconds{5'000};
    return made;
  };
  const auto give = [&](const ClientOrder& made) {
    run.scorer.decide({&made, 1}, run.alerts);
    run.take();
  };
  give(order(OrderKind::kDecide, client, 2 * kHourMs));
  give(order(OrderKind::kDecide, own, 2 * kHourMs));
  REQUIRE(run.steps() == std::vector{What::kMade});
  const Decision made = run.changes.front().decision;
  CHECK(made.caller == "ops");
  CHECK(made.reason == "why");
  CHECK(made.rule.empty());
  CHECK(made.action == DecisionAction::kThrottle);
  CHECK(made.until_ms == kStartMs + 2 * kHourMs);
  CHECK(made.retry_after == Milliseconds{5'000});
  CHECK_FALSE(made.is_simulated);
  run.attack_of(client, 1'000);
  run.attack_of(client, 2 * kHourMs - 1'000);
  CHECK(run.changes.size() == 1);

  std::string bytes;
  run.scorer.save(0, bytes);
  Run restored(options);
  restored.scorer.begin_restore();
  REQUIRE(restored.scorer.load(0, bytes));
  CHECK(restored.scorer.digest() == run.scorer.digest());

  give(order(OrderKind::kLift, "198.51.100.8", 0));  // has none
  give(order(OrderKind::kLift, client, 0));
  REQUIRE(run.steps() == std::vector{What::kMade, What::kDeleted});
  CHECK(run.changes.back().decision == made);
  give(order(OrderKind::kDecide, client, -kHourMs));  // is over
  CHECK(run.changes.size() == 2);
  run.attack_of(client, 2 * kHourMs + 120'000);
  REQUIRE(run.changes.size() == 3);
  CHECK(run.changes.back().decision.rule == "r");
  give(order(OrderKind::kDecide, client, 9 * kHourMs));
  CHECK(run.changes.back().what == What::kReplaced);
}

TEST_CASE("a client's decisions can be asked for, while one is in force and until it is forgotten", "[decisions]") {
  DecisionPolicy policy;
  policy.rules = {rule("r", DecisionAction::kBan, kHourMs)};
  policy.remember = Milliseconds{2 * kHourMs};
  Run run(options_with(std::move(policy)));
  const std::string client = "198.51.100.7";
  const auto asked = [&](ClientKind kind) {
    return run.scorer.decisions_of(std::hash<std::string>{}(client), client_check(kind, client));
  };
  run.time_is(0);
  CHECK_FALSE(asked(ClientKind::kAddress));
  run.attack_of(client, 1'000);
  const auto first = asked(ClientKind::kAddress);
  REQUIRE(first);
  CHECK(first->in_force == run.changes.front().decision);
  CHECK(first->times == 1);
  CHECK_FALSE(asked(ClientKind::kCustomer));  // another client of the same hash
  run.time_is(2 * kHourMs);
  const auto over = asked(ClientKind::kAddress);
  REQUIRE(over);
  CHECK_FALSE(over->in_force);
  CHECK(over->times == 1);
  CHECK(over->last_until_ms == kStartMs + 1'000 + kHourMs);
  run.time_is(4 * kHourMs);
  CHECK_FALSE(asked(ClientKind::kAddress));
}

TEST_CASE("a decision ends by its client's own times, however slowly the partition's goes", "[decisions]") {
  Run run(options_with({rule("r", DecisionAction::kBan, 600'000)}));
  run.attack_of("198.51.100.7", 0);
  run.attack_of("198.51.100.7", 600'000);
  REQUIRE(run.steps() == std::vector{What::kMade, What::kEnded, What::kMade});
  CHECK(run.changes.back().decision.times == 2);
}

TEST_CASE("a late alert decides for what is left of its time", "[decisions]") {
  Run run(options_with({rule("r", DecisionAction::kBan, 600'000)}));
  run.time_is(0);
  run.time_is(500'000);
  run.attack_of("198.51.100.7", 0);
  REQUIRE(run.changes.size() == 1);
  CHECK(run.changes.back().decision.until_ms == kStartMs + 600'000);
  run.time_is(600'000);
  CHECK(run.changes.back().what == What::kEnded);
  run.attack_of("198.51.100.8", 0);
  CHECK(run.changes.size() == 2);
  CHECK(run.scorer.statistics().decisions.late == 1);
}

TEST_CASE("how the sequence is cut into batches never changes the decisions", "[decisions][property]") {
  const ScoreOptions options = options_with(busy_policy());
  Stream stream;
  add_random(stream, 11, 20'000, 60, "c");
  const auto run = [&](size_t batch) {
    Scorer scorer(options, kTopics);
    std::vector<Alert> alerts;
    std::vector<std::string> told;
    const std::span<const Observation> all = stream.observations();
    for (size_t begin = 0; begin < all.size(); begin += batch) {
      scorer.observe(all.subspan(begin, std::min(batch, all.size() - begin)), alerts);
      append_to(told, scorer.take_decisions());
    }
    return told;
  };
  const auto whole = run(stream.observations().size());
  REQUIRE(whole.size() > 200);
  for (const std::string_view step : {"made", "renewed", "replaced", "ended"})
    CHECK(std::any_of(whole.begin(), whole.end(), [&](const auto& text) { return text.starts_with(step); }));
  for (const size_t batch : {size_t{1}, size_t{7}, size_t{33}, size_t{1000}})
    CHECK(run(batch) == whole);
}

TEST_CASE("what the decisions tell adds up: one in force of a client at most, and each ends once",
          "[decisions][property]") {
  const ScoreOptions options = options_with(busy_policy());
  Stream stream;
  add_random(stream, 12, 30'000, 90, "c");
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  std::map<std::string, Decision> active;
  for (const DecisionChange& change : scorer.take_decisions()) {
    const Decision& decision = change.decision;
    const auto known = active.find(decision.client);
    if (change.what == What::kMade) {
      CHECK(known == active.end());
    } else {
      REQUIRE(known != active.end());
      if (change.what != What::kReplaced) CHECK(known->second.id == decision.id);
      CHECK(decision.until_ms >= known->second.until_ms);
    }
    if (change.is_end())
      active.erase(decision.client);
    else
      active[decision.client] = decision;
  }
  CHECK(active.size() == scorer.statistics().decisions.active);
}

TEST_CASE("a restore goes on with the decisions of every chunk", "[decisions][property]") {
  for (const uint32_t seed : {21U, 22U, 23U}) {
    ScoreOptions options = options_with(busy_policy());
    options.clients_max = 128;
    options.chunk_clients = 16;
    Stream stream;
    add_random(stream, seed, 6'000, 50, "c");
    const std::span<const Observation> all = stream.observations();
    Scorer whole(options, kTopics);
    const uint32_t chunks = whole.chunk_count();
    REQUIRE(chunks > 4);
    std::mt19937 random(seed);
    std::vector<Alert> alerts, ignored;
    // Chunks are saved at random places of the middle third.
    std::map<size_t, std::vector<std::pair<uint32_t, std::string>>> saved;
    std::map<size_t, std::vector<uint32_t>> places;
    for (uint32_t chunk = 0; chunk < chunks; ++chunk)
      places[2'000 + random() % 2'000].push_back(chunk);
    const size_t begin = places.begin()->first, end = 4'000;
    std::vector<std::string> expected, told;
    for (size_t i = 0; i < all.size(); ++i) {
      if (places.contains(i)) {
        for (const uint32_t chunk : places[i])
          whole.save(chunk, saved[i].emplace_back(chunk, std::string()).second);
      }
      whole.observe(all.subspan(i, 1), alerts);
      if (i >= end)
        append_to(expected, whole.take_decisions());
      else
        (void)whole.take_decisions();
    }
    REQUIRE(expected.size() > 40);
    Scorer restored(options, kTopics);
    restored.begin_restore();
    for (size_t i = begin; i < all.size(); ++i) {
      if (saved.contains(i)) {
        for (const auto& [chunk, bytes] : saved[i])
          REQUIRE(restored.load(chunk, bytes));
      }
      restored.observe(all.subspan(i, 1), ignored);
      if (i >= end)
        append_to(told, restored.take_decisions());
      else
        (void)restored.take_decisions();
    }
    CHECK(told == expected);
    CHECK(restored.digest() == whole.digest());
    CHECK(restored.statistics().decisions.active == whole.statistics().decisions.active);
  }
}

TEST_CASE("decisions outlive their policy until they end, and what another policy counted is dropped", "[decisions]") {
  DecisionRule often = rule("often", DecisionAction::kBan, kHourMs);
  often.alerts_min = 2;
  ScoreOptions options = options_with({often});
  options.clients_max = options.chunk_clients = 64;
  Run run(options);
  run.attack_of("198.51.100.7", 0);
  run.attack_of("198.51.100.7", 400'000);
  run.attack_of("198.51.100.8", 401'000);
  REQUIRE(run.steps() == std::vector{What::kMade});
  std::string bytes;
  run.scorer.save(0, bytes);
  CHECK(bytes.front() == 6);

  ScoreOptions none;
  none.clients_max = none.chunk_clients = 64;
  Run without(none);
  std::string empty;
  without.scorer.save(0, empty);
  CHECK(empty.front() == 4);
  without.scorer.begin_restore();
  REQUIRE(without.scorer.load(0, bytes));
  CHECK(without.scorer.statistics().decisions.active == 1);
  without.attack_of("198.51.100.9", 410'000);
  without.time_is(400'000 + kHourMs);
  without.time_is(400'000 + 2 * kHourMs);
  for (int i = 2; i < 12; ++i)
    without.time_is(400'000 + kHourMs + i * 600'000);
  CHECK(without.steps() == std::vector{What::kEnded});

  often.within = Milliseconds{kHourMs * 2};
  ScoreOptions changed = options_with({often});
  changed.clients_max = changed.chunk_clients = 64;
  Run other(changed);
  other.scorer.begin_restore();
  REQUIRE(other.scorer.load(0, bytes));
  other.attack_of("198.51.100.8", 402'000 + 300'000);
  CHECK(other.changes.empty());
}

TEST_CASE("a chunk whose decisions are damaged is refused", "[decisions]") {
  ScoreOptions options = options_with({rule("r", DecisionAction::kBan, kHourMs)});
  options.clients_max = options.chunk_clients = 64;
  Run run(options);
  run.attack_of("198.51.100.7", 0);
  Decisions decisions(options.decisions, 1);
  std::string bytes;
  BinaryWriter out(bytes);
  Alert alert = run.alerts.front();
  decisions.take(alert, {7, 0}, kStartMs, kStartMs);
  REQUIRE(decisions.counts().active == 1);
  decisions.save(0, kStartMs, out);
  for (size_t size = 0; size < bytes.size(); ++size) {
    Decisions other(options.decisions, 1);
    BinaryReader in(std::string_view(bytes).substr(0, size));
    CHECK_FALSE(other.load(0, in));
  }
  Decisions other(options.decisions, 1);
  BinaryReader in(bytes);
  REQUIRE(other.load(0, in));
  CHECK(in.left() == 0);
  std::string again;
  BinaryWriter out_again(again);
  other.save(0, kStartMs, out_again);
  CHECK(again == bytes);
}
