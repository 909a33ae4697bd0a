#include "kafka/move/state_writer.h"

#include <utility>
#include <vector>

#include "base/crash_point.h"
#include "kafka/kafka_transactions.h"

namespace weir {
namespace {

constexpr const char* kMoveClientId = "weir-state-move";

Status status_of(const TransactionResult& result) {
  if (result.done()) return {};
  return fail(ErrorCode::kKafka, "kafka", result.reason.empty() ? "the transaction failed" : result.reason);
}

}  // namespace

Result<std::unique_ptr<StateWriter>> StateWriter::open(const ClientOptions& options, Target target,
                                                       Patience& patience) {
  std::unique_ptr<StateWriter> writer(new StateWriter(std::move(target), patience));
  const Target& to = writer->target_;
  auto consumer =
      KafkaConsumer::create(options, kMoveClientId, {to.group + "-score", {}}, {to.observations}, writer->counters_);
  if (!consumer) return tl::unexpected(consumer.error());
  writer->consumer_ = std::move(*consumer);
  writer->consumer_->stand_for_group();
  auto client = KafkaTransactions::create(options, kMoveClientId, to.group + "-state-move", *writer->consumer_,
                                          writer->ending_, writer->counters_);
  if (!client) return tl::unexpected(client.error());
  writer->client_ = std::move(*client);
  if (Status status = status_of(writer->client_->init(patience)); !status) return tl::unexpected(status.error());
  return writer;
}

StateWriter::~StateWriter() {
  if (is_open_ && client_ != nullptr)
    static_cast<void>(client_->abort(patience_));  // else the brokers do, after its timeout
}

Status StateWriter::begin() {
  if (is_open_) return {};
  if (Status status = status_of(client_->begin()); !status) return status;
  is_open_ = true;
  open_bytes_ = 0;
  return {};
}

Status StateWriter::commit() {
  if (Status status = status_of(client_->flush(patience_)); !status) return status;
  WEIR_CRASH_POINT("move", "before_commit");
  if (Status status = status_of(client_->commit(patience_)); !status) return status;
  is_open_ = false;
  return {};
}

Status StateWriter::produce(const StateRecord& record) {
  if (Status status = begin(); !status) return status;
  const std::string key = state_record_key(record, target_.group);
  const std::string value = encode_state_record(record);
  const std::string mark = hash_key_header(target_.hash_key_mark);
  const OutputHeader header{kHashKeyHeader, mark};
  open_bytes_ += value.size();
  bytes_ += value.size();
  return client_->produce({target_.state, record.partition, key, value, {&header, 1}}, patience_);
}

Status StateWriter::add(int32_t partition, uint32_t chunk, uint32_t chunk_count, std::string_view bytes) {
  StateRecord record;
  record.partition = partition;
  record.observations_partitions = static_cast<uint32_t>(target_.partitions);
  record.chunk = chunk;
  record.chunk_count = chunk_count;
  Status status;
  for_each_part(record, bytes, [&](const StateRecord& part) {
    if (status) status = produce(part);
  });
  if (!status || open_bytes_ < kTransactionBytes) return status;
  return commit();
}

Status StateWriter::flush() {
  return is_open_ ? commit() : Status();
}

Status StateWriter::finish() {
  if (Status status = flush(); !status) return status;
  std::vector<PartitionOffset> offsets;
  for (int32_t partition = 0; partition < target_.partitions; ++partition)
    offsets.push_back({0, partition, 0});
  if (Status status = begin(); !status) return status;
  if (Status status = status_of(client_->send_offsets(offsets, patience_)); !status) return status;
  return commit();
}

}  // namespace weir
