#include "lane/state/partition_state.h"

#include <utility>

namespace weir {

PartitionState::PartitionState(int32_t partition, const ScoreOptions& options, TopicTable topics)
    : partition_(partition),
      scorer_(options, std::move(topics)),
      saved_at_(scorer_.chunk_count(), PartitionOffset::kUnknown) {}

void PartitionState::begin_restore(RestorePlan plan, int64_t committed) {
  plan_ = std::move(plan);
  loaded_ = 0;
  next_offset_ = plan_.start;
  committed_ = committed;
  genesis_due_ = plan_.genesis == PartitionOffset::kUnknown;
  restoring_ = plan_.start != committed || !plan_.chunks.empty();
  if (!plan_.chunks.empty()) scorer_.begin_restore();
}

Status PartitionState::load_until(int64_t offset) {
  for (; loaded_ < plan_.chunks.size() && plan_.chunks[loaded_].offset <= offset; ++loaded_) {
    RestorePlan::Chunk& chunk = plan_.chunks[loaded_];
    if (Status status = scorer_.load(chunk.number, chunk.bytes); !status) return status;
    saved_at_[chunk.number] = chunk.bytes.empty() ? PartitionOffset::kUnknown : chunk.offset;
    std::string().swap(chunk.bytes);
  }
  return {};
}

void PartitionState::finish_restore() {
  restoring_ = false;
  next_offset_ = committed_;
  plan_ = {};
  scorer_.end_restore();
  counted = scorer_.statistics();  // what was repeated was counted by an earlier life
}

bool PartitionState::snapshot_due(Milliseconds now, Milliseconds round) {
  if (next_offset_ == PartitionOffset::kUnknown || restoring_ || genesis_due_) return false;
  const auto count = static_cast<int64_t>(saved_at_.size());
  if (round_start_.count() < 0 || round_done_ >= count) {
    if (round_start_.count() >= 0 && now - round_start_ < round) return false;
    round_start_ = now;
    round_done_ = 0;
  }
  return round_done_ * round.count() <= (now - round_start_).count() * count;
}

uint32_t PartitionState::take_chunk() {
  return round_done_++;
}

}  // namespace weir
