#include "app/setup/rule_source.h"

#include <sys/stat.h>

#include <filesystem>

#include "app/setup/content_digest.h"
#include "app/setup/report.h"
#include "base/cache_store.h"
#include "pipeline/correlation_field.h"
#include "rules/loader.h"
#include "rules/rule_archive.h"

namespace weir {
namespace fs = std::filesystem;

std::vector<std::string> resolve_rule_directories(const std::vector<std::string>& configured) {
  if (!configured.empty()) return configured;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& candidate : {program / "../share/weir/rules", program / "../../rules", fs::path("rules")}) {
    if (fs::is_directory(candidate, error)) return {fs::weakly_canonical(candidate, error).string()};
  }
  return {};
}

namespace {

constexpr std::string_view kCacheKind = "rules";

/// What changes with every build and installation of the program: rules that it read say nothing about how another reads them.
std::string program_identity() {
  struct stat facts {};
  if (::stat("/proc/self/exe", &facts) != 0) return "";
  return std::to_string(facts.st_dev) + "/" + std::to_string(facts.st_ino) + "/" + std::to_string(facts.st_size) + "/" +
         std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec);
}

std::string cache_key(const std::string& program, const ContentDigest& digest) {
  return program + " " + std::to_string(digest.high) + " " + std::to_string(digest.low);
}

LoadedDocuments read_documents(const std::vector<std::string>& directories) {
  LoadedDocuments loaded;
  loaded.documents = load_rule_documents(directories, loaded.diagnostics);
  return loaded;
}

/// Reads the rules, from the cache if this program read the same files before.
LoadedDocuments read_documents_cached(const std::vector<std::string>& directories, const std::string& cache_directory) {
  const std::string program = program_identity();
  if (cache_directory.empty() || program.empty()) return read_documents(directories);
  const CacheStore cache(cache_directory);
  const ContentDigest digest = digest_of_files(directories);
  const std::string key = cache_key(program, digest);
  if (const auto bytes = cache.find(kCacheKind, key)) {
    if (auto known = unpack(*bytes)) return std::move(*known);
  }
  LoadedDocuments loaded = read_documents(directories);
  // Files that changed in between are not those of the key.
  if (!has_errors(loaded.diagnostics) && digest_of_files(directories) == digest)
    cache.keep(kCacheKind, key, pack(loaded));
  return loaded;
}

Result<std::shared_ptr<const RuleSet>> compile_rule_set(const RuleDocuments& loaded, const std::string& where,
                                                        const RuleSetOptions& options, Diagnostics& diagnostics) {
  check_correlations(loaded.correlations, diagnostics);
  Result<std::shared_ptr<const RuleSet>> compiled = fail(ErrorCode::kParse, "rules", "");
  if (!has_errors(diagnostics)) compiled = RuleSet::compile(loaded.rules, loaded.correlations, options, diagnostics);
  if (has_errors(diagnostics))
    return fail(ErrorCode::kParse, "rules", "the rule set is refused: its files have errors");
  if (compiled && loaded.rules.empty())
    return fail(ErrorCode::kNotFound, "rules", "no rule files (*.yml) below " + where);
  return compiled;
}

Error no_rules() {
  return {ErrorCode::kNotFound, "rules",
          "no rules found: give a directory with --rules or set rules.directories in the configuration"};
}

}  // namespace

Result<std::shared_ptr<const RuleSet>> load_rule_set(const std::vector<std::string>& directories,
                                                     const RuleSetOptions& options, Diagnostics& diagnostics) {
  if (directories.empty()) return tl::unexpected(no_rules());
  auto [loaded, findings] = read_documents_cached(directories, options.cache_directory);
  diagnostics.insert(diagnostics.end(), findings.begin(), findings.end());
  return compile_rule_set(loaded, directories.front(), options, diagnostics);
}

Result<std::shared_ptr<const RuleSet>> load_rule_set_over(const std::vector<std::string>& directories,
                                                          const std::vector<std::string>& over,
                                                          const RuleSetOptions& options, Diagnostics& diagnostics) {
  if (directories.empty()) return tl::unexpected(no_rules());
  const RuleDocuments loaded = load_rule_documents_over(directories, over, diagnostics);
  return compile_rule_set(loaded, over.front(), options, diagnostics);
}

Result<std::shared_ptr<const RuleSet>> load_rule_set(const std::vector<std::string>& directories,
                                                     const RuleSetOptions& options) {
  Diagnostics diagnostics;
  auto rules = load_rule_set(directories, options, diagnostics);
  print_findings(diagnostics);
  return rules;
}

}  // namespace weir
