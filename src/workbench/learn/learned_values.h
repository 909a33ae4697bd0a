#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "policy/policy_spec.h"

namespace weir {

/// What the values of one parameter have in common, as far as they were seen. Bounded: a few of the values, counts and lengths.
class LearnedValues {
 public:
  /// So many values, or fewer, may be all there are.
  static constexpr size_t kDistinctMax = 8;
  static constexpr size_t kDistinctBytesMax = 40;
  /// Of fewer values nothing is concluded.
  static constexpr uint64_t kEvidenceMin = 20;

  /// A value, decoded as the application would read it.
  void add(std::string_view value);
  void add(const LearnedValues& other);

  [[nodiscard]] uint64_t count() const { return count_; }  ///< empty ones included
  [[nodiscard]] uint64_t empty() const { return empty_; }
  [[nodiscard]] uint32_t length_max() const { return length_max_; }

  /// The narrowest form that takes every value seen, with room for longer ones.
  [[nodiscard]] ValueForm form() const;

 private:
  void note(std::string_view value, uint64_t times);
  [[nodiscard]] bool are_all_there_is() const;

  uint64_t count_ = 0, empty_ = 0;
  uint32_t length_max_ = 0;  // bytes
  uint32_t fits_ = ~0U;      // bit ValueType i: every value has this form
  bool has_many_ = false;    // more different values than are kept
  std::map<std::string, uint64_t, std::less<>> distinct_;
};

}  // namespace weir
