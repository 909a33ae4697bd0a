#include "score/waiting/waiting_record.h"

#include <tuple>

#include "evidence/record_words.h"
#include "score/saved_client.h"
#include "score/saved_record.h"

namespace weir {
namespace {

constexpr uint8_t kClientKinds = static_cast<uint8_t>(ClientKind::kAddress) + 1;

int64_t milliseconds(EventTime time) {
  return time.time_since_epoch().count();
}

EventTime event_time(int64_t ms) {
  return EventTime{Milliseconds{ms}};
}

}  // namespace

WaitingRecord waiting_record(const Observation& record, int64_t append_ms) {
  WaitingRecord waiting{milliseconds(record.time), record.at, WaitingRecord::Kind::kObservation, {}};
  if (record.has(ObservationFlag::kAddressCount)) waiting.kind = WaitingRecord::Kind::kAddressCount;
  waiting.packed.reserve(64 + record.client.size() + record.evidence.bytes.size() + record.words.size());
  BinaryWriter out(waiting.packed);
  out.zigzag(append_ms);
  out.byte(static_cast<uint8_t>(record.client_kind));
  out.text(record.client);
  out.fixed64(record.client_hash);
  write_address(out, record.address);
  out.fixed64(record.user_agent_hash);
  out.fixed64(record.path_hash);
  out.varint(record.status);
  out.byte(record.flags);
  out.varint(record.rule_hits);
  out.zigzag(record.request_score);
  out.byte(static_cast<uint8_t>(record.evidence ? 1 + static_cast<unsigned>(record.evidence.layout) : 0));
  out.raw(record.evidence.bytes);
  out.text(record.words);
  waiting.packed.shrink_to_fit();
  return waiting;
}

WaitingRecord waiting_record(const CorrelationEvent& event, int64_t append_ms) {
  WaitingRecord waiting{milliseconds(event.time), event.at, WaitingRecord::Kind::kCorrelationEvent, {}};
  BinaryWriter out(waiting.packed);
  out.fixed64(event.definition->hash);  // first: it tells events of one record apart
  out.zigzag(append_ms);
  out.fixed64(event.group_hash);
  out.text(event.group);
  out.varint(event.sources);
  out.fixed64(event.value);
  out.byte(static_cast<uint8_t>(event.client_kind));
  write_address(out, event.address);
  waiting.packed.shrink_to_fit();
  return waiting;
}

bool unpack(const WaitingRecord& record, Observation& observation, int64_t& append_ms) {
  BinaryReader in(record.packed);
  observation = {};
  observation.at = record.at;
  observation.time = event_time(record.time_ms);
  append_ms = in.signed_number<int64_t>();
  observation.client_kind = in.enumerator<ClientKind>(kClientKinds);
  observation.client = in.text();
  observation.client_hash = in.fixed64();
  observation.address = read_address(in);
  observation.user_agent_hash = in.fixed64();
  observation.path_hash = in.fixed64();
  observation.status = in.number<uint16_t>();
  observation.flags = in.byte();
  observation.rule_hits = in.number<uint16_t>();
  observation.request_score = in.signed_number<int32_t>();
  if (const auto layout = in.enumerator<uint8_t>(1 + kEvidenceLayouts); in.ok() && layout != 0) {
    const auto evidence = read_packed_evidence(in, static_cast<EvidenceLayout>(layout - 1));
    if (!evidence) return false;
    observation.evidence = *evidence;
  }
  observation.words = in.text();
  if (!observation.words.empty()) {
    BinaryReader words(observation.words);
    if (const auto read = read_packed_words(words); !read || words.left() != 0) return false;
  }
  const bool is_count = record.kind == WaitingRecord::Kind::kAddressCount;
  return in.ok() && in.left() == 0 && observation.has(ObservationFlag::kAddressCount) == is_count;
}

bool unpack(const WaitingRecord& record, CorrelationEvent& event, uint64_t& definition, int64_t& append_ms) {
  BinaryReader in(record.packed);
  event = {};
  event.at = record.at;
  event.time = event_time(record.time_ms);
  definition = in.fixed64();
  append_ms = in.signed_number<int64_t>();
  event.group_hash = in.fixed64();
  event.group = in.text();
  event.sources = in.varint();
  event.value = in.fixed64();
  event.client_kind = in.enumerator<ClientKind>(kClientKinds);
  event.address = read_address(in);
  return in.ok() && in.left() == 0 && event.group.size() <= CorrelationEvent::kGroupBytesMax;
}

void write_waiting(const WaitingRecord& record, BinaryWriter& out) {
  out.byte(static_cast<uint8_t>(record.kind));
  out.zigzag(record.time_ms);
  write_coordinates(out, record.at);
  out.text(record.packed);
}

bool read_waiting(BinaryReader& in, std::span<const uint16_t> topics, WaitingRecord& record) {
  record.kind = in.enumerator<WaitingRecord::Kind>(static_cast<unsigned>(WaitingRecord::Kind::kCount));
  record.time_ms = in.signed_number<int64_t>();
  record.at = read_coordinates(in);
  record.packed = in.text();
  if (!in.ok() || !is_plausible_time(record.time_ms)) return false;
  if (record.at.topic == TopicTable::kNoTopic) return true;
  if (record.at.topic >= topics.size()) return false;
  record.at.topic = topics[record.at.topic];
  return true;
}

bool WaitingOrder::operator()(const WaitingRecord& a, const WaitingRecord& b) const {
  if (a.time_ms != b.time_ms) return a.time_ms < b.time_ms;
  if (a.at.topic != b.at.topic) return topics_.name(a.at.topic) < topics_.name(b.at.topic);
  return std::tie(a.at.partition, a.at.offset, a.at.index, a.kind, a.packed) <
         std::tie(b.at.partition, b.at.offset, b.at.index, b.kind, b.packed);
}

}  // namespace weir
