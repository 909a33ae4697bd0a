#include <xxhash.h>

#include <map>
#include <numeric>

#include "base/binary_format.h"
#include "base/catch.h"
#include "score/random_traffic.h"

// A restart changes nothing: chunks saved at different places of a stream, loaded during a replay.

namespace weir {
namespace {

using namespace scoring_fixture;

/// Chunks of a few clients, with or without room for all.
ScoreOptions small_chunks(uint32_t clients_max) {
  ScoreOptions options;
  options.episodes.opened_per_minute_max = clients_max / 8;  // one a chunk: some records are counted together
  options.clients_max = clients_max;
  options.chunk_clients = 8;
  return options;
}

struct SavedChunk {
  size_t at = 0;  // observations before it
  std::string bytes;
};

/// Observes all, saving the chunks in turns, one every `every` observations up to `stop`.
std::vector<SavedChunk> save_in_turns(Scorer& scorer, const std::vector<Observation>& all, size_t stop, size_t every) {
  std::vector<SavedChunk> saved(scorer.chunk_count());
  std::vector<Alert> alerts;
  uint32_t chunk = 0;
  for (size_t i = 0; i < stop; ++i) {
    scorer.observe({&all[i], 1}, alerts);
    if ((i + 1) % every != 0) continue;
    saved[chunk] = {i + 1, {}};
    scorer.save(chunk, saved[chunk].bytes);
    chunk = (chunk + 1) % scorer.chunk_count();
  }
  return saved;
}

/// Replays from the oldest chunk to `stop`, loading each chunk at its place.
Status restore(Scorer& scorer, const std::vector<SavedChunk>& saved, const std::vector<Observation>& all, size_t stop) {
  std::multimap<size_t, uint32_t> places;
  for (uint32_t chunk = 0; chunk < saved.size(); ++chunk)
    places.emplace(saved[chunk].at, chunk);
  std::vector<Alert> muted;
  scorer.begin_restore();
  size_t at = places.begin()->first;
  for (const auto& [place, chunk] : places) {
    scorer.observe(std::span(all).subspan(at, place - at), muted);
    at = place;
    if (Status status = scorer.load(chunk, saved[chunk].bytes); !status) return status;
  }
  scorer.observe(std::span(all).subspan(at, stop - at), muted);
  return {};
}

std::vector<std::string> rest_of(Scorer& scorer, const std::vector<Observation>& all, size_t from) {
  std::vector<Alert> alerts;
  scorer.observe(std::span(all).subspan(from), alerts);
  scorer.finish(alerts);
  return describe(alerts);
}

Stream random_stream(uint32_t seed, int count, int clients) {
  Stream stream;
  add_random(stream, seed, count, clients, "c");
  return stream;
}

/// With a digest that fits, so that what is behind it is looked at.
std::string sealed(std::string bytes) {
  bytes.resize(bytes.size() - 8);
  BinaryWriter(bytes).fixed64(XXH3_64bits(bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace

TEST_CASE("after a restart from chunks saved at different offsets all later alerts are those without it",
          "[score][restore][property]") {
  for (const uint32_t clients_max : {4000U, 64U, 40U}) {  // the last two: with evictions
    const ScoreOptions options = small_chunks(clients_max);
    for (const uint32_t seed : {11U, 12U, 13U}) {
      const Stream stream = random_stream(seed, 6000, 120);
      const auto& all = stream.observations();
      std::mt19937 random(seed);
      for (int round = 0; round < 6; ++round) {
        const size_t every = clients_max > 1000 ? 1 + random() % 4 : 1 + random() % 40;
        const size_t stop = 3000 + random() % 2500;
        Scorer undisturbed(options, kTopics), restored(options, kTopics);
        const auto saved = save_in_turns(undisturbed, all, stop, every);
        REQUIRE(restore(restored, saved, all, stop));
        CHECK(restored.digest() == undisturbed.digest());
        const auto expected = rest_of(undisturbed, all, stop);
        CHECK(rest_of(restored, all, stop) == expected);
        CHECK(expected.size() > 10);
      }
    }
  }
}

TEST_CASE("a restored state can be saved and restored again", "[score][restore]") {
  const ScoreOptions options = small_chunks(64);
  const Stream stream = random_stream(14, 4000, 100);
  const auto& all = stream.observations();
  Scorer first(options, kTopics), second(options, kTopics), third(options, kTopics);
  REQUIRE(restore(second, save_in_turns(first, all, 2000, 7), all, 2000));
  std::vector<SavedChunk> again(second.chunk_count());
  for (uint32_t chunk = 0; chunk < second.chunk_count(); ++chunk) {
    again[chunk].at = 2000;
    second.save(chunk, again[chunk].bytes);
  }
  REQUIRE(restore(third, again, all, 2000));
  CHECK(third.digest() == first.digest());
  CHECK(rest_of(third, all, 2000) == rest_of(first, all, 2000));
}

TEST_CASE("a partition restored from nothing at its first observation starts afresh", "[score][restore]") {
  const ScoreOptions options = small_chunks(64);
  const Stream stream = random_stream(15, 2000, 60);
  Scorer fresh(options, kTopics), restored(options, kTopics);
  REQUIRE(restore(restored, std::vector<SavedChunk>(restored.chunk_count()), stream.observations(), 0));
  CHECK(rest_of(restored, stream.observations(), 0) == rest_of(fresh, stream.observations(), 0));
}

TEST_CASE("absent chunks take no part", "[score][restore]") {
  const ScoreOptions options = small_chunks(64);
  const Stream stream = random_stream(16, 2000, 60);
  Scorer scorer(options, kTopics);
  scorer.begin_restore();
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  CHECK(alerts.empty());
  CHECK(scorer.statistics().clients == 0);
}

TEST_CASE("a chunk is loaded once and at its own place", "[score][restore]") {
  const ScoreOptions options = small_chunks(64);
  const Stream stream = random_stream(17, 500, 60);
  const auto& all = stream.observations();
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(std::span(all).first(300), alerts);
  std::string text, two, later;
  scorer.save(1, text);
  scorer.save(2, two);
  scorer.observe(std::span(all).subspan(300, 1), alerts);
  scorer.save(2, later);
  CHECK(scorer.load(1, text).error().code == ErrorCode::kInvalidArgument);  // not absent
  scorer.begin_restore();
  CHECK(scorer.load(99, text).error().code == ErrorCode::kInvalidArgument);
  CHECK(scorer.load(2, text).error().code == ErrorCode::kParse);
  REQUIRE(scorer.load(1, text));
  CHECK(scorer.load(1, text).error().code == ErrorCode::kInvalidArgument);
  CHECK(scorer.load(2, later).error().code == ErrorCode::kInvalidArgument);  // an observation is missing
  REQUIRE(scorer.load(2, two));
}

TEST_CASE("topics may be added and reordered over a restart, not removed under an open episode", "[score][restore]") {
  Stream stream;
  stream.add({.evidence = attack()});
  ScoreOptions options;
  options.clients_max = 100;
  Scorer before(options, std::vector<std::string>{"a", "b"});
  std::vector<Observation> observations = stream.observations();
  observations[0].at.topic = 1;
  std::vector<Alert> alerts, expected;
  before.observe(observations, alerts);
  std::string bytes;
  before.save(0, bytes);
  before.finish(expected);

  Scorer after(options, std::vector<std::string>{"b", "new", "a"});
  after.begin_restore();
  REQUIRE(after.load(0, bytes));
  alerts.clear();
  after.finish(alerts);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].id == expected.at(0).id);
  CHECK(alerts[0].at.topic == 0);

  Scorer without(options, std::vector<std::string>{"a"});
  without.begin_restore();
  CHECK(without.load(0, bytes).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("a restart keeps how far the sources have come", "[score][restore]") {
  const Stream stream = random_stream(19, 500, 60);
  const std::vector<SourceReport> reports{{0, 0, kStartMs + 400'000, false, false},
                                          {0, 1, SourceReport::kNoTime, true, false},
                                          {0, 3, kStartMs + 90'000, false, true},
                                          {0, 7, SourceReport::kNoTime, false, false, /*is_mention=*/true}};
  Scorer before(small_chunks(64), kTopics);
  std::vector<Alert> alerts;
  before.take_sources(reports, kStartMs + 1'000'000);
  before.observe(stream.observations(), alerts);
  before.follow_sources(alerts);
  before.take_sources({&reports[2], 1}, kStartMs + 1'003'000);
  before.follow_sources(alerts);
  Scorer after(small_chunks(64), kTopics);
  after.begin_restore();
  for (uint32_t chunk = 0; chunk < before.chunk_count(); ++chunk) {
    std::string bytes;
    before.save(chunk, bytes);
    REQUIRE(after.load(chunk, bytes));
  }
  CHECK(after.sources().sources().size() == 4);
  CHECK(after.sources() == before.sources());
}

TEST_CASE("chunks of another layout are refused, not misread", "[score][restore]") {
  const Stream stream = random_stream(18, 500, 60);
  Scorer scorer(small_chunks(64), kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  std::string bytes;
  scorer.save(0, bytes);
  const auto code_with = [&](const ScoreOptions& options, const std::string& chunk) {
    Scorer other(options, kTopics);
    other.begin_restore();
    return other.load(0, chunk).error().code;
  };
  ScoreOptions window = small_chunks(64);
  window.abuse.window_requests = 12;
  CHECK(code_with(window, bytes) == ErrorCode::kUnsupported);
  CHECK(code_with(small_chunks(640), bytes) == ErrorCode::kUnsupported);
  std::string newer = bytes;
  CHECK(bytes[0] == 4);  // without silences, as versions before know it
  newer[0] = 8;
  CHECK(code_with(small_chunks(64), sealed(newer)) == ErrorCode::kUnsupported);
  newer[0] = 0;
  CHECK(code_with(small_chunks(64), sealed(newer)) == ErrorCode::kParse);
}

TEST_CASE("a damaged chunk is refused, wherever it is damaged", "[score][restore]") {
  const ScoreOptions options = small_chunks(32);
  const Stream stream = random_stream(19, 800, 40);
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  std::string bytes;
  scorer.save(0, bytes);
  Scorer other(options, kTopics);
  const auto loads = [&](const std::string& chunk) {
    other.begin_restore();
    return other.load(0, chunk).has_value();
  };
  REQUIRE(loads(bytes));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    CHECK_FALSE(loads(damaged));
    (void)loads(sealed(damaged));  // may be taken: must only not read outside (sanitizers) or assert
    CHECK_FALSE(loads(bytes.substr(0, i + 1 == bytes.size() ? i : i + 1)));
    if (i > 9) CHECK_FALSE(loads(sealed(bytes.substr(0, i))));
  }
}

TEST_CASE("a lower limit of clients takes effect with the first new client after a restart", "[score][restore]") {
  ScoreOptions options;
  options.clients_max = 100;
  Stream stream;
  for (int i = 0; i < 101; ++i)
    stream.add({.client = "c" + std::to_string(i), .at_ms = i, .evidence = i < 90 ? attack() : PackedEvidence{}});
  const auto& all = stream.observations();
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(std::span(all).first(100), alerts);
  std::string bytes;
  scorer.save(0, bytes);
  options.clients_max = 10;
  Scorer smaller(options, kTopics);
  smaller.begin_restore();
  REQUIRE(smaller.load(0, bytes));
  alerts.clear();
  smaller.observe(std::span(all).subspan(100), alerts);
  CHECK(smaller.statistics().clients == 10);
  CHECK(alerts.size() == 81);  // the counts of evicted episodes are not lost
}

TEST_CASE("a client costs at most 130 bytes in a chunk", "[score][restore]") {
  ScoreOptions options;
  options.clients_max = 4096;
  Scorer scorer(options, kTopics);
  Stream stream;
  for (int i = 0; i < 40'960; ++i)
    stream.add({.client = "c" + std::to_string(i * 7 % 4096), .at_ms = i * 13, .user_agent = unsigned(i) % 3});
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  std::string bytes;
  scorer.save(0, bytes);
  CHECK(bytes.size() < size_t{4096} * 130);
}

TEST_CASE("no damage to a chunk makes a burst of an unknown reason", "[score][restore]") {
  ScoreOptions options;
  options.clients_max = 100;
  Stream stream;
  for (int i = 0; i < 10; ++i)
    stream.add({.at_ms = i}).status = 401;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  scorer.observe(stream.observations(), alerts);
  REQUIRE(alerts.size() == 1);
  std::string bytes;
  scorer.save(0, bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = 1 << kBurstReasons;
    Scorer other(options, kTopics);
    other.begin_restore();
    if (!other.load(0, sealed(damaged))) continue;
    alerts.clear();
    other.finish(alerts);
    for (const Alert& alert : alerts)
      CHECK(alert.burst.reasons >> kBurstReasons == 0);
  }
}

}  // namespace weir
