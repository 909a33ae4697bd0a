#include "detect/compile/pattern_database.h"

#include <hs/hs.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "base/huge_pages.h"

namespace weir {
namespace {

// Changes whenever the meaning of a cached file changes.
constexpr std::string_view kMagic = "weir-hsdb-1\n";
constexpr size_t kPrefilterRetriesMax = 256;
constexpr std::string_view kCacheExtension = ".hsdb";
// A rule set is a handful of files of a few megabytes; this holds several sets.
constexpr size_t kCacheFilesMax = 64;

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
  std::string text(kMagic);
  text += hs_version();
  hs_platform_info_t platform{};
  if (hs_populate_platform(&platform) == HS_SUCCESS)
    text += ":" + std::to_string(platform.tune) + ":" + std::to_string(platform.cpu_features);
  for (const auto& pattern : patterns) {
    text += pattern.letter_case == LetterCase::kIgnored ? "\ni" : "\nc";
    if (pattern.once) text += '1';
    text += pattern.regex;
  }
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  std::array<char, 33> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return hex.data();
}

/// File: magic, key, one '0' or '1' a pattern (prefilter), '\n', 8 bytes of digest over all the rest, the serialised database.
struct CacheFile {
  std::string prefilters;
  std::string database;
};

uint64_t digest_of(const std::string& key, const CacheFile& content) {
  const std::string head = key + content.prefilters;
  return XXH3_64bits_withSeed(content.database.data(), content.database.size(), XXH3_64bits(head.data(), head.size()));
}

bool read_cache(const std::string& path, const std::string& key, size_t patterns, CacheFile& out) {
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const size_t head = kMagic.size() + key.size() + patterns + 1;
  if (bytes.size() <= head + sizeof(uint64_t) || !bytes.starts_with(kMagic) ||
      bytes.compare(kMagic.size(), key.size(), key) != 0)
    return false;
  out.prefilters = bytes.substr(kMagic.size() + key.size(), patterns);
  out.database = bytes.substr(head + sizeof(uint64_t));
  uint64_t digest = 0;
  std::memcpy(&digest, bytes.data() + head, sizeof(digest));
  return digest == digest_of(key, out);
}

void write_cache(const std::string& path, const std::string& key, const CacheFile& content) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  const std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
  const uint64_t digest = digest_of(key, content);
  stream << kMagic << key << content.prefilters << '\n';
  stream.write(reinterpret_cast<const char*>(&digest), sizeof(digest));
  stream << content.database;
  stream.close();
  // A reader sees the old file or the new one, never half of it.
  if (stream.good()) fs::rename(temporary, path, ignored);
  if (!stream.good() || ignored) fs::remove(temporary, ignored);
}

/// Keeps the newest files of the cache, ours among them; a change of rules leaves the files of the old ones behind.
void prune_cache(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.path().extension() == kCacheExtension) files.emplace_back(entry.last_write_time(ignored), entry.path());
  }
  if (files.size() <= kCacheFilesMax) return;
  std::sort(files.begin(), files.end(), std::greater<>());
  for (size_t i = kCacheFilesMax; i < files.size(); ++i)
    fs::remove(files[i].second, ignored);
}

HsDatabase load_cached(const std::string& path, const std::string& key, std::vector<Pattern>& patterns) {
  CacheFile content;
  if (!read_cache(path, key, patterns.size(), content)) return nullptr;
  use_huge_pages();
  hs_database_t* database = nullptr;
  if (hs_deserialize_database(content.database.data(), content.database.size(), &database) != HS_SUCCESS)
    return nullptr;
  for (size_t i = 0; i < patterns.size(); ++i)
    patterns[i].prefilter = content.prefilters[i] == '1';
  return HsDatabase(database);
}

void store_cached(const std::string& path, const std::string& key, const std::vector<Pattern>& patterns,
                  const HsDatabase& database) {
  char* bytes = nullptr;
  size_t length = 0;
  if (hs_serialize_database(database.get(), &bytes, &length) != HS_SUCCESS) return;
  CacheFile content;
  content.database.assign(bytes, length);
  std::free(bytes);
  for (const auto& pattern : patterns)
    content.prefilters.push_back(pattern.prefilter ? '1' : '0');
  write_cache(path, key, content);
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

std::string cache_file(const std::vector<Pattern>& patterns, const std::string& directory) {
  return directory + "/" + cache_key(patterns) + std::string(kCacheExtension);
}

Result<HsDatabase> compile_database_cached(std::vector<Pattern>& patterns, const std::string& directory,
                                           PatternError& error) {
  if (directory.empty()) return compile_database(patterns, error);
  const std::string key = cache_key(patterns);
  const std::string path = cache_file(patterns, directory);
  if (HsDatabase cached = load_cached(path, key, patterns)) return cached;
  Result<HsDatabase> database = compile_database(patterns, error);
  if (database) {
    store_cached(path, key, patterns, *database);
    prune_cache(directory);
  }
  return database;
}

}  // namespace weir
