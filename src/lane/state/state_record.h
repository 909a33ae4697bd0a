#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/siphash.h"

namespace weir {

/// A message of the state topic. Its key is group/partition/chunk/part, or group/partition/genesis, so that compaction keeps the newest
/// of each, and groups that share a topic do not write over each other's; its partition is that of the observations it comes from.
struct StateRecord {
  static constexpr size_t kPartBytesMax = 512 << 10;  ///< well below the broker's default limit of 1 MB for a message

  enum class Kind : uint8_t {
    kGenesis = 1,  ///< the state begins, empty, at `offset`; what was written before it does not count
    kChunk = 2,    ///< a chunk as it is before the observations at `offset`
  };

  Kind kind = Kind::kChunk;
  int32_t partition = 0;
  uint32_t observations_partitions =
      0;  ///< of the topic when it was written: with another number clients are elsewhere
  int64_t offset = 0;
  uint32_t chunk = 0;
  uint32_t chunk_count = 0;
  uint16_t part = 0, parts = 1;  ///< of a chunk too large for one message
  std::string_view bytes;        ///< of this part; borrows from the message
};

/// The records of a chunk, of which `record` says all but the parts: calls `visit(record)` with each, whose bytes borrow from `chunk`.
template <typename Visit>
void for_each_part(StateRecord record, std::string_view chunk, const Visit& visit) {
  constexpr size_t kPart = StateRecord::kPartBytesMax;
  record.parts = static_cast<uint16_t>(std::max<size_t>(1, (chunk.size() + kPart - 1) / kPart));
  for (record.part = 0; record.part < record.parts; ++record.part) {
    record.bytes = chunk.substr(record.part * kPart, kPart);
    visit(std::as_const(record));
  }
}

/// The header of a state record that says with which hash_key its clients' hashes were made: a digest that tells nothing of it. Records of
/// older versions have none.
inline constexpr std::string_view kHashKeyHeader = "weir.hash_key";
std::string hash_key_header(uint64_t mark);
/// The digest; never 0.
uint64_t mark_of_hash_key(const SipHashKey& hash_key);
/// 0: there is none, or it is no number.
uint64_t hash_key_mark(std::string_view header);

/// `group` is kafka.group_id.
std::string state_record_key(const StateRecord& record, std::string_view group);
/// Whether a message with this key is of the group. Earlier versions wrote keys without a group: these are everybody's.
bool is_state_key_of(std::string_view key, std::string_view group);
std::string encode_state_record(const StateRecord& record);
/// Fails with kParse on what is no such record, and with kUnsupported on a version of the future.
Result<StateRecord> decode_state_record(std::string_view value);

}  // namespace weir
