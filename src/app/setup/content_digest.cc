#include "app/setup/content_digest.h"

#include <xxhash.h>

#include <array>
#include <fstream>
#include <memory>

#include "rules/loader.h"

namespace weir {
namespace {

/// So much of each file; larger ones are refused when they are loaded.
constexpr size_t kFileBytesMax = 4U << 20U;

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
using State = std::unique_ptr<XXH3_state_t, FreeState>;

/// With its length before it, so that two parts cannot be taken for two others.
void add_length_and_bytes(XXH3_state_t* state, const char* data, uint64_t bytes) {
  XXH3_128bits_update(state, &bytes, sizeof bytes);
  XXH3_128bits_update(state, data, bytes);
}

void add_content(XXH3_state_t* state, const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::array<char, 1 << 16> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
  for (size_t total = 0; stream && total < kFileBytesMax;) {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto got = static_cast<size_t>(stream.gcount());
    XXH3_128bits_update(state, buffer.data(), got);
    total += got;
  }
}

}  // namespace

ContentDigest digest_of_files(const std::vector<std::string>& paths) {
  const State state(XXH3_createState());
  XXH3_128bits_reset(state.get());
  for (const std::string& path : paths) {
    Diagnostics unreadable;
    for (const std::string& file : rule_files(path, unreadable)) {
      add_length_and_bytes(state.get(), file.data(), file.size());
      add_content(state.get(), file);
    }
    for (const Diagnostic& finding : unreadable)
      add_length_and_bytes(state.get(), finding.message.data(), finding.message.size());
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return {hash.high64, hash.low64};
}

}  // namespace weir
