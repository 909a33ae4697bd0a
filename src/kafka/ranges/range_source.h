#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/topic_table.h"
#include "kafka/client_options.h"
#include "kafka/ranges/range_reader.h"
#include "lane/record_source.h"

namespace weir {

/// A part of one partition as a lane's work reads its records, without a group: nothing is committed, and nothing is ever held back.
/// One thread.
class RangeSource : public RecordSource {
 public:
  /// The partition's number in `topics` is 0.
  static Result<std::unique_ptr<RangeSource>> open(const ClientOptions& options, const TopicTable& topics,
                                                   const PartitionRange& range);

  std::span<const InputRecord> poll(uint32_t records_max, Milliseconds idle, Milliseconds fill) override;
  [[nodiscard]] std::string_view header(const InputRecord& record, const char* name) const override;
  [[nodiscard]] bool exhausted(int32_t partition, int64_t until) const override;
  Status seek(const PartitionOffset& target) override;
  [[nodiscard]] Status health() const override { return health_; }

  void batch_done() override {}
  std::span<const PartitionOffset> uncommitted() override { return {}; }
  Status commit(std::span<const PartitionOffset>, Patience&) override { return no_group(); }
  void mark_committed(std::span<const PartitionOffset>) override {}
  Result<std::vector<PartitionOffset>> read_committed(std::span<const PartitionOffset>, Patience&) override {
    return tl::unexpected(no_group().error());
  }
  [[nodiscard]] Unread unread() override { return Unread::kNotKnown; }
  [[nodiscard]] bool connected() override { return reader_->problem().empty(); }
  Status renew(CarryDone, Patience&) override { return no_group(); }
  Status rewind() override { return no_group(); }
  void hold_back(const PartitionOffset&) override {}
  void let_go(uint16_t, int32_t, int64_t) override {}
  [[nodiscard]] bool at_end(uint16_t, int32_t partition) const override { return exhausted(partition, range_.end); }
  void tick() override {}
  void close(Patience&) override {}

 private:
  RangeSource(const ClientOptions& options, TopicTable topics, const PartitionRange& range)
      : options_(options), topics_(std::move(topics)), range_(range) {}
  static Status no_group() { return fail(ErrorCode::kInvalidArgument, "kafka", "a range is read without a group"); }

  ClientOptions options_;
  TopicTable topics_;
  PartitionRange range_;
  std::unique_ptr<RangeReader> reader_;
  Status health_;
};

}  // namespace weir
