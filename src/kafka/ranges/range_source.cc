#include "kafka/ranges/range_source.h"

#include "kafka/message.h"

namespace weir {

Result<std::unique_ptr<RangeSource>> RangeSource::open(const ClientOptions& options, const TopicTable& topics,
                                                       const PartitionRange& range) {
  std::unique_ptr<RangeSource> source(new RangeSource(options, topics, range));
  auto reader = RangeReader::open(options, topics, {&range, 1});
  if (!reader) return tl::unexpected(reader.error());
  source->reader_ = std::move(*reader);
  return source;
}

std::span<const InputRecord> RangeSource::poll(uint32_t records_max, Milliseconds idle, Milliseconds) {
  if (!health_) return {};
  reader_->release(0);
  if (const auto filled = reader_->fill(0, records_max, idle); !filled) {
    health_ = tl::unexpected(filled.error());
    return {};
  }
  return reader_->batch(0);
}

std::string_view RangeSource::header(const InputRecord& record, const char* name) const {
  return header_of(*static_cast<const rd_kafka_message_t*>(record.native), name);
}

/// What was polled last is worked on, or is about to be: nothing comes behind it.
bool RangeSource::exhausted(int32_t partition, int64_t until) const {
  return partition == range_.partition && until <= range_.end && reader_->is_finished(0);
}

Status RangeSource::seek(const PartitionOffset& target) {
  range_.lead = range_.begin = target.offset;
  auto reader = RangeReader::open(options_, topics_, {&range_, 1});
  if (!reader) return tl::unexpected(reader.error());
  reader_ = std::move(*reader);
  return {};
}

}  // namespace weir
