#include "lane/read_positions.h"

#include "base/catch.h"

using namespace weir;

namespace {

constexpr int64_t kUnknown = PartitionOffset::kUnknown;

/// One topic; partition i begins at starts[i], where committed[i] is on record.
ReadPositions assigned(const std::vector<int64_t>& starts, const std::vector<int64_t>& committed) {
  ReadPositions positions;
  std::vector<AssignedPartition> partitions;
  for (size_t i = 0; i < starts.size(); ++i)
    partitions.push_back({0, static_cast<int32_t>(i), committed[i], starts[i], 0});
  positions.assign(partitions, committed);
  return positions;
}

void read(ReadPositions& positions, int32_t partition, int64_t offset) {
  ReadPosition* position = positions.find(0, partition);
  REQUIRE(position != nullptr);
  REQUIRE(ReadPositions::arrival(*position, offset) != ReadPositions::Arrival::kStale);
  ReadPositions::hand_out(*position, offset);
}

std::vector<int64_t> offsets_of(std::span<const PartitionOffset> found) {
  std::vector<int64_t> offsets;
  for (const PartitionOffset& offset : found)
    offsets.push_back(offset.offset);
  return offsets;
}

}  // namespace

TEST_CASE("only what was worked on since the last commit is uncommitted", "[lane][positions]") {
  ReadPositions positions = assigned({5, 7}, {5, 7});
  CHECK(positions.uncommitted().empty());
  read(positions, 0, 5);
  CHECK(positions.uncommitted().empty());  // handed out, not worked on
  positions.batch_done();
  CHECK(offsets_of(positions.uncommitted()) == std::vector<int64_t>{6});
  const std::vector<PartitionOffset> committed{{0, 0, 6}};
  positions.mark_committed(committed);
  CHECK(positions.uncommitted().empty());
}

TEST_CASE("a record below the next expected one is stale, one beyond it leaves a gap", "[lane][positions]") {
  ReadPositions positions = assigned({5, kUnknown}, {5, kUnknown});
  const ReadPosition& known = *positions.find(0, 0);
  CHECK(ReadPositions::arrival(known, 4) == ReadPositions::Arrival::kStale);
  CHECK(ReadPositions::arrival(known, 5) == ReadPositions::Arrival::kNext);
  CHECK(ReadPositions::arrival(known, 9) == ReadPositions::Arrival::kAfterGap);
  // Without a commit reading begins wherever the first record is.
  CHECK(ReadPositions::arrival(*positions.find(0, 1), 41) == ReadPositions::Arrival::kNext);
  CHECK(positions.find(0, 2) == nullptr);
  CHECK(positions.find(1, 0) == nullptr);
}

TEST_CASE("going back to the commits moves only partitions that went on", "[lane][positions]") {
  ReadPositions positions = assigned({5, 7, kUnknown}, {5, 7, kUnknown});
  read(positions, 0, 5);
  read(positions, 2, 3);
  positions.batch_done();
  read(positions, 0, 6);
  const auto moved = positions.rewind();
  CHECK(offsets_of(moved) == std::vector<int64_t>{5, kUnknown});
  CHECK(positions.uncommitted().empty());
  CHECK(ReadPositions::arrival(*positions.find(0, 0), 5) == ReadPositions::Arrival::kNext);
}

TEST_CASE("a batch that is given up is not done", "[lane][positions]") {
  ReadPositions positions = assigned({5}, {5});
  read(positions, 0, 5);
  positions.batch_done();
  read(positions, 0, 6);
  positions.give_up_batch();
  positions.batch_done();
  CHECK(offsets_of(positions.uncommitted()) == std::vector<int64_t>{6});
}

TEST_CASE("what a restore reads again is not committed again", "[lane][positions]") {
  ReadPositions positions = assigned({2}, {5});
  for (int64_t offset = 2; offset < 5; ++offset)
    read(positions, 0, offset);
  positions.batch_done();
  CHECK(positions.uncommitted().empty());
  read(positions, 0, 5);
  positions.batch_done();
  CHECK(offsets_of(positions.uncommitted()) == std::vector<int64_t>{6});
}

TEST_CASE("work that is done and not committed survives a new client, unless somebody else went on from there",
          "[lane][positions]") {
  ReadPositions positions = assigned({5, 7}, {5, 7});
  read(positions, 0, 5);
  read(positions, 1, 7);
  positions.batch_done();
  positions.clear_and_carry();
  CHECK(positions.empty());
  std::vector<AssignedPartition> again{{0, 0, 5, kUnknown, 0}, {0, 1, 9, kUnknown, 0}};
  for (AssignedPartition& partition : again) {
    positions.carry_over(partition);
    partition.start = partition.committed;
  }
  CHECK(again[0].committed == 6);
  CHECK(again[1].committed == 9);
  const std::vector<int64_t> on_record{5, 9};
  positions.assign(again, on_record);
  CHECK(offsets_of(positions.uncommitted()) == std::vector<int64_t>{6});

  positions.clear();  // what is carried is carried once
  AssignedPartition later{0, 0, 5, kUnknown, 0};
  positions.carry_over(later);
  CHECK(later.committed == 5);
}

TEST_CASE("a partition is at its end until a further record comes", "[lane][positions]") {
  ReadPositions positions = assigned({5}, {5});
  ReadPosition& position = *positions.find(0, 0);
  CHECK_FALSE(position.at_end());
  ReadPositions::reach_end(position, 8);  // markers of transactions stand before it
  CHECK(position.at_end());
  CHECK(positions.exhausted(0, 8));
  CHECK_FALSE(positions.exhausted(0, 9));
  ReadPositions::hand_out(position, 8);
  CHECK_FALSE(position.at_end());
  CHECK(positions.exhausted(0, 9));
  positions.seek({0, 0, 6});
  CHECK_FALSE(position.at_end());
}

TEST_CASE("a partition that was asked for its end is at its end when it was read that far", "[lane][positions]") {
  ReadPositions positions = assigned({5, 5}, {5, 5});
  ReadPosition& position = *positions.find(0, 0);
  ReadPositions::reach_end(position, 5);
  CHECK(position.at_end());
  positions.end_at(std::vector<PartitionOffset>{{0, 0, 8}, {7, 0, 9}});
  CHECK_FALSE(position.at_end());  // what was heard of it before holds no longer
  read(positions, 0, 5);
  ReadPositions::reach_end(position, 6);
  CHECK_FALSE(position.at_end());
  read(positions, 0, 6);
  ReadPositions::reach_end(position, 8);  // a marker stood behind it
  CHECK(position.at_end());
  ReadPosition& other = *positions.find(0, 1);
  ReadPositions::reach_end(other, 5);
  CHECK(other.at_end());
}

TEST_CASE("markers behind the last record do not wait to be worked on", "[lane][positions]") {
  ReadPositions positions = assigned({5}, {5});
  ReadPosition& position = *positions.find(0, 0);
  CHECK(position.behind(7) == 2);  // a record or a marker, nobody knows yet
  read(positions, 0, 5);
  CHECK(position.behind(7) == 2);  // handed out, not worked on
  positions.batch_done();
  CHECK(position.behind(7) == 1);
  ReadPositions::reach_end(position, 7);  // what stood at 6 was a marker
  CHECK(position.behind(7) == 0);
  CHECK(position.behind(9) == 2);  // more has come
  read(positions, 0, 8);
  CHECK(position.behind(9) == 3);
  positions.batch_done();
  CHECK(position.behind(9) == 0);
}

TEST_CASE("a partition without any record is not behind once its end is known", "[lane][positions]") {
  ReadPositions positions = assigned({kUnknown}, {kUnknown});
  ReadPosition& position = *positions.find(0, 0);
  CHECK(position.behind(0) == kUnknown);
  ReadPositions::reach_end(position, 0);
  CHECK(position.behind(0) == 0);
  CHECK(position.behind(4) == 4);
}

TEST_CASE("records that are held back come again, and until then the partition is not at its end",
          "[lane][positions]") {
  ReadPositions positions = assigned({5}, {5});
  ReadPosition& position = *positions.find(0, 0);
  for (int64_t offset = 5; offset < 8; ++offset)
    read(positions, 0, offset);
  ReadPositions::reach_end(position, 8);
  CHECK(position.at_end());
  positions.hold_back({0, 0, 6});
  positions.batch_done();
  CHECK_FALSE(position.at_end());
  CHECK(offsets_of(positions.uncommitted()) == std::vector<int64_t>{6});
  ReadPositions::keep(position, 8);  // it was under way
  position.held = false;
  CHECK_FALSE(position.at_end());  // let go, but not handed out yet
  CHECK(position.behind(9) == 3);
  for (int64_t offset = 6; offset < 9; ++offset)
    read(positions, 0, offset);
  CHECK_FALSE(position.at_end());  // the broker has not said so of what came last
  ReadPositions::reach_end(position, 9);
  CHECK(position.at_end());
}

TEST_CASE("a partition that waits goes back to its commit although nothing of it was handed out", "[lane][positions]") {
  ReadPositions positions = assigned({5}, {5});
  read(positions, 0, 5);
  positions.hold_back({0, 0, 5});
  const auto moved = positions.rewind();
  REQUIRE(moved.size() == 1);
  CHECK(moved[0].offset == 5);
  CHECK_FALSE(positions.find(0, 0)->held);
}
