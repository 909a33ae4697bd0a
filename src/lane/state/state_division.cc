#include "lane/state/state_division.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "lane/block_router.h"

namespace weir {
namespace {

PartitionTimes joint_times_of(const std::vector<WholeState>& states, const ScoreOptions& options) {
  std::vector<PartitionTimes> times;
  for (const WholeState& state : states)
    if (!state.chunks.empty()) times.push_back(state.times);
  return joint_times(times, options);
}

}  // namespace

StateDivision::StateDivision(const ScoreOptions& options, TopicTable topics, std::vector<WholeState> old,
                             int32_t partitions, HashOf hash_of)
    : old_(std::move(old)),
      partitions_(partitions),
      hash_of_(std::move(hash_of)),
      times_(joint_times_of(old_, options)),
      merger_(options, std::move(topics)) {}

Status StateDivision::make(int32_t partition, uint32_t chunk, std::string& out) {
  const auto old_count = static_cast<int32_t>(old_.size());
  // Whatever the hash, both remainders leave the same remainder here: other old partitions have nothing for this one.
  const int32_t common = std::gcd(old_count, partitions_);
  merger_.begin(chunk);
  for (int32_t from = partition % common; from < old_count; from += common) {
    const WholeState& state = old_[static_cast<size_t>(from)];
    if (state.chunks.empty()) continue;
    const ChunkShare share{[&](uint64_t hash) { return partition_of(hash, partitions_) == partition; }, hash_of_,
                           from % partitions_ == partition};
    if (Status status = merger_.add(state.chunks[chunk], share); !status) return status;
  }
  merger_.finish(times_, out);
  const ChunkMerger::Counts& counts = merger_.counts();
  made_.clients += counts.clients;
  made_.episodes += counts.episodes;
  made_.decisions += counts.decisions;
  made_.silences += counts.silences;
  made_.groups += counts.groups;
  return {};
}

Milliseconds StateDivision::set_back() const {
  int64_t foremost_ms = times_.clock.now_ms();
  for (const WholeState& state : old_)
    if (!state.chunks.empty()) foremost_ms = std::max(foremost_ms, state.times.clock.now_ms());
  return foremost_ms == PartitionClock::kUnset ? Milliseconds(0) : Milliseconds(foremost_ms - times_.clock.now_ms());
}

}  // namespace weir
