#include "score/attack_story.h"

#include "base/catch.h"
#include "score/scoring_fixture.h"

namespace weir {
namespace {

using namespace scoring_fixture;
using enum EpisodePhase;

/// A malicious record with what the story asks of it.
struct Seen {
  Category category = Category::kSqli;
  uint16_t status = 200;
  uint32_t host = 1, route = 1;
  uint64_t bytes = 100;
  Level level = Level::kHigh;
};

PackedEvidence evidence_of(const Seen& seen) {
  Evidence evidence;
  evidence.facts = {seen.status, seen.bytes, 12, 0, seen.host, seen.route};
  evidence.hits.emplace_back();
  evidence.hits[0].rule_id = "rule";
  evidence.hits[0].title = to_string(seen.category);
  evidence.hits[0].weight = 10;
  evidence.hits[0].level = seen.level;
  evidence.hits[0].category = seen.category;
  return packed(evidence);
}

std::vector<Alert> attacks(const std::vector<Seen>& all) {
  Stream stream;
  for (size_t i = 0; i < all.size(); ++i)
    stream.add({.at_ms = static_cast<int64_t>(i) * 10, .evidence = evidence_of(all[i])});
  ScoreOptions options;
  options.bursts.enabled = false;
  options.episodes.update_counts = {1'000'000};
  return all_alerts_of(stream.observations(), options);
}

}  // namespace

TEST_CASE("each new category, host and route of an episode shows with its evidence", "[score][story]") {
  const auto alerts = attacks({{},
                               {},
                               {.category = Category::kRce},
                               {.category = Category::kRce, .host = 2},
                               {.category = Category::kCmdi, .host = 2, .route = 7},
                               {.host = 2, .route = 7}});
  REQUIRE(alerts.size() == 5);
  CHECK(alerts[0].phase == kOpened);
  for (size_t i = 1; i < 4; ++i) {
    CHECK(alerts[i].phase == kUpdated);
    REQUIRE(alerts[i].evidence);
  }
  CHECK(alerts[1].evidence->hits[0].title == "rce");
  CHECK(alerts[2].evidence->facts.host_key == 2);
  CHECK(alerts[3].evidence->hits[0].title == "cmdi");
  CHECK(alerts[4].phase == kClosed);
  CHECK(alerts[4].count == 6);
  REQUIRE(alerts[4].summary);
  CHECK(alerts[4].summary->by_category[static_cast<size_t>(Category::kSqli)] == 3);
  CHECK(alerts[4].summary->by_category[static_cast<size_t>(Category::kRce)] == 2);
  CHECK(alerts[4].summary->hosts == 2);
}

TEST_CASE("a rise of the outcome shows, and raises the severity", "[score][story]") {
  const auto alerts = attacks({{.status = 404}, {.status = 404}, {.status = 200}, {.status = 500}, {.status = 500}});
  REQUIRE(alerts.size() == 4);
  CHECK(alerts[0].outcome == Outcome::kFailed);
  CHECK(alerts[0].severity == Level::kMedium);
  CHECK(alerts[1].outcome == Outcome::kAnswered);
  CHECK(alerts[1].severity == Level::kHigh);
  CHECK(alerts[2].outcome == Outcome::kLikelyEffective);
  CHECK(alerts[2].severity == Level::kCritical);
  CHECK(alerts[3].summary->by_outcome == std::array<uint64_t, kOutcomes>{0, 0, 2, 1, 2});
}

TEST_CASE("what is beyond the bound is counted, with one piece of evidence for each category and host",
          "[score][story]") {
  std::vector<Seen> all;
  for (uint32_t host = 0; host < 200; ++host)
    all.push_back({.host = host, .route = host});
  all.push_back({.category = Category::kRce, .host = 199, .route = 199});
  const auto alerts = attacks(all);
  CHECK(alerts.size() == AttackStory::kRoutesMax + 2);  // and the new category, and the closing one
  CHECK(alerts[alerts.size() - 2].evidence->hits[0].title == "rce");
  const Alert& closing = alerts.back();
  CHECK(closing.count == 201);
  CHECK(closing.further.size() == AttackStory::kKeptMax);
  CHECK(closing.further[0].facts.host_key == AttackStory::kRoutesMax);
  CHECK(closing.summary->beyond == 201 - AttackStory::kHostsMax);
}

TEST_CASE("evidence is kept only where there is room for it", "[score][story]") {
  AttackStory story;
  const PackedEvidence evidence = evidence_of({});
  const size_t size = evidence.bytes.size();
  CHECK(story.keep(evidence, size - 1) == 0);
  CHECK(story.kept().empty());
  CHECK(story.keep(evidence, size) == size);
  CHECK(story.keep(evidence, size) == 0);  // of the same category and host
  Evidence large = unpack_evidence(evidence);
  large.hits[0].category = Category::kRce;
  large.query = std::string(Evidence::kFieldBytesMax, 'q');
  large.hits.resize(Evidence::kHitsMax, large.hits[0]);
  for (EvidenceHit& hit : large.hits)
    hit.title = std::string(AttackStory::kKeptBytesMax / Evidence::kHitsMax, 't');
  const PackedEvidence too_large = packed(large);
  REQUIRE(too_large.bytes.size() > AttackStory::kKeptBytesMax);
  CHECK(story.keep(too_large, 1 << 20) == 0);
  CHECK(story.kept_bytes() == size);
}

TEST_CASE("a story that is saved goes on as it was", "[score][story]") {
  AttackStory story;
  for (uint32_t host = 0; host < 20; ++host) {
    const auto evidence = evidence_of({.status = 404, .host = host, .route = host});
    story.take(evidence);
    if (host < 4)
      story.shown(evidence);
    else
      story.keep(evidence, 1 << 20);
  }
  std::string bytes;
  BinaryWriter out(bytes);
  story.save(out);
  BinaryReader in(bytes);
  const auto other = AttackStory::read(in);
  REQUIRE(other);
  CHECK(in.left() == 0);
  std::string again;
  BinaryWriter second(again);
  other->save(second);
  CHECK(again == bytes);
  CHECK(other->kept().size() == AttackStory::kKeptMax);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    BinaryReader part(std::string_view(bytes).substr(0, cut));
    CHECK_FALSE(AttackStory::read(part));
  }
}

}  // namespace weir
