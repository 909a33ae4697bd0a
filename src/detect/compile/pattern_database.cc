#include "detect/compile/pattern_database.h"

#include <hs/hs.h>

#include <cstdlib>
#include <limits>
#include <string_view>

#include "base/assert.h"
#include "base/cache_store.h"
#include "base/memory/huge_pages.h"

namespace weir {
namespace {

constexpr size_t kPrefilterRetriesMax = 256;
constexpr std::string_view kDatabaseKind = "hsdb";

struct FreeCompileError {
  void operator()(hs_compile_error_t* error) const { hs_free_compile_error(error); }
};
using CompileError = std::unique_ptr<hs_compile_error_t, FreeCompileError>;

unsigned flags_of(const Pattern& pattern) {
  return HS_FLAG_MULTILINE | (pattern.letter_case == LetterCase::kIgnored ? HS_FLAG_CASELESS : 0U) |
         (pattern.prefilter ? HS_FLAG_PREFILTER : 0U) | (pattern.once ? HS_FLAG_SINGLEMATCH : 0U);
}

bool read_info(Pattern& pattern, std::string& message) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* raw_error = nullptr;
  const hs_error_t code = hs_expression_info(pattern.regex.c_str(), flags_of(pattern), &info, &raw_error);
  const CompileError error(raw_error);
  if (code != HS_SUCCESS) {
    message = error ? error->message : "refused";
    return false;
  }
  pattern.min_width = info->min_width;
  pattern.max_width = info->max_width;
  std::free(info);
  return true;
}

/// A database of this size or more is worth huge pages of its own.
constexpr size_t kHugeDatabaseBytes = kHugePageBytes / 4;

/// Lets the library put large databases into huge pages. The process has one such setting; what it frees are pointers of
/// malloc as before.
void use_huge_pages() {
  const auto allocate = [](size_t bytes) {
    return bytes >= kHugeDatabaseBytes ? allocate_huge_pages(bytes) : std::malloc(bytes);
  };
  static const hs_error_t code = hs_set_database_allocator(allocate, std::free);
  WEIR_ASSERT(code == HS_SUCCESS, "the library takes any pair of functions");
}

/// The database, or nothing with the pattern at fault (or none: SIZE_MAX) and why.
HsDatabase compile_once(const std::vector<Pattern>& patterns, PatternError& error) {
  std::vector<const char*> expressions;
  std::vector<unsigned> flags;
  std::vector<unsigned> ids;
  for (const auto& pattern : patterns) {
    expressions.push_back(pattern.regex.c_str());
    flags.push_back(flags_of(pattern));
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  use_huge_pages();
  hs_database_t* database = nullptr;
  hs_compile_error_t* raw_error = nullptr;
  const hs_error_t code =
      hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_BLOCK,
                       nullptr, &database, &raw_error);
  const CompileError compile_error(raw_error);
  if (code == HS_SUCCESS) return HsDatabase(database);
  error.message = compile_error ? compile_error->message : "the matching library refused the patterns";
  error.pattern = compile_error && compile_error->expression >= 0 ? static_cast<size_t>(compile_error->expression)
                                                                  : std::numeric_limits<size_t>::max();
  return nullptr;
}

std::string cache_key(const std::vector<Pattern>& patterns) {
  std::string text = library_and_processor();
  for (const auto& pattern : patterns) {
    text += pattern.letter_case == LetterCase::kIgnored ? "\ni" : "\nc";
    if (pattern.once) text += '1';
    text += pattern.regex;
  }
  return text;
}

HsDatabase load_cached(const CacheStore& cache, const std::string& key, std::vector<Pattern>& patterns) {
  const auto content = cache.find(kDatabaseKind, key);
  if (!content || content->size() <= patterns.size()) return nullptr;
  use_huge_pages();
  hs_database_t* database = nullptr;
  if (hs_deserialize_database(content->data() + patterns.size(), content->size() - patterns.size(), &database) !=
      HS_SUCCESS)
    return nullptr;
  for (size_t i = 0; i < patterns.size(); ++i)
    patterns[i].prefilter = (*content)[i] == '1';
  return HsDatabase(database);
}

/// One '0' or '1' a pattern (prefilter), then the serialised database.
void store_cached(const CacheStore& cache, const std::string& key, const std::vector<Pattern>& patterns,
                  const HsDatabase& database) {
  char* bytes = nullptr;
  size_t length = 0;
  if (hs_serialize_database(database.get(), &bytes, &length) != HS_SUCCESS) return;
  std::string content;
  for (const auto& pattern : patterns)
    content += pattern.prefilter ? '1' : '0';
  content.append(bytes, length);
  std::free(bytes);
  cache.keep(kDatabaseKind, key, content);
}

}  // namespace

Status inspect_pattern(Pattern& pattern) {
  std::string message;
  pattern.prefilter = false;
  if (read_info(pattern, message)) return {};
  const std::string first_message = message;
  pattern.prefilter = true;
  if (read_info(pattern, message)) return {};
  return fail(ErrorCode::kUnsupported, "rules", "regular expression: " + first_message);
}

Result<HsDatabase> compile_database(std::vector<Pattern>& patterns, PatternError& error) {
  for (size_t retries = 0; retries < kPrefilterRetriesMax; ++retries) {
    HsDatabase database = compile_once(patterns, error);
    if (database) return database;
    if (error.pattern >= patterns.size() || patterns[error.pattern].prefilter) break;
    patterns[error.pattern].prefilter = true;
  }
  return fail(ErrorCode::kUnsupported, "rules", error.message);
}

std::string library_and_processor() {
  std::string text = hs_version();
  hs_platform_info_t platform{};
  if (hs_populate_platform(&platform) == HS_SUCCESS)
    text += ":" + std::to_string(platform.tune) + ":" + std::to_string(platform.cpu_features);
  return text;
}

std::string cache_file(const std::vector<Pattern>& patterns, const std::string& directory) {
  return CacheStore(directory).file_of(kDatabaseKind, cache_key(patterns));
}

Result<HsDatabase> compile_database_cached(std::vector<Pattern>& patterns, const std::string& directory,
                                           PatternError& error) {
  if (directory.empty()) return compile_database(patterns, error);
  const CacheStore cache(directory);
  const std::string key = cache_key(patterns);
  if (HsDatabase cached = load_cached(cache, key, patterns)) return cached;
  Result<HsDatabase> database = compile_database(patterns, error);
  if (database) store_cached(cache, key, patterns, *database);
  return database;
}

}  // namespace weir
