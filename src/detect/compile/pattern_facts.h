#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/cache_store.h"
#include "base/result.h"
#include "detect/compile/pattern_database.h"

namespace weir {

/// What the matching library says of single patterns. To ask takes it some 50 µs each, which for thousands is most of a start
/// with cached databases; so its answers are kept, too.
class PatternFacts {
 public:
  /// Takes the answers of the last time from the cache in the directory (empty: none). `rules` names the rules whose patterns
  /// they are; the answers do not depend on it.
  PatternFacts(const std::string& cache_directory, std::string_view rules);

  /// As inspect_pattern().
  Status inspect(Pattern& pattern);

  /// Keeps the answers if the library was asked.
  void keep() const;

 private:
  struct Facts {
    uint32_t min_width = 0;
    uint32_t max_width = 0;
    bool prefilter = false;
  };
  bool read(std::string_view content);

  CacheStore cache_;
  std::string key_;
  std::unordered_map<uint64_t, Facts> facts_;  // by a hash of expression and case
  bool asked_ = false;
};

}  // namespace weir
