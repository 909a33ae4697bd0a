#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct hs_database;
struct hs_scratch;

namespace weir {

struct FreeHsDatabase {
  void operator()(hs_database* database) const;
};
struct FreeHsScratch {
  void operator()(hs_scratch* scratch) const;
};
using HsDatabase = std::unique_ptr<hs_database, FreeHsDatabase>;
using HsScratch = std::unique_ptr<hs_scratch, FreeHsScratch>;

/// One expression for the matching library.
struct Pattern {
  std::string regex;  ///< cannot match '\n'
  bool caseless = true;
  bool prefilter = false;  ///< set by the compiler: the library only approximates it, PCRE2 confirms
  bool once = false;       ///< is reported once a scan, for a text of one line
  uint32_t min_width = 0;  ///< bytes of a match; set by the compiler
  uint32_t max_width = 0;  ///< UINT32_MAX: unbounded
};

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

/// As compile_database, but reads the serialised database from `directory` if it is there for the same patterns, library
/// version and processor, and writes it there (atomically) if not. A damaged file is ignored and replaced; a directory that
/// cannot be written costs only the next start's time. The 64 newest files are kept.
Result<HsDatabase> compile_database_cached(std::vector<Pattern>& patterns, const std::string& directory,
                                           PatternError& error);

/// The cache file for these patterns.
std::string cache_file(const std::vector<Pattern>& patterns, const std::string& directory);

/// Scratch space for one thread that serves this database; an existing one is grown.
Status grow_scratch(const HsDatabase& database, HsScratch& scratch);

}  // namespace weir
