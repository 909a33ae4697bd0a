#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "detect/match/line_secret.h"

namespace weir {

/// Remembers texts in which there was nothing to hide, so that what comes with every record of an attacker (user agents, hosts,
/// referers, the attack itself) is searched for secrets once. Texts are told apart by 128 bits of a hash with a secret, as known
/// lines are (docs/adr/0019-known-lines.md): nobody can make a text that passes for another. A fixed table (192 KiB); a text
/// enters it when it is met for the second time, in place of an old one, so that those that never come again (request ids) push
/// nothing out. Of one thread.
class PlainTexts {
 public:
  explicit PlainTexts(const LineSecret& secret) : secret_(secret), keys_(kSets * kWays), marks_(kMarks) {}

  /// Texts that are looked at in different ways are different texts.
  enum class Kind : uint8_t { kText, kLineWithComments };

  struct Key {
    uint64_t low = 0, high = 0;  ///< both 0: none
    bool operator==(const Key&) const = default;
  };
  /// Of a text that is worth remembering.
  [[nodiscard]] Key key_of(std::string_view text, Kind kind) const;
  static bool eligible(std::string_view text) { return !text.empty() && text.size() <= kTextBytesMax; }

  [[nodiscard]] bool contains(const Key& key) const {
    const Key* const set = &keys_[key.low % kSets * kWays];
    return set[0] == key || set[1] == key;
  }
  /// A text in which there was nothing to hide.
  void note(const Key& key) {
    uint16_t& mark = marks_[(key.low >> 16U) % kMarks];
    const auto fingerprint = static_cast<uint16_t>(key.high >> 48U | 1U);
    if (std::exchange(mark, fingerprint) != fingerprint) return;
    Key* const set = &keys_[key.low % kSets * kWays];
    set[1] = set[0];
    set[0] = key;
  }

 private:
  static constexpr size_t kSets = 4096, kWays = 2;
  static constexpr size_t kMarks = 32'768;
  static constexpr size_t kTextBytesMax = 1024;

  LineSecret secret_;
  std::vector<Key> keys_;        ///< by set, the newest first
  std::vector<uint16_t> marks_;  ///< a part of the key of texts met once
};

}  // namespace weir
