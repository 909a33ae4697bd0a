#include "score/waiting/waiting_records.h"

#include <algorithm>
#include <utility>

#include "score/saved_client.h"

namespace weir {
namespace {

constexpr uint64_t kChunkBytesMin = 4 << 10;
constexpr size_t kTopicsMax = 1'024;
constexpr size_t kDefinitionsMax = 20'000;

/// That of the event's definition.
uint64_t definition_of(const WaitingRecord& event) {
  return BinaryReader(event.packed).fixed64();
}

bool is_event(const WaitingRecord& record) {
  return record.kind == WaitingRecord::Kind::kCorrelationEvent;
}

}  // namespace

WaitingRecords::WaitingRecords(TopicTable topics, uint32_t chunks, uint64_t bytes_max)
    : topics_(topics),
      order_(std::move(topics)),
      chunk_bytes_max_(std::max(bytes_max / std::max(1U, chunks), kChunkBytesMin)),
      chunks_(chunks) {}

void WaitingRecords::add(uint32_t chunk_number, WaitingRecord record) {
  Chunk& chunk = chunks_[chunk_number];
  const size_t bytes = record.bytes();
  chunk.bytes += bytes;
  bytes_ += bytes;
  ++size_;
  events_ += is_event(record) ? 1U : 0U;
  chunk.heap.push_back(std::move(record));
  std::push_heap(chunk.heap.begin(), chunk.heap.end(), [this](const auto& a, const auto& b) { return is_later(a, b); });
}

WaitingRecord WaitingRecords::take_first(Chunk& chunk) {
  std::pop_heap(chunk.heap.begin(), chunk.heap.end(), [this](const auto& a, const auto& b) { return is_later(a, b); });
  WaitingRecord record = std::move(chunk.heap.back());
  chunk.heap.pop_back();
  const size_t bytes = record.bytes();
  chunk.bytes -= bytes;
  bytes_ -= bytes;
  --size_;
  events_ -= is_event(record) ? 1U : 0U;
  return record;
}

std::optional<WaitingRecord> WaitingRecords::take_excess(uint32_t chunk_number) {
  Chunk& chunk = chunks_[chunk_number];
  if (chunk.bytes <= chunk_bytes_max_) return std::nullopt;
  WaitingRecord first = take_first(chunk);
  chunk.overtaken_ms = std::max(chunk.overtaken_ms, first.time_ms);
  return first;
}

std::vector<WaitingRecord> WaitingRecords::take_before(int64_t time_ms) {
  std::vector<WaitingRecord> taken;
  for (Chunk& chunk : chunks_) {
    while (!chunk.heap.empty() && chunk.heap.front().time_ms < time_ms)
      taken.push_back(take_first(chunk));
  }
  std::sort(taken.begin(), taken.end(), order_);
  return taken;
}

void WaitingRecords::clear() {
  chunks_.assign(chunks_.size(), {});
  definitions_.clear();
  size_ = events_ = 0;
  bytes_ = 0;
}

// --- definitions

void WaitingRecords::keep(const CorrelationDefinition& definition) {
  if (definitions_.contains(definition.hash)) return;
  auto copy = std::make_unique<CorrelationDefinition>(definition);
  for (auto& feed : copy->feeds) {
    keep(*feed.definition);
    feed.definition = this->definition(feed.definition->hash);
  }
  definitions_.emplace(definition.hash, std::move(copy));
}

const CorrelationDefinition* WaitingRecords::definition(uint64_t hash) const {
  const auto known = definitions_.find(hash);
  return known != definitions_.end() ? known->second.get() : nullptr;
}

/// Those that reloads have replaced go when they are many.
void WaitingRecords::forget_definitions() {
  if (events_ == 0) return definitions_.clear();
  if (definitions_.size() <= definitions_max_) return;
  std::vector<const CorrelationDefinition*> used;
  for (const Chunk& chunk : chunks_) {
    for (const WaitingRecord& record : chunk.heap)
      if (is_event(record)) append_with_fed(*definition(definition_of(record)), used);
  }
  absl::erase_if(definitions_, [&](const auto& item) {
    return std::find(used.begin(), used.end(), item.second.get()) == used.end();
  });
  definitions_max_ = std::max(kDefinitionsMin, 2 * definitions_.size());
}

// --- saving

void WaitingRecords::save_definitions(const Chunk& chunk, BinaryWriter& out) const {
  std::vector<uint64_t> hashes;
  for (const WaitingRecord& record : chunk.heap) {
    if (is_event(record)) hashes.push_back(definition_of(record));
  }
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  std::vector<const CorrelationDefinition*> definitions;
  for (const uint64_t hash : hashes)
    append_with_fed(*definition(hash), definitions);
  out.varint(definitions.size());
  for (const CorrelationDefinition* item : definitions)
    write_definition(out, *item);
}

void WaitingRecords::save(uint32_t chunk_number, BinaryWriter& out) const {
  const Chunk& chunk = chunks_[chunk_number];
  out.byte(chunk.overtaken_ms != kNever ? 1 : 0);
  if (chunk.overtaken_ms != kNever) out.zigzag(chunk.overtaken_ms);
  out.varint(chunk.heap.size());
  if (chunk.heap.empty()) return;
  const size_t topics = topics_.size();  // it may grow meanwhile
  out.varint(topics);
  for (size_t topic = 0; topic < topics; ++topic)
    out.text(topics_[topic]);
  save_definitions(chunk, out);
  std::vector<const WaitingRecord*> ordered;
  ordered.reserve(chunk.heap.size());
  for (const WaitingRecord& record : chunk.heap)
    ordered.push_back(&record);
  std::sort(ordered.begin(), ordered.end(), [this](const auto* a, const auto* b) { return order_(*a, *b); });
  for (const WaitingRecord* record : ordered)
    write_waiting(*record, out);
}

bool WaitingRecords::load_definitions(BinaryReader& in) {
  const auto count = in.number<uint32_t>();
  if (count > kDefinitionsMax) return false;
  std::vector<std::unique_ptr<CorrelationDefinition>> read;
  for (uint32_t i = 0; i < count; ++i) {
    auto definition = read_definition(in, read);
    if (definition == nullptr) return false;
    read.push_back(std::move(definition));
  }
  for (const auto& definition : read)
    keep(*definition);
  return in.ok();
}

bool WaitingRecords::take_saved(Chunk& chunk, WaitingRecord record, const IsOfChunk& is_of_chunk) {
  int64_t append_ms = 0;
  if (is_event(record)) {
    CorrelationEvent event;
    uint64_t hash = 0;
    if (!unpack(record, event, hash, append_ms) || definition(hash) == nullptr) return false;
  } else {
    Observation observation;
    if (!unpack(record, observation, append_ms) || !is_of_chunk(observation.client_hash)) return false;
  }
  // Saved in order, which makes a heap.
  if (!chunk.heap.empty() && order_(record, chunk.heap.back())) return false;
  chunk.bytes += record.bytes();
  events_ += is_event(record) ? 1U : 0U;
  chunk.heap.push_back(std::move(record));
  return true;
}

bool WaitingRecords::load(uint32_t chunk_number, BinaryReader& in, const IsOfChunk& is_of_chunk) {
  Chunk& chunk = chunks_[chunk_number];
  if (in.enumerator<uint8_t>(2) == 1) {
    chunk.overtaken_ms = in.signed_number<int64_t>();
    if (!is_plausible_time(chunk.overtaken_ms)) return false;
  }
  const uint64_t count = in.varint();
  if (count == 0) return in.ok();
  const auto topic_count = in.number<uint32_t>();
  if (topic_count > kTopicsMax) return false;
  std::vector<uint16_t> topics;
  for (uint32_t i = 0; i < topic_count && in.ok(); ++i) {
    const std::string_view name = in.text();
    // What waits is of a topic that was read, whatever the configuration says now.
    topics.push_back(in.ok() ? topics_.add(name, TopicTable::Unclaimed::kTake).value_or(TopicTable::kNoTopic)
                             : TopicTable::kNoTopic);
  }
  if (!load_definitions(in) || count > in.left()) return false;
  for (uint64_t i = 0; i < count; ++i) {
    WaitingRecord record;
    if (!read_waiting(in, topics, record) || !take_saved(chunk, std::move(record), is_of_chunk)) return false;
  }
  size_ += chunk.heap.size();
  bytes_ += chunk.bytes;
  return true;
}

}  // namespace weir
