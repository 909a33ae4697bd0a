#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

/// What stands in a set of files: equal digests mean equal names and contents.
struct ContentDigest {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const ContentDigest&) const = default;
};

/// The digest of the rule files below the directories, and of single files. What is missing or cannot be read is part of the
/// digest, too: its coming is a change. Reads every file, some milliseconds for a megabyte of rules.
ContentDigest digest_of_files(const std::vector<std::string>& paths);

}  // namespace weir
