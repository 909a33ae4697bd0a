#include "evidence/record_words.h"

#include "base/assert.h"

namespace weir {
namespace {

RecordWords read(BinaryReader& in) {
  RecordWords words;
  words.agent = in.text();
  words.path = in.text();
  words.account = in.text();
  return words;
}

}  // namespace

void pack_words(const RecordWords& words, std::string& out) {
  BinaryWriter writer(out);
  for (const std::string_view text : {words.agent, words.path, words.account})
    writer.text(text);
}

std::optional<std::string_view> read_packed_words(BinaryReader& in) {
  const std::string_view before = in.rest();
  const RecordWords words = read(in);
  const bool is_whole = in.ok() && words.agent.size() <= RecordWords::kAgentBytesMax &&
                        words.path.size() <= RecordWords::kPathBytesMax &&
                        words.account.size() <= RecordWords::kAccountBytesMax;
  if (!is_whole) return std::nullopt;
  return before.substr(0, before.size() - in.left());
}

RecordWords unpack_words(std::string_view packed) {
  if (packed.empty()) return {};
  BinaryReader in(packed);
  const RecordWords words = read(in);
  WEIR_ASSERT(in.ok() && in.left() == 0, "packed words were read before");
  return words;
}

}  // namespace weir
