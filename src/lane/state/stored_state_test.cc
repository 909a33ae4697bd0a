#include "lane/state/stored_state.h"

#include "base/catch.h"

using namespace weir;

namespace {

std::string chunk(uint32_t number, int64_t offset, std::string_view bytes, uint16_t part = 0, uint16_t parts = 1) {
  StateRecord record;
  record.partition = 3;
  record.observations_partitions = 8;
  record.offset = offset;
  record.chunk = number;
  record.chunk_count = 2;
  record.part = part;
  record.parts = parts;
  record.bytes = bytes;
  return encode_state_record(record);
}

std::string genesis(int64_t offset) {
  StateRecord record;
  record.kind = StateRecord::Kind::kGenesis;
  record.partition = 3;
  record.offset = offset;
  return encode_state_record(record);
}

/// The messages of a state partition, each at the offset of its place.
StoredState stored(const std::vector<std::string>& messages, int64_t committed) {
  StateCollector collector(committed);
  for (size_t i = 0; i < messages.size(); ++i)
    collector.add(static_cast<int64_t>(i), messages[i]);
  return collector.take();
}

}  // namespace

TEST_CASE("a state record comes back as it was, and its key names partition, chunk and part", "[kafka]") {
  const std::string value = chunk(1, 77, "bytes", 2, 5);
  const auto read = decode_state_record(value);
  REQUIRE(read);
  CHECK(read->partition == 3);
  CHECK(read->observations_partitions == 8);
  CHECK(read->offset == 77);
  CHECK(read->chunk == 1);
  CHECK(read->chunk_count == 2);
  CHECK(read->part == 2);
  CHECK(read->parts == 5);
  CHECK(read->bytes == "bytes");
  CHECK(state_record_key(*read, "weir") == "weir/3/1/2");
  CHECK(state_record_key(*decode_state_record(genesis(0)), "weir") == "weir/3/genesis");
}

TEST_CASE("a message of the state is the group's own, or of a version that named none", "[kafka]") {
  for (const char* key : {"weir/3/1/2", "weir/3/genesis", "3/1/2", "3/genesis", "10/12/0"})
    CHECK(is_state_key_of(key, "weir"));
  for (const char* key :
       {"weir-2/3/1/2", "trial/3/genesis", "we/3/1/2", "weir/3/1/2/4", "weir/x/1/2", "weir3/1/2", "", "/", "weir/"})
    CHECK_FALSE(is_state_key_of(key, "weir"));
  CHECK(is_state_key_of("7/3/1/2", "7"));
  CHECK_FALSE(is_state_key_of("7/3/1/2", "8"));
}

TEST_CASE("what is no state record is refused, at whatever byte it ends", "[kafka]") {
  const std::string value = chunk(1, 77, "");
  for (size_t size = 0; size < value.size(); ++size)
    CHECK_FALSE(decode_state_record(std::string_view(value).substr(0, size)));
  CHECK_FALSE(decode_state_record(chunk(2, 77, "")));  // beyond the number of chunks
  CHECK_FALSE(decode_state_record(chunk(0, -1, "")));
  CHECK_FALSE(decode_state_record(chunk(0, 1, "", 1, 1)));
  std::string newer = value;
  newer[4] = 2;
  CHECK(decode_state_record(newer).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("the newest whole version of each chunk counts, and none beyond the committed offset", "[kafka]") {
  const StoredState state = stored({chunk(0, 10, "old"), chunk(0, 20, "new"), chunk(1, 15, "a", 0, 2),
                                    chunk(1, 15, "b", 1, 2), chunk(1, 25, "half", 0, 2), chunk(0, 99, "future")},
                                   50);
  REQUIRE(state.complete());
  CHECK(state.chunks.at(0).bytes == "new");
  CHECK(state.chunks.at(1).offset == 15);
  CHECK(state.chunks.at(1).bytes == "ab");
  CHECK(state.observations_partitions == 8);
}

TEST_CASE("windows read backwards give the same as one read forwards", "[kafka]") {
  StateCollector collector(50);
  collector.add(2, chunk(0, 20, "new"));
  CHECK_FALSE(collector.enough());
  collector.add(0, chunk(0, 10, "old"));
  collector.add(1, chunk(1, 15, "one"));
  CHECK(collector.enough());
  CHECK(collector.take().chunks.at(0).bytes == "new");
}

TEST_CASE("what was written before the beginning of the state does not count", "[kafka]") {
  const StoredState state =
      stored({chunk(0, 10, "before"), chunk(1, 10, "before"), genesis(30), chunk(1, 40, "x")}, 50);
  CHECK(state.genesis == 30);
  CHECK(state.chunks.size() == 1);
  const RestorePlan plan = plan_restore(state, 50, 0, 2);
  CHECK(plan.start == 30);  // chunk 0 was empty there
  REQUIRE(plan.chunks.size() == 2);
  CHECK(plan.chunks[0].number == 0);
  CHECK(plan.chunks[0].bytes.empty());
  CHECK(plan.chunks[1].offset == 40);
  CHECK(plan.genesis == 30);
}

TEST_CASE("a restore starts at the oldest chunk, and loads each at its own offset", "[kafka]") {
  const RestorePlan plan = plan_restore(stored({chunk(0, 40, "late"), chunk(1, 20, "early")}, 50), 50, 0, 2);
  CHECK(plan.start == 20);
  REQUIRE(plan.chunks.size() == 2);
  CHECK(plan.chunks[0].number == 1);
  CHECK(plan.chunks[1].number == 0);
  CHECK(plan.chunks_lost == 0);
}

TEST_CASE("without anything stored the state begins at the committed offset", "[kafka]") {
  const RestorePlan plan = plan_restore(stored({}, 50), 50, 0, 2);
  CHECK(plan.start == 50);
  CHECK(plan.chunks.empty());
  CHECK(plan.genesis == PartitionOffset::kUnknown);  // it is to be written
  const RestorePlan begun = plan_restore(stored({genesis(12)}, 50), 50, 0, 2);
  CHECK(begun.start == 12);
  CHECK(begun.chunks.empty());
  const RestorePlan reset = plan_restore(stored({genesis(60), chunk(0, 70, "x")}, 50), 50, 0, 2);
  CHECK(reset.start == 50);  // the group went back: what is stored is of another future
  CHECK(reset.genesis == PartitionOffset::kUnknown);
}

TEST_CASE("chunks whose observations are gone are given up, the others are restored", "[kafka]") {
  const RestorePlan plan = plan_restore(stored({chunk(0, 20, "gone"), chunk(1, 45, "there")}, 50), 50, 30, 2);
  CHECK(plan.chunks_lost == 1);
  CHECK(plan.start == 45);
  REQUIRE(plan.chunks.size() == 2);
  CHECK(plan.chunks[0].bytes.empty());
  CHECK(plan.chunks[1].bytes == "there");
  // A chunk at the committed offset needs no observation at all.
  const RestorePlan idle = plan_restore(stored({chunk(0, 50, "a"), chunk(1, 50, "b")}, 50), 50, 90, 2);
  CHECK(idle.chunks_lost == 0);
  CHECK(idle.start == 50);
}

TEST_CASE("chunks laid out for another number of clients are of no use", "[kafka]") {
  const RestorePlan plan = plan_restore(stored({chunk(0, 20, "a"), chunk(1, 45, "b")}, 50), 50, 0, 4);
  CHECK(plan.foreign);
  CHECK(plan.start == 50);
  CHECK(plan.chunks.empty());
}

TEST_CASE("a state says which hash_key its newest record was made with, and older ones say none", "[kafka]") {
  CHECK(hash_key_mark(hash_key_header(0xfedcba9876543210)) == 0xfedcba9876543210);
  for (const char* header : {"", "x", "12g", "-1", "11112222333344445"})
    CHECK(hash_key_mark(header) == 0);
  StateCollector collector(100);
  collector.add(5, chunk(0, 20, "new"), 7);
  collector.add(3, chunk(1, 10, "old"), 8);
  CHECK(collector.take().hash_key_mark == 7);
  CHECK(stored({genesis(0), chunk(0, 1, "")}, 5).hash_key_mark == 0);
}
