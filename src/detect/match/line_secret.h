#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

namespace weir {

/// The secret of the hash by which lines that come again are known. Where records come from strangers it must be random: whoever knew it could
/// make two lines with one hash. It shows in no result.
struct LineSecret {
  /// Each 16 bytes of a line are multiplied under words of their own of it: a seed would be one word for all.
  std::array<uint32_t, 48> words{};

  /// The same for everyone: for tests, and where records are the user's own.
  LineSecret() {
    std::generate(words.begin(), words.end(), [x = uint32_t{1}]() mutable { return x = x * 1664525U + 1013904223U; });
  }
  /// `random` gives 32 bits at each call.
  static LineSecret from(const std::function<uint32_t()>& random) {
    LineSecret secret;
    std::generate(secret.words.begin(), secret.words.end(), random);
    return secret;
  }
};

}  // namespace weir
