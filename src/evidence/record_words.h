#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/binary_format.h"

namespace weir {

/// What a record says in words of who sent it and what it asked for: masked, cut, ids in the path folded. Alerts of bursts and
/// of abuse list them. Only some records say it (docs/observation-block.md); it travels packed inside the observation.
struct RecordWords {
  static constexpr size_t kAgentBytesMax = 128, kPathBytesMax = 96, kAccountBytesMax = 64;
  static constexpr size_t kBytesMax = kAgentBytesMax;  ///< of any of them

  std::string_view agent;    ///< user agent
  std::string_view path;     ///< without query
  std::string_view account;  ///< of a count for an address: the client that the record names
};

void pack_words(const RecordWords& words, std::string& out);

/// The bytes that pack_words() wrote; no value when they are malformed.
std::optional<std::string_view> read_packed_words(BinaryReader& in);

/// Borrows from `packed`, which is empty or was read or written by the above.
RecordWords unpack_words(std::string_view packed);

}  // namespace weir
