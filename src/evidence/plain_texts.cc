#include "evidence/plain_texts.h"

// Some dozen short texts are hashed for each record with evidence: a call into the library would take as long as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir {

PlainTexts::Key PlainTexts::key_of(std::string_view text, Kind kind) const {
  constexpr uint64_t kSpread = 0x9e3779b97f4a7c15;  // odd: another kind is another key
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(text.data(), text.size(), secret_.words.data(), sizeof secret_.words);
  return {hash.low64 + static_cast<uint64_t>(kind) * kSpread, hash.high64};
}

}  // namespace weir
