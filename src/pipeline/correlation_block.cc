#include "pipeline/correlation_block.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "pipeline/block_numbers.h"
#include "pipeline/block_version.h"

namespace weir {
namespace {

enum EventPresence : uint8_t {
  kEventIsV4 = 1 << 0,
  kEventHasValue = 1 << 1,
  kEventKindShift = 2,  // two bits
};

/// Writes the events of one block and remembers what it takes differences against.
class EventWriter {
 public:
  explicit EventWriter(std::string& out) : out_(out) {}

  void write(const CorrelationEvent& event) {
    const uint32_t definition = number_of(*event.definition);
    const int64_t time_ms = event.time.time_since_epoch().count();
    out_.byte(kEventRecord);
    out_.byte(static_cast<uint8_t>((event.address.is_v4() ? kEventIsV4 : 0) | (event.value != 0 ? kEventHasValue : 0) |
                                   static_cast<int>(event.client_kind) << kEventKindShift));
    out_.varint(definition);
    out_.fixed64(event.group_hash);
    out_.text(event.group);
    out_.varint(event.sources);
    out_.varint(topic_and_index(event.at));
    out_.zigzag(event.at.partition);
    out_.zigzag(wrapped_difference(event.at.offset, previous_offset_));
    out_.zigzag(wrapped_difference(time_ms, previous_ms_));
    const auto& address = event.address.bytes();
    const size_t skipped = event.address.is_v4() ? 12 : 0;
    out_.bytes(address.data() + skipped, address.size() - skipped);
    if (event.value != 0) out_.fixed64(event.value);
    previous_offset_ = event.at.offset;
    previous_ms_ = time_ms;
  }

 private:
  /// The definition's number in the block; writes it, and before it those it feeds, when it is new.
  uint32_t number_of(const CorrelationDefinition& definition) {
    const auto position = [&] {
      return std::find_if(written_.begin(), written_.end(),
                          [&](const auto* known) { return known == &definition || known->hash == definition.hash; });
    };
    if (position() == written_.end()) {
      size_t next = written_.size();
      append_with_fed(definition, written_);
      for (; next < written_.size(); ++next) {
        out_.byte(kDefinitionRecord);
        write_definition(out_, *written_[next]);
      }
    }
    return static_cast<uint32_t>(position() - written_.begin());
  }

  BinaryWriter out_;
  std::vector<const CorrelationDefinition*> written_;
  int64_t previous_offset_ = 0;
  int64_t previous_ms_ = 0;
};

}  // namespace

size_t encode_event_block_part(std::span<const CorrelationEvent> events, std::span<const uint32_t> indices,
                               size_t bytes_max, std::string& out) {
  const size_t begin = out.size();
  out += static_cast<char>(kEventBlockVersion);
  EventWriter writer(out);
  size_t taken = 0;
  for (const uint32_t index : indices) {
    const size_t before = out.size();
    if (taken == kBlockEventsMax) break;
    writer.write(events[index]);
    if (taken > 0 && out.size() + 1 + kBlockDigestBytes - begin > bytes_max) {
      out.resize(before);
      break;
    }
    ++taken;
  }
  out += '\0';
  BinaryWriter(out).fixed64(XXH3_64bits(out.data() + begin, out.size() - begin));
  return taken;
}

void BlockCorrelations::clear() {
  definitions.clear();
  events.clear();
  previous_at = {};
  previous_ms = 0;
}

bool BlockCorrelations::read_record(uint8_t kind, BinaryReader& in) {
  if (kind == kEventRecord) return events.size() < kBlockEventsMax && read_event(in);
  if (kind != kDefinitionRecord || definitions.size() >= kBlockDefinitionsMax) return false;
  auto definition = read_definition(in, definitions);
  if (definition == nullptr) return false;
  definitions.push_back(std::move(definition));
  return true;
}

bool BlockCorrelations::read_event(BinaryReader& in) {
  CorrelationEvent event;
  const uint8_t presence = in.byte();
  const unsigned kind = presence >> kEventKindShift;
  if (kind > static_cast<unsigned>(ClientKind::kAddress)) return false;
  event.client_kind = static_cast<ClientKind>(kind);
  const auto definition = in.number<uint32_t>();
  if (!in.ok() || definition >= definitions.size()) return false;
  event.definition = definitions[definition].get();
  event.group_hash = in.fixed64();
  event.group = in.text();
  event.sources = in.varint();
  set_topic_and_index(in.number<uint64_t>(), event.at);
  event.at.partition = in.signed_number<int32_t>();
  event.at.offset = wrapped_sum(previous_at.offset, in.signed_number<int64_t>());
  previous_ms = wrapped_sum(previous_ms, in.signed_number<int64_t>());
  event.time = EventTime{Milliseconds{previous_ms}};
  previous_at = event.at;
  std::array<uint8_t, 16> address{};
  if ((presence & kEventIsV4) != 0) address[10] = address[11] = 0xff;
  const auto bytes = in.take((presence & kEventIsV4) != 0 ? 4 : 16);
  if (!bytes.empty()) std::memcpy(address.data() + address.size() - bytes.size(), bytes.data(), bytes.size());
  event.address = IpAddress::from_bytes(address);
  if ((presence & kEventHasValue) != 0) event.value = in.fixed64();
  if (!in.ok() || event.sources == 0 || event.sources >> (event.definition->sources - 1) > 1 ||
      event.group.size() > CorrelationEvent::kGroupBytesMax)
    return false;
  // Nearer to the ends of time than this nothing could be added to it.
  constexpr int64_t kTimeMaxMs = int64_t{1} << 53;
  if (previous_ms <= -kTimeMaxMs || previous_ms >= kTimeMaxMs) return false;
  events.push_back(event);
  return true;
}

}  // namespace weir
