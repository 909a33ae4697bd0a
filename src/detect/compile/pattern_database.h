#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "detect/program/hs_handles.h"
#include "detect/program/rule_program.h"

namespace weir {

/// What is wrong with one of the patterns.
struct PatternError {
  size_t pattern = 0;
  std::string message;
};

/// Fills the widths, and `prefilter` where only an approximation compiles. True if the pattern is usable; a width of 0
/// (it would match the empty text) is usable only outside the database.
Status inspect_pattern(Pattern& pattern);

/// Compiles all patterns into one block-mode database; ids are their indices. Takes seconds for thousands. On an error says
/// which pattern; `patterns` may come back with more prefilters.
Result<HsDatabase> compile_database(std::vector<Pattern>& patterns, PatternError& error);

/// As compile_database, but takes the serialised database from the cache in `directory` (see CacheStore; empty: none) if it
/// is there for the same patterns, library version and processor, and keeps it there if not.
Result<HsDatabase> compile_database_cached(std::vector<Pattern>& patterns, const std::string& directory,
                                           PatternError& error);

/// The cache file for these patterns.
std::string cache_file(const std::vector<Pattern>& patterns, const std::string& directory);

/// The library's version and what it makes of this processor: what it compiled holds for no other.
std::string library_and_processor();

}  // namespace weir
