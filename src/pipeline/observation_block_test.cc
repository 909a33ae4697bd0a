#include "pipeline/observation_block.h"

#include <xxhash.h>

#include <limits>
#include <numeric>
#include <random>

#include "base/catch.h"
#include "evidence/record_words.h"

namespace weir {
namespace {

std::vector<uint32_t> all_of(const std::vector<Observation>& observations) {
  std::vector<uint32_t> indices(observations.size());
  std::iota(indices.begin(), indices.end(), 0U);
  return indices;
}

std::string encode(const std::vector<Observation>& observations) {
  std::string bytes;
  encode_block(observations, all_of(observations), bytes);
  return bytes;
}

/// As a block with these contents would end, so that what is behind the digest gets tested, too.
std::string with_digest(std::string_view body) {
  std::string bytes(body);
  uint64_t digest = XXH3_64bits(body.data(), body.size());
  for (int i = 0; i < 8; ++i, digest >>= 8)
    bytes += static_cast<char>(digest);
  return bytes;
}

const Evidence& evidence() {
  static const Evidence made = [] {
    Evidence evidence;
    evidence.request_id = "r1";
    evidence.method = "POST";
    evidence.host = "shop.example.com";
    evidence.path = "/items";
    evidence.user_agent = std::string("agent\0\xff", 7);
    evidence.rule_set = "0123456789abcdef0123456789abcdef";
    evidence.remediation = "Update it.";
    evidence.score = -3;
    evidence.evasions = 0x1ff;
    evidence.hits_total = 300;
    for (int i = 0; i < 3; ++i) {
      EvidenceHit hit;
      hit.rule_id = "rule-" + std::to_string(i);
      hit.title = "title";
      hit.category = Category::kCrlf;
      hit.level = Level::kCritical;
      hit.weight = 7 - i;
      hit.place = Place::kRawBody;
      hit.parameter = "id";
      hit.excerpt = std::string(160, 'x');
      hit.steps = 0x1fff;
      evidence.hits.push_back(hit);
    }
    return evidence;
  }();
  return made;
}

PackedEvidence packed_evidence() {
  static const std::string bytes = [] {
    std::string packed;
    pack_evidence(evidence(), packed);
    return packed;
  }();
  return {bytes, Level::kCritical, mask_of(Category::kCrlf)};
}

std::string_view words() {
  static const std::string packed = [] {
    std::string bytes;
    pack_words({"agent/1", "/items/*", "customer-42"}, bytes);
    return bytes;
  }();
  return packed;
}

/// Mostly from one partition, as in a batch.
std::vector<Observation> sample() {
  std::vector<Observation> observations;
  for (int i = 0; i < 40; ++i) {
    Observation record;
    record.at = {static_cast<uint16_t>(i < 35 ? 1 : 0), i < 30 ? 3 : 5, 1'000'000 + i * 3};
    record.time = EventTime{Milliseconds{1'736'942'400'000 + i * 7 - (i % 3) * 50}};
    record.client_kind = static_cast<ClientKind>(i % 3);
    record.client = i % 2 == 0 ? "customer-42" : "a longer identity \xff";
    record.client_hash = 0x1234567890abcdefULL * static_cast<uint64_t>(i + 1);
    record.address = *IpAddress::parse(i % 4 == 0 ? "2001:db8::1" : "192.0.2.1");
    record.user_agent_hash = i % 5 == 0 ? 0 : 77;
    record.path_hash = 99;
    record.status = 200;
    record.flags = static_cast<uint8_t>(i % 16);
    if (i % 10 == 9) {
      record.rule_hits = 3;
      record.request_score = 15;
      record.evidence = packed_evidence();
    }
    if (i % 10 > 7) record.words = words();
    observations.push_back(record);
  }
  return observations;
}

bool same(const Evidence& a, const Evidence& b) {
  const auto same_hit = [](const EvidenceHit& x, const EvidenceHit& y) {
    return x.rule_id == y.rule_id && x.title == y.title && x.category == y.category && x.level == y.level &&
           x.weight == y.weight && x.place == y.place && x.parameter == y.parameter && x.excerpt == y.excerpt &&
           x.steps == y.steps;
  };
  return a.request_id == b.request_id && a.method == b.method && a.host == b.host && a.path == b.path &&
         a.user_agent == b.user_agent && a.rule_set == b.rule_set && a.remediation == b.remediation &&
         a.score == b.score && a.evasions == b.evasions && a.hits_total == b.hits_total &&
         std::equal(a.hits.begin(), a.hits.end(), b.hits.begin(), b.hits.end(), same_hit);
}

bool same(const Observation& a, const Observation& b) {
  const bool evidence_same = a.evidence.bytes == b.evidence.bytes && a.evidence.severity == b.evidence.severity &&
                             a.evidence.categories == b.evidence.categories;
  return a.at == b.at && a.time == b.time && a.client_kind == b.client_kind && a.client == b.client &&
         a.client_hash == b.client_hash && a.address == b.address && a.user_agent_hash == b.user_agent_hash &&
         a.path_hash == b.path_hash && a.status == b.status && a.flags == b.flags && a.rule_hits == b.rule_hits &&
         a.request_score == b.request_score && evidence_same && a.words == b.words;
}

void check_same(const std::vector<Observation>& a, const std::vector<Observation>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i)
    CHECK(same(a[i], b[i]));
}

}  // namespace

TEST_CASE("a block gives back what was put in", "[pipeline][block]") {
  ObservationBlock block;
  REQUIRE(decode_block(encode(sample()), block));
  // The texts borrow from the bytes: decode from a string that stays.
  const std::string bytes = encode(sample());
  REQUIRE(decode_block(bytes, block));
  check_same(block.observations, sample());
  CHECK(same(unpack_evidence(block.observations[9].evidence), evidence()));
}

TEST_CASE("the greatest and least numbers survive", "[pipeline][block]") {
  std::vector<Observation> observations(4);
  observations[1].at = {0xffff, std::numeric_limits<int32_t>::max(), std::numeric_limits<int64_t>::max()};
  observations[1].time = EventTime{Milliseconds{std::numeric_limits<int64_t>::min()}};
  observations[2].at = {0, std::numeric_limits<int32_t>::min(), std::numeric_limits<int64_t>::min()};
  observations[2].time = EventTime{Milliseconds{std::numeric_limits<int64_t>::max()}};
  observations[2].request_score = std::numeric_limits<int32_t>::min();
  observations[2].status = observations[2].rule_hits = 0xffff;
  const std::string bytes = encode(observations);
  ObservationBlock block;
  REQUIRE(decode_block(bytes, block));
  check_same(block.observations, observations);
}

TEST_CASE("only the chosen observations are written, in their order", "[pipeline][block]") {
  const auto observations = sample();
  const std::vector<uint32_t> indices{5, 2, 39};
  std::string bytes;
  encode_block(observations, indices, bytes);
  ObservationBlock block;
  REQUIRE(decode_block(bytes, block));
  check_same(block.observations, {observations[5], observations[2], observations[39]});
}

TEST_CASE("an empty block is a block", "[pipeline][block]") {
  const std::string bytes = encode({});
  ObservationBlock block;
  REQUIRE(decode_block(bytes, block));
  CHECK(block.observations.empty());
}

TEST_CASE("a benign observation costs 40 to 100 bytes", "[pipeline][block]") {
  auto observations = sample();
  for (Observation& record : observations)
    record.evidence = {};
  const size_t each = encode(observations).size() / observations.size();
  CHECK(each > 30);
  CHECK(each < 80);
}

TEST_CASE("encoding appends and leaves what is there", "[pipeline][block]") {
  std::string bytes = "before";
  encode_block(sample(), all_of(sample()), bytes);
  CHECK(bytes.substr(0, 6) == "before");
  ObservationBlock block;
  CHECK(decode_block(std::string_view(bytes).substr(6), block));
}

TEST_CASE("a batch is split over blocks of bounded size", "[pipeline][block]") {
  const auto observations = sample();
  const auto indices = all_of(observations);
  std::vector<Observation> together;
  std::vector<std::string> blocks;
  for (size_t done = 0; done < indices.size();) {
    std::string& bytes = blocks.emplace_back();
    const size_t taken = encode_block_part(observations, std::span(indices).subspan(done), 900, bytes);
    REQUIRE(taken > 0);
    CHECK((bytes.size() <= 900 || taken == 1));
    done += taken;
  }
  CHECK(blocks.size() > 3);
  std::vector<ObservationBlock> decoded(blocks.size());
  for (size_t i = 0; i < blocks.size(); ++i) {
    REQUIRE(decode_block(blocks[i], decoded[i]));
    together.insert(together.end(), decoded[i].observations.begin(), decoded[i].observations.end());
  }
  check_same(together, observations);
}

TEST_CASE("a block cut anywhere is refused", "[pipeline][block]") {
  const std::string bytes = encode(sample());
  ObservationBlock block;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto status = decode_block(std::string_view(bytes).substr(0, size), block);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kParse);
    CHECK(block.observations.empty());
  }
  CHECK_FALSE(decode_block(bytes + '\0', block));
}

TEST_CASE("a flipped bit anywhere is noticed", "[pipeline][block]") {
  const std::string bytes = encode(sample());
  ObservationBlock block;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto status = decode_block(flipped, block);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kParse);
  }
}

TEST_CASE("contents that no encoder wrote are refused or read whole, with a right digest too", "[pipeline][block]") {
  const std::string bytes = encode(sample());
  const std::string body = bytes.substr(0, bytes.size() - 8);
  ObservationBlock block;
  for (size_t size = 2; size < body.size(); ++size)
    CHECK_FALSE(decode_block(with_digest(body.substr(0, size)), block));
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = body;
    for (unsigned i = 0; i < 1 + random() % 4; ++i)
      changed[1 + random() % (changed.size() - 1)] = static_cast<char>(random());
    const std::string whole = with_digest(changed);
    const auto status = decode_block(whole, block);
    if (status) {
      for (const Observation& record : block.observations) {
        CHECK(record.client_kind <= ClientKind::kAddress);
        const bool inside =
            record.client.empty() || (record.client.data() >= whole.data() &&
                                      record.client.data() + record.client.size() <= whole.data() + whole.size());
        CHECK(inside);
      }
    } else {
      CHECK(status.error().code == ErrorCode::kParse);
      CHECK(block.observations.empty());
    }
  }
}

TEST_CASE("evidence that no packer wrote is refused or unpacks to what it is counted by", "[pipeline][block]") {
  Observation record = sample()[9];
  record.client = record.words = {};
  const std::string bytes = encode({record});
  const std::string body = bytes.substr(0, bytes.size() - 8);
  const size_t begin = body.size() - 4 - packed_evidence().bytes.size();  // three texts without a byte, and the end
  ObservationBlock block;
  int accepted = 0, refused = 0;
  const auto check = [&](const std::string& changed) {
    const std::string whole = with_digest(changed);
    const auto status = decode_block(whole, block);
    if (!status) {
      ++refused;
      CHECK(block.observations.empty());
      return;
    }
    ++accepted;
    for (const Observation& observation : block.observations) {
      if (!observation.evidence) continue;
      const Evidence unpacked = unpack_evidence(observation.evidence);
      PackedEvidence counted;
      for (const EvidenceHit& hit : unpacked.hits) {
        counted.add_hit(hit.weight, hit.level, hit.category, hit.rule_id);
        CHECK((hit.category < Category::kCount && hit.level <= Level::kCritical && hit.place < Place::kCount));
      }
      CHECK(
          (observation.evidence.severity == counted.severity && observation.evidence.categories == counted.categories));
      CHECK(observation.evidence.rules == counted.rules);
    }
  };
  for (size_t at = begin; at + 1 < body.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = body;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      check(changed);
    }
    check(body.substr(0, at) + body.substr(at + 1));
    check(std::string(body).insert(at, 1, '\0'));
  }
  CHECK(accepted > 1'000);
  CHECK(refused > 1'000);
}

TEST_CASE("what a block says of its sources is read as it was written", "[pipeline][block]") {
  const std::vector<SourceReport> sources{{0, 3, 1'700'000'000'123, true, false},
                                          {2, 0, -5, false, true},
                                          {1, 7, SourceReport::kNoTime, false, false},
                                          {1, 8, SourceReport::kNoTime, false, false, /*is_mention=*/true},
                                          {1, 9, 7, false, false, false, /*is_doubted=*/true}};
  const auto observations = sample();
  for (const auto& indices : {all_of(observations), std::vector<uint32_t>()}) {
    std::string bytes;
    CHECK(encode_block_part(observations, indices, sources, SIZE_MAX, bytes) == indices.size());
    ObservationBlock block;
    REQUIRE(decode_block(bytes, block));
    CHECK(block.sources == sources);
    CHECK(block.observations.size() == indices.size());
  }
  std::string body{"\x03\x04\x00\x00\x20\x00", 6};  // a flag that there is not
  ObservationBlock block;
  CHECK_FALSE(decode_block(with_digest(body), block));
}

TEST_CASE("an order comes out of its block as it went in, and nothing longer than it may be does",
          "[pipeline][block]") {
  const ClientOrder order{OrderKind::kSilence, ClientKind::kCustomer, "mallory", 0x0123456789abcdef,
                          "an-episode",        1'700'000'000'000,     "a test",  "ops"};
  std::string bytes;
  encode_order_block(order, bytes);
  CHECK(bytes[0] == 5);
  ObservationBlock block;
  REQUIRE(decode_block(bytes, block));
  REQUIRE(block.orders.size() == 1);
  const ClientOrder& read = block.orders.front();
  CHECK(read.kind == order.kind);
  CHECK(read.client_kind == order.client_kind);
  CHECK(read.client == order.client);
  CHECK(read.client_hash == order.client_hash);
  CHECK(read.episode == order.episode);
  CHECK(read.until_ms == order.until_ms);
  CHECK(read.reason == order.reason);
  CHECK(read.caller == order.caller);
  CHECK(block.observations.empty());
  REQUIRE(decode_block(encode(sample()), block));
  CHECK(block.orders.empty());

  const std::string body = bytes.substr(0, bytes.size() - 8);
  for (size_t cut = 1; cut < body.size(); ++cut)
    CHECK_FALSE(decode_block(with_digest(body.substr(0, cut)), block));
  std::string other = body;
  other[2] = 2;  // a kind of the other record
  CHECK_FALSE(decode_block(with_digest(other), block));
  other = body;
  other[3] = 3;  // a group is no client
  CHECK_FALSE(decode_block(with_digest(other), block));
}

TEST_CASE("an order that makes a decision comes out of its block as it went in", "[pipeline][block]") {
  ClientOrder order{OrderKind::kDecide,
                    ClientKind::kAddress,
                    "198.51.100.7",
                    0x0123456789abcdef,
                    {},
                    1'700'000'060'000,
                    "a test",
                    "ops"};
  order.action = DecisionAction::kThrottle;
  order.from_ms = 1'700'000'000'000;
  order.retry_after = Milliseconds{5'000};
  std::string bytes;
  encode_order_block(order, bytes);
  CHECK(bytes[0] == 6);
  ObservationBlock block;
  REQUIRE(decode_block(bytes, block));
  REQUIRE(block.orders.size() == 1);
  const ClientOrder& read = block.orders.front();
  CHECK(read.kind == OrderKind::kDecide);
  CHECK(read.action == DecisionAction::kThrottle);
  CHECK(read.from_ms == order.from_ms);
  CHECK(read.until_ms == order.until_ms);
  CHECK(read.retry_after == order.retry_after);
  CHECK(read.caller == "ops");
  const std::string body = bytes.substr(0, bytes.size() - 8);
  for (size_t cut = 1; cut < body.size(); ++cut)
    CHECK_FALSE(decode_block(with_digest(body.substr(0, cut)), block));
  std::string other = body;
  other[2] = 4;  // a kind that there is not
  CHECK_FALSE(decode_block(with_digest(other), block));
  other[2] = 1;  // of the other record
  CHECK_FALSE(decode_block(with_digest(other), block));
}

TEST_CASE("a block of a newer version is unsupported, not malformed", "[pipeline][block]") {
  std::string body = encode(sample());
  body.resize(body.size() - 8);
  CHECK(body[0] == 4);
  body[0] = 7;
  ObservationBlock block;
  const auto status = decode_block(with_digest(body), block);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::kUnsupported);
  body[0] = 0;
  CHECK(decode_block(with_digest(body), block).error().code == ErrorCode::kParse);
}

TEST_CASE("lengths and counts that cannot be are refused without being believed", "[pipeline][block]") {
  ObservationBlock block;
  const std::string long_client = std::string("\x01\x80", 2) + std::string("\0\0\0\0", 4) + "\xff\xff\xff\xff\x0f";
  const std::string overlong_varint = std::string("\x01\x80", 2) + std::string(12, '\xff');
  for (const std::string& body : {long_client, overlong_varint, std::string("\x01\x01"), std::string("\x01\xff")}) {
    const auto status = decode_block(with_digest(body), block);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::kParse);
  }
}

}  // namespace weir
