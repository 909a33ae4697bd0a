#include "score/report/client_report.h"

#include "base/catch.h"
#include "score/client_check.h"
#include "score/scorer.h"
#include "score/scoring_fixture.h"

using namespace weir;
using namespace weir::scoring_fixture;

namespace {

std::optional<ClientReport> report_of(const Scorer& scorer, const std::string& client) {
  return scorer.report(std::hash<std::string>{}(client), client_check(ClientKind::kCustomer, client));
}

}  // namespace

TEST_CASE("a report says what a client's window holds and which episodes are open", "[clients]") {
  Scorer scorer({}, kTopics);
  CHECK_FALSE(scorer.now());
  Stream stream;
  for (int i = 0; i < 8; ++i) {
    stream.add(
        {.client = "a", .at_ms = i * i * 1'000, .address = "192.0.2." + std::to_string(i), .user_agent = 1U + i % 3U});
    stream.add({.client = "b", .at_ms = i * i * 1'000});
  }
  stream.add({.client = "a", .at_ms = 50'000, .evidence = attack()});
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);

  const auto a = report_of(scorer, "a");
  REQUIRE(a);
  CHECK(a->window.requests == 9);
  CHECK(a->window.agents == 3);
  CHECK(a->window.suspicious);
  CHECK(a->window.risk_score == 50);
  CHECK(a->newest_ms == kStartMs + 50'000);
  CHECK(a->burst_window.attacks == 1);
  REQUIRE(a->episodes.size() == 2);
  CHECK(a->episodes[0].kind == AlertKind::kAbuse);
  CHECK(a->episodes[1].kind == AlertKind::kAttack);
  CHECK(a->episodes[1].categories != 0);
  for (const EpisodeReport& episode : a->episodes) {
    const auto told =
        std::find_if(alerts.begin(), alerts.end(), [&](const Alert& alert) { return alert.episode_id == episode.id; });
    REQUIRE(told != alerts.end());
    CHECK(told->kind == episode.kind);
  }
  const auto b = report_of(scorer, "b");
  REQUIRE(b);
  CHECK_FALSE(b->window.suspicious);
  CHECK(b->episodes.empty());
  CHECK_FALSE(report_of(scorer, "c"));
  CHECK(scorer.now());
}

TEST_CASE("a report names a burst's episode as its alerts do", "[clients]") {
  ScoreOptions options;
  options.bursts.requests_max = 10;
  Scorer scorer(options, kTopics);
  Stream stream;
  for (int i = 0; i < 20; ++i)
    stream.add({.client = "192.0.2.1", .at_ms = i * 10}).client_kind = ClientKind::kAddress;
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  const auto report =
      scorer.report(std::hash<std::string>{}("192.0.2.1"), client_check(ClientKind::kAddress, "192.0.2.1"));
  REQUIRE(report);
  CHECK(report->burst_window.requests == 20);
  const auto burst =
      std::find_if(report->episodes.begin(), report->episodes.end(),
                   [](const EpisodeReport& episode_report) { return episode_report.kind == AlertKind::kBurst; });
  REQUIRE(burst != report->episodes.end());
  const auto told =
      std::find_if(alerts.begin(), alerts.end(), [&](const Alert& alert) { return alert.episode_id == burst->id; });
  REQUIRE(told != alerts.end());
  CHECK(told->kind == AlertKind::kBurst);
}
