#include "lane/score_lane.h"

#include <set>

#include "alert/ocsf.h"
#include "base/binary_format.h"
#include "base/catch.h"
#include "evidence/packed_evidence.h"
#include "lane/detect_lane.h"
#include "lane/test_support.h"
#include "pipeline/observation_block.h"
#include "score/client_check.h"

using namespace weir;
using namespace weir::test;

namespace {

/// A block with `count` requests of an abuser: a new address and a new user agent each.
std::string abuse_block(std::string_view client, uint32_t first, uint32_t count) {
  std::vector<Observation> made(count);
  std::vector<uint32_t> indices;
  for (uint32_t i = 0; i < count; ++i) {
    made[i].at = {0, 0, first + i};
    made[i].time = EventTime(Milliseconds(1'700'000'000'000 + 1'000 * (first + i) * (first + i)));
    made[i].client_kind = ClientKind::kCustomer;
    made[i].client = client;
    made[i].client_hash = 7;
    made[i].address = *IpAddress::parse("192.0.2." + std::to_string(first + i));
    made[i].user_agent_hash = 1'000 + first + i;
    made[i].status = 200;
    indices.push_back(i);
  }
  std::string block;
  encode_block(made, indices, block);
  return block;
}

ScoreWork::Options options_with(size_t alert_bytes_max) {
  const std::vector<std::string> topics{"http.requests"};
  return {
      topics, "obs", "alerts",        "dead", "decisions",    "weir", std::make_shared<OcsfEncoder>("1.0", topics), {},
      {},     0,     Milliseconds(0), {},     alert_bytes_max};
}

struct Fixture {
  explicit Fixture(size_t alert_bytes_max = 1 << 20)
      : work(options_with(alert_bytes_max), lines.sink(), counters, kafka) {
    source.headers[kAppendTimeHeader] = "1700000000000";
    REQUIRE(output.begin(patience));
  }
  /// One poll of the source through the work; the output's answer.
  Status process() {
    const auto batch = source.poll(100, Milliseconds(0), Milliseconds(0));
    Status status = work.process(batch, source, output, patience);
    source.batch_done();
    return status;
  }

  LogLines lines;
  ScoreCounters counters;
  KafkaCounters kafka;
  FakeSource source;
  FakeOutput output;
  Unlimited patience;
  ScoreWork work;
};

}  // namespace

TEST_CASE("blocks become alerts, keyed by client, with CloudEvents headers", "[kafka]") {
  Fixture test;
  test.source.log[2] = {abuse_block("mallory", 1, 8)};
  REQUIRE(test.process());
  REQUIRE(test.output.commit({}, test.patience) == CommitOutcome::kCommitted);
  REQUIRE(test.output.stored.size() >= 1);
  const auto& alert = test.output.stored.front();
  CHECK(alert.topic == "alerts");
  CHECK(alert.key == "mallory");
  CHECK(alert.headers.contains("ce_id"));
  CHECK(alert.value.find("rapid_ip_changes") != std::string::npos);
  CHECK(test.counters.observations.value() == 8);
  CHECK(test.work.retained_bytes() > 0);
  test.work.on_committed(true);
  CHECK(test.work.retained_bytes() == 0);
  CHECK(alert.append_ms == 1'700'000'000'000);
}

TEST_CASE("blocks of another group are not scored, and it is named once", "[kafka]") {
  Fixture test;
  test.source.headers[kGroupHeader] = "trial";
  test.source.log[0] = {abuse_block("mallory", 1, 8), abuse_block("mallory", 9, 8)};
  REQUIRE(test.process());
  REQUIRE(test.output.commit({}, test.patience) == CommitOutcome::kCommitted);
  CHECK(test.output.stored.empty());
  CHECK(test.counters.observations.value() == 0);
  CHECK(test.counters.foreign_blocks.value() == 2);
  const std::string said = test.lines.text();
  const size_t first = said.find("group trial");
  CHECK(first != std::string::npos);
  CHECK(said.find("group trial", first + 1) == std::string::npos);

  test.source.headers[kGroupHeader] = "weir";
  test.source.log[0].push_back(abuse_block("mallory", 17, 8));
  REQUIRE(test.output.begin(test.patience));
  REQUIRE(test.process());
  CHECK(test.counters.observations.value() == 8);
}

TEST_CASE("alerts whose output failed are produced again, the same bytes, without scoring twice", "[kafka]") {
  Fixture test;
  test.source.log[0] = {abuse_block("mallory", 1, 8)};
  test.output.produce_failures_left = 1;
  CHECK_FALSE(test.process());
  REQUIRE(test.output.begin(test.patience));
  REQUIRE(test.work.reproduce(test.output, test.patience));
  REQUIRE(test.output.commit({}, test.patience) == CommitOutcome::kCommitted);
  REQUIRE(test.output.stored.size() >= 1);
  CHECK(test.counters.observations.value() == 8);

  Fixture fresh;
  fresh.source.log[0] = {abuse_block("mallory", 1, 8)};
  REQUIRE(fresh.process());
  REQUIRE(fresh.output.commit({}, fresh.patience) == CommitOutcome::kCommitted);
  CHECK(fresh.output.stored.front().value == test.output.stored.front().value);
}

TEST_CASE("a partition of the input that is not read on is named and counted", "[kafka]") {
  Fixture test;
  test.source.append_gap = Milliseconds(1'000);
  const auto block = [](int64_t slow_ms, int64_t fast_ms) {
    const std::vector<SourceReport> sources{{0, 4, slow_ms, false, false}, {0, 5, fast_ms, false, false}};
    std::string bytes;
    encode_block_part({}, {}, sources, 1'000, bytes);
    return bytes;
  };
  constexpr int64_t kBegin = 1'700'000'000'000;
  const auto seconds = static_cast<size_t>(SourceTimes::kHeldMax.count() / 1'000);
  for (size_t i = 0; i <= seconds; ++i)
    test.source.log[0].push_back(block(kBegin, kBegin + 1'000 * static_cast<int64_t>(i)));
  while (!test.source.at_end(0, 0))
    REQUIRE(test.process());
  test.work.tick();
  CHECK(test.kafka.sources_stuck.value() == 0);
  test.source.log[0].push_back(block(kBegin, kBegin + 900'000));
  REQUIRE(test.process());
  test.work.tick();
  test.work.tick();
  CHECK(test.kafka.sources_stuck.value() == 1);
  CHECK(test.kafka.sources_stuck_total.value() == 1);
  CHECK(test.lines.text().find("http.requests/4") != std::string::npos);
  CHECK(test.lines.text().find("http.requests/5") == std::string::npos);
  test.source.log[0].push_back(block(kBegin + 1, kBegin + 901'000));
  REQUIRE(test.process());
  test.work.tick();
  CHECK(test.kafka.sources_stuck.value() == 0);
  CHECK(test.kafka.sources_stuck_total.value() == 1);
}

TEST_CASE("an alert that is larger than its topic allows loses evidence and says so", "[kafka]") {
  Evidence evidence;
  evidence.method = "GET";
  evidence.path = "/" + std::string(400, 'p');
  for (int i = 0; i < 8; ++i) {
    EvidenceHit hit;
    hit.rule_id = "rule-" + std::to_string(i);
    hit.title = "A rule";
    hit.excerpt = std::string(150, 'x');
    evidence.hits.push_back(std::move(hit));
  }
  std::string packed;
  pack_evidence(evidence, packed);
  Observation attack;
  attack.time = EventTime(Milliseconds(1'700'000'000'000));
  attack.client_kind = ClientKind::kCustomer;
  attack.client = "mallory";
  attack.client_hash = 7;
  BinaryReader in(packed);
  attack.evidence = *read_packed_evidence(in);
  const std::vector<uint32_t> indices{0};
  std::string block;
  encode_block({&attack, 1}, indices, block);

  size_t whole = 0;
  std::set<std::string> marks;
  for (const size_t limit : {size_t{1} << 20, size_t{4'000}, size_t{3'000}, size_t{2'300}}) {
    Fixture test(limit);
    test.source.log[0] = {block};
    REQUIRE(test.process());
    REQUIRE(test.output.commit({}, test.patience) == CommitOutcome::kCommitted);
    REQUIRE(test.output.stored.size() == 1);
    const std::string& value = test.output.stored.front().value;
    CHECK(value.size() < limit);
    const size_t mark = value.find("\"trimmed\":\"");
    CHECK((mark != std::string::npos) == (limit < size_t{1} << 20));
    CHECK(test.counters.alerts_trimmed.value() == (limit < size_t{1} << 20 ? 1 : 0));
    if (mark != std::string::npos) marks.insert(value.substr(mark + 11, 4));
    if (whole == 0) whole = value.size();
  }
  CHECK(whole > 4'000);
  CHECK(marks.size() > 1);  // as little as possible goes
}

TEST_CASE("a block that cannot be read becomes a dead letter and the next one is scored", "[kafka]") {
  Fixture test;
  test.source.log[1] = {"no block", abuse_block("mallory", 1, 8)};
  REQUIRE(test.process());
  REQUIRE(test.output.commit({}, test.patience) == CommitOutcome::kCommitted);
  REQUIRE(test.output.stored.size() >= 2);
  const auto& letter = test.output.stored.front();
  CHECK(letter.topic == "dead");
  CHECK(letter.value == "no block");
  CHECK(letter.headers.at("__connect.errors.topic") == "obs");
  CHECK(letter.headers.at("__connect.errors.partition") == "1");
  CHECK(letter.headers.at("__connect.errors.offset") == "0");
  CHECK(letter.headers.at("__connect.errors.stage") == "score");
  CHECK(test.counters.bad_blocks.value() == 1);
  CHECK(test.output.stored[1].topic == "alerts");
}

namespace {

/// Alerts after half of an abuser's requests, a rebalance to `offset`, and the other half.
size_t alerts_over_rebalance(int64_t offset) {
  Fixture test;
  test.source.log[0] = {abuse_block("mallory", 1, 4)};
  REQUIRE(test.process());
  test.work.on_committed(true);
  test.work.on_revoked(true);
  AssignedPartition assigned{0, 0, offset, offset};
  REQUIRE(test.work.on_assigned({&assigned, 1}, test.patience));
  test.source.log[0].push_back(abuse_block("mallory", 5, 3));
  REQUIRE(test.process());
  REQUIRE(test.output.commit({}, test.patience) == CommitOutcome::kCommitted);
  return test.output.stored.size();
}

}  // namespace

TEST_CASE("client state stays warm over a rebalance to the offset it stands at", "[kafka]") {
  CHECK(alerts_over_rebalance(1) >= 1);
}

TEST_CASE("client state is dropped when its partition goes on from another offset", "[kafka]") {
  CHECK(alerts_over_rebalance(0) == 0);
  CHECK(alerts_over_rebalance(PartitionOffset::kUnknown) == 0);
}

TEST_CASE("a lane tells what it keeps of a client, and that others are none of its own", "[clients]") {
  Fixture test;
  std::vector<AssignedPartition> assigned{{0, 2, PartitionOffset::kUnknown, PartitionOffset::kUnknown}};
  REQUIRE(test.work.on_assigned(assigned, test.patience));
  test.source.log[2] = {abuse_block("mallory", 1, 8)};
  REQUIRE(test.process());
  const auto told = [&](int32_t partition, std::string_view client) {
    auto answer = test.work.desk().ask({partition, 7, client_check(ClientKind::kCustomer, client)});
    REQUIRE(answer);
    test.work.answer_questions();
    return answer->get();
  };
  const ClientAnswer mallory = told(2, "mallory");
  CHECK(mallory.here == ClientAnswer::Here::kYes);
  CHECK(mallory.next_offset == 1);
  REQUIRE(mallory.client);
  CHECK(mallory.client->window.requests == 8);
  CHECK(mallory.client->episodes.size() == 1);
  REQUIRE(mallory.alerts.size() >= 1);
  CHECK(mallory.alerts.front().episode_id == mallory.client->episodes.front().id);
  CHECK_FALSE(told(2, "alice").client);
  CHECK(told(3, "mallory").here == ClientAnswer::Here::kNo);
  test.work.on_revoked(true);
  CHECK(told(2, "mallory").here == ClientAnswer::Here::kNo);
}
