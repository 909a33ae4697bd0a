#include "pipeline/observation_block.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/assert.h"
#include "base/binary_format.h"
#include "evidence/record_words.h"
#include "pipeline/block_numbers.h"

namespace weir {
namespace {

// The layout is described in docs/observation-block.md; change both together and raise the version.
constexpr uint8_t kEnd = 0;  // in place of a further observation

enum Presence : uint8_t {
  kSamePartition = 1 << 0,  // topic, index and partition are those of the observation before
  kIsV4 = 1 << 1,
  kHasUserAgent = 1 << 2,
  kHasRuleHits = 1 << 3,  // rule_hits and request_score follow
  kHasEvidence = 1 << 4,
  kClientKindShift = 5,   // two bits
  kObservation = 1 << 7,  // always set, to tell an observation from kEnd
};

/// In an observation's flags: its evidence holds facts. Without, it was written before there were any.
constexpr uint8_t kEvidenceHasFacts = 1 << 6;
/// Words follow, and its evidence holds what to do.
constexpr uint8_t kHasWords = 1 << 7;

EvidenceLayout layout_of(uint8_t flags) {
  if ((flags & kHasWords) != 0) return EvidenceLayout::kWithRemediation;
  return (flags & kEvidenceHasFacts) != 0 ? EvidenceLayout::kWithFacts : EvidenceLayout::kWithoutFacts;
}

uint8_t flags_of(const Observation& record) {
  unsigned flags = record.flags;
  if (record.evidence && record.evidence.layout != EvidenceLayout::kWithoutFacts) flags |= kEvidenceHasFacts;
  const bool is_newest = record.evidence && record.evidence.layout == EvidenceLayout::kWithRemediation;
  if (is_newest || !record.words.empty()) flags |= kHasWords;
  WEIR_ASSERT(!record.evidence || is_newest || record.words.empty(), "words came with the newest evidence");
  return static_cast<uint8_t>(flags);
}

/// What differences are taken against.
struct Previous {
  RecordCoordinates at;
  int64_t time_ms = 0;
};

constexpr std::string_view kNoWords("\0\0\0", 3);  // packed

/// Returns whether words follow it.
bool write_observation(BinaryWriter& out, const Observation& record, Previous& previous) {
  const bool same_partition = record.at.topic == previous.at.topic && record.at.partition == previous.at.partition &&
                              record.at.index == previous.at.index;
  const bool has_rule_hits = record.rule_hits != 0 || record.request_score != 0;
  const int64_t time_ms = record.time.time_since_epoch().count();
  out.byte(static_cast<uint8_t>(
      kObservation | (same_partition ? kSamePartition : 0) | (record.address.is_v4() ? kIsV4 : 0) |
      (record.user_agent_hash != 0 ? kHasUserAgent : 0) | (has_rule_hits ? kHasRuleHits : 0) |
      (record.evidence ? kHasEvidence : 0) | static_cast<int>(record.client_kind) << kClientKindShift));
  if (!same_partition) {
    out.varint(topic_and_index(record.at));
    out.zigzag(record.at.partition);
  }
  out.zigzag(wrapped_difference(record.at.offset, previous.at.offset));
  out.zigzag(wrapped_difference(time_ms, previous.time_ms));
  out.text(record.client);
  out.fixed64(record.client_hash);
  const auto& address = record.address.bytes();
  const size_t skipped = record.address.is_v4() ? 12 : 0;
  out.bytes(address.data() + skipped, address.size() - skipped);
  if (record.user_agent_hash != 0) out.fixed64(record.user_agent_hash);
  out.fixed64(record.path_hash);
  out.varint(record.status);
  const uint8_t flags = flags_of(record);
  out.byte(flags);
  if (has_rule_hits) {
    out.varint(record.rule_hits);
    out.zigzag(record.request_score);
  }
  if (record.evidence) out.raw(record.evidence.bytes);
  const bool has_words = (flags & kHasWords) != 0;
  if (has_words) out.raw(record.words.empty() ? kNoWords : record.words);
  previous = {record.at, time_ms};
  return has_words;
}

constexpr uint8_t kSourceRecord = 4;

enum SourceFlags : uint8_t {
  kAtEnd = 1 << 0,
  kHasTime = 1 << 1,
  kWaits = 1 << 2,
  kMention = 1 << 3,
  kDoubted = 1 << 4,
};

void write_source(BinaryWriter& out, const SourceReport& source) {
  const bool has_time = source.time_ms != SourceReport::kNoTime;
  out.byte(kSourceRecord);
  out.varint(source.topic);
  out.zigzag(source.partition);
  out.byte(static_cast<uint8_t>((source.at_end ? kAtEnd : 0) | (has_time ? kHasTime : 0) | (source.waits ? kWaits : 0) |
                                (source.is_mention ? kMention : 0) | (source.is_doubted ? kDoubted : 0)));
  if (has_time) out.zigzag(source.time_ms);
}

bool read_source(BinaryReader& in, std::vector<SourceReport>& sources) {
  if (sources.size() == kBlockSourcesMax) return false;
  SourceReport& source = sources.emplace_back();
  source.topic = in.number<uint16_t>();
  source.partition = in.signed_number<int32_t>();
  const uint8_t flags = in.byte();
  source.at_end = (flags & kAtEnd) != 0;
  source.waits = (flags & kWaits) != 0;
  source.is_mention = (flags & kMention) != 0;
  source.is_doubted = (flags & kDoubted) != 0;
  if ((flags & kHasTime) != 0) source.time_ms = in.signed_number<int64_t>();
  return in.ok() && (flags & ~(kAtEnd | kHasTime | kWaits | kMention | kDoubted)) == 0;
}

IpAddress read_address(BinaryReader& in, bool is_v4) {
  std::array<uint8_t, 16> bytes{};
  if (is_v4) bytes[10] = bytes[11] = 0xff;
  const auto taken = in.take(is_v4 ? 4 : 16);
  if (!taken.empty()) std::memcpy(bytes.data() + bytes.size() - taken.size(), taken.data(), taken.size());
  return IpAddress::from_bytes(bytes);
}

bool read_observation(BinaryReader& in, uint8_t presence, Previous& previous, ObservationBlock& block) {
  Observation& record = block.observations.emplace_back();
  const unsigned kind = (presence & ~kObservation) >> kClientKindShift;
  if ((presence & kObservation) == 0 || kind > static_cast<unsigned>(ClientKind::kAddress)) return false;
  record.client_kind = static_cast<ClientKind>(kind);
  record.at = previous.at;
  if ((presence & kSamePartition) == 0) {
    set_topic_and_index(in.number<uint64_t>(), record.at);
    record.at.partition = in.signed_number<int32_t>();
  }
  record.at.offset = wrapped_sum(previous.at.offset, in.signed_number<int64_t>());
  const int64_t time_ms = wrapped_sum(previous.time_ms, in.signed_number<int64_t>());
  record.time = EventTime{Milliseconds{time_ms}};
  record.client = in.text();
  record.client_hash = in.fixed64();
  record.address = read_address(in, (presence & kIsV4) != 0);
  if ((presence & kHasUserAgent) != 0) record.user_agent_hash = in.fixed64();
  record.path_hash = in.fixed64();
  record.status = in.number<uint16_t>();
  const uint8_t flags = in.byte();
  record.flags = static_cast<uint8_t>(flags & ~(kEvidenceHasFacts | kHasWords));
  if ((presence & kHasRuleHits) != 0) {
    record.rule_hits = in.number<uint16_t>();
    record.request_score = in.signed_number<int32_t>();
  }
  previous = {record.at, time_ms};
  if (in.ok() && (presence & kHasEvidence) != 0) {
    const auto evidence = read_packed_evidence(in, layout_of(flags));
    if (!evidence) return false;
    record.evidence = *evidence;
  }
  if (in.ok() && (flags & kHasWords) != 0) {
    const auto words = read_packed_words(in);
    if (!words) return false;
    if (*words != kNoWords) record.words = *words;
  }
  return in.ok();
}

// As the versions of the blocks that hold them.
constexpr uint8_t kOrderRecord = kOrderBlockVersion;
constexpr uint8_t kDecisionOrderRecord = kDecisionOrderBlockVersion;

bool is_of_decision(OrderKind kind) {
  return kind == OrderKind::kDecide || kind == OrderKind::kLift;
}

void write_order(BinaryWriter& out, const ClientOrder& order) {
  out.byte(is_of_decision(order.kind) ? kDecisionOrderRecord : kOrderRecord);
  out.byte(static_cast<uint8_t>(order.kind));
  out.byte(static_cast<uint8_t>(order.client_kind));
  out.text(order.client);
  out.fixed64(order.client_hash);
  out.text(order.episode);
  out.zigzag(order.until_ms);
  out.text(order.reason);
  out.text(order.caller);
  if (!is_of_decision(order.kind)) return;
  out.byte(static_cast<uint8_t>(order.action));
  out.zigzag(order.from_ms);
  out.varint(static_cast<uint64_t>(order.retry_after.count()));
}

bool has_room_for(const ClientOrder& order) {
  return order.client.size() <= ClientOrder::kClientBytesMax && order.episode.size() <= ClientOrder::kEpisodeBytesMax &&
         order.reason.size() <= ClientOrder::kReasonBytesMax && order.caller.size() <= ClientOrder::kCallerBytesMax;
}

bool is_time(int64_t ms) {
  constexpr int64_t kLatest = int64_t{1} << 53;  // later than any clock shows
  return ms > -kLatest && ms < kLatest;
}

bool read_order(BinaryReader& in, uint8_t record, std::vector<ClientOrder>& orders) {
  ClientOrder& order = orders.emplace_back();
  order.kind = in.enumerator<OrderKind>(static_cast<unsigned>(OrderKind::kCount));
  order.client_kind = in.enumerator<ClientKind>(static_cast<unsigned>(ClientKind::kGroup));
  order.client = in.text();
  order.client_hash = in.fixed64();
  order.episode = in.text();
  order.until_ms = in.signed_number<int64_t>();
  order.reason = in.text();
  order.caller = in.text();
  if (is_of_decision(order.kind) != (record == kDecisionOrderRecord)) return false;
  if (record == kDecisionOrderRecord) {
    order.action = in.enumerator<DecisionAction>(static_cast<unsigned>(DecisionAction::kCount));
    order.from_ms = in.signed_number<int64_t>();
    order.retry_after = Milliseconds{in.number<uint32_t>()};
  }
  return in.ok() && has_room_for(order) && is_time(order.until_ms) && is_time(order.from_ms);
}

tl::unexpected<Error> bad_block(std::string detail) {
  return fail(ErrorCode::kParse, "observations", std::move(detail));
}

Status reject(ObservationBlock& block, std::string detail) {
  block.clear();
  return bad_block(std::move(detail));
}

uint64_t digest_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace

size_t encode_block_part(std::span<const Observation> observations, std::span<const uint32_t> indices, size_t bytes_max,
                         std::string& out) {
  return encode_block_part(observations, indices, {}, bytes_max, out);
}

size_t encode_block_part(std::span<const Observation> observations, std::span<const uint32_t> indices,
                         std::span<const SourceReport> sources, size_t bytes_max, std::string& out) {
  WEIR_ASSERT(sources.size() <= kBlockSourcesMax, "a lane has fewer sources");
  const size_t begin = out.size();
  BinaryWriter writer(out);
  writer.byte(sources.empty() ? kBlockVersion : kSourceBlockVersion);
  for (const SourceReport& source : sources)
    write_source(writer, source);
  Previous previous;
  size_t written = 0;
  bool has_words = false;
  for (const uint32_t index : indices) {
    if (written == kBlockObservationsMax) break;
    const size_t before = out.size();
    const Previous previous_before = previous;
    const bool tells_words = write_observation(writer, observations[index], previous);
    if (written > 0 && out.size() + 1 + kBlockDigestBytes - begin > bytes_max) {
      out.resize(before);
      previous = previous_before;
      break;
    }
    has_words = has_words || tells_words;
    ++written;
  }
  if (has_words) out[begin] = static_cast<char>(kWordsBlockVersion);
  writer.byte(kEnd);
  writer.fixed64(digest_of(std::string_view(out).substr(begin)));
  return written;
}

void encode_block(std::span<const Observation> observations, std::span<const uint32_t> indices, std::string& out) {
  WEIR_ASSERT(indices.size() <= kBlockObservationsMax, "a block holds a batch, not more");
  encode_block_part(observations, indices, std::numeric_limits<size_t>::max() / 2, out);
}

void encode_order_block(const ClientOrder& order, std::string& out) {
  WEIR_ASSERT(has_room_for(order), "whoever decides keeps to the limits");
  const size_t begin = out.size();
  BinaryWriter writer(out);
  writer.byte(is_of_decision(order.kind) ? kDecisionOrderBlockVersion : kOrderBlockVersion);
  write_order(writer, order);
  writer.byte(kEnd);
  writer.fixed64(digest_of(std::string_view(out).substr(begin)));
}

void ObservationBlock::clear() {
  observations.clear();
  correlations.clear();
  sources.clear();
  orders.clear();
}

Status decode_block(std::string_view bytes, ObservationBlock& block) {
  block.clear();
  if (bytes.size() < 2 + kBlockDigestBytes) return bad_block("block of " + std::to_string(bytes.size()) + " bytes");
  const auto body = bytes.substr(0, bytes.size() - kBlockDigestBytes);
  if (BinaryReader(bytes.substr(body.size())).fixed64() != digest_of(body)) return bad_block("digest does not match");
  BinaryReader in(body);
  const uint8_t version = in.byte();
  if (version > kNewestBlockVersion) {
    return fail(ErrorCode::kUnsupported, "observations", "block of version " + std::to_string(version));
  }
  if (version == 0) return bad_block("block of version 0");
  Previous previous;
  for (;;) {
    const uint8_t presence = in.byte();
    if (!in.ok()) return reject(block, "block without end");
    if (presence == kEnd) break;
    if (presence == kSourceRecord) {
      if (!read_source(in, block.sources)) return reject(block, "what it says of a source is malformed");
      continue;
    }
    if (presence == kOrderRecord || presence == kDecisionOrderRecord) {
      if (block.orders.size() == kBlockOrdersMax || !read_order(in, presence, block.orders))
        return reject(block, "an order is malformed");
      continue;
    }
    if ((presence & kObservation) == 0) {
      if (!block.correlations.read_record(presence, in)) return reject(block, "a record of correlations is malformed");
      continue;
    }
    if (block.observations.size() == kBlockObservationsMax) return reject(block, "too many observations");
    if (!read_observation(in, presence, previous, block)) {
      return reject(block, "observation " + std::to_string(block.observations.size() - 1) + " is malformed");
    }
  }
  if (in.left() != 0) return reject(block, "bytes after the end");
  return {};
}

}  // namespace weir
