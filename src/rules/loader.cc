#include "rules/loader.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "rules/correlation_links.h"
#include "rules/correlation_reader.h"
#include "rules/rule_filter.h"
#include "rules/rule_reader.h"
#include "yaml/yaml_reader.h"

namespace weir {
namespace {

constexpr uintmax_t kFileBytesMax = 4U << 20U;
constexpr size_t kFilesMax = 20'000;
constexpr YamlForm kRuleForm{.what = "a rule", .depth_max = 64, .nodes_max = 200'000};

void add_error(Diagnostics& diagnostics, std::string file, std::string message) {
  diagnostics.push_back({Diagnostic::Severity::kError, std::move(file), 0, 0, std::move(message), {}});
}

/// Editors' lock files, version control, and the directories that configuration management keeps beside what is in force.
bool is_hidden(const std::filesystem::path& path) {
  return path.filename().string().starts_with('.');
}

}  // namespace

std::vector<std::string> rule_files(const std::string& path, Diagnostics& diagnostics) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> files;
  if (!fs::exists(path, error)) {
    add_error(diagnostics, path, "no such file or directory");
    return files;
  }
  if (!fs::is_directory(path, error)) return {path};
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator() && files.size() < kFilesMax; entry.increment(error)) {
    const fs::path& file = entry->path();
    std::error_code status_error;
    if (is_hidden(file)) {
      entry.disable_recursion_pending();
      continue;
    }
    if ((file.extension() == ".yml" || file.extension() == ".yaml") && entry->is_regular_file(status_error))
      files.push_back(file.string());
  }
  if (error) add_error(diagnostics, path, "cannot be read: " + error.message());
  if (files.size() >= kFilesMax) add_error(diagnostics, path, "more than 20000 rule files");
  std::sort(files.begin(), files.end());
  return files;
}

namespace {

/// What the files hold: filters reach over files, so they are applied when all are read.
struct Documents {
  std::vector<Rule> rules;
  std::vector<RuleFilter> filters;
  std::vector<Correlation> correlations;
};

void read_documents(const std::string& yaml, const std::string& file, Documents& out, Diagnostics& diagnostics) {
  Reporter report(file, diagnostics);
  for (const auto& document : read_yaml_documents(yaml, file, diagnostics, kRuleForm)) {
    if (document.is_null()) continue;
    if (!document.is_map()) {
      report.error(document.position.line, "a rule must be a map");
    } else if (document.find("filter") != nullptr) {
      if (auto filter = read_filter(document, report)) out.filters.push_back(std::move(*filter));
    } else if (document.find("correlation") != nullptr) {
      if (auto correlation = read_correlation(document, report)) out.correlations.push_back(std::move(*correlation));
    } else if (auto rule = read_rule(document, report)) {
      out.rules.push_back(std::move(*rule));
    }
  }
}

void read_file(const std::string& file, Documents& out, Diagnostics& diagnostics) {
  std::error_code error;
  const uintmax_t bytes = std::filesystem::file_size(file, error);
  if (!error && bytes > kFileBytesMax) {
    add_error(diagnostics, file, "larger than 4 MiB");
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  if (error || !stream.is_open() || stream.bad()) {
    add_error(diagnostics, file, "cannot be read");
    return;
  }
  read_documents(text.str(), file, out, diagnostics);
}

/// An id names one rule for ever: alerts and exclusions refer to it.
void refuse_duplicate_ids(std::vector<Rule>& rules, Diagnostics& diagnostics) {
  std::map<std::string, const Rule*, std::less<>> seen;
  for (const auto& rule : rules) {
    const auto [entry, inserted] = seen.emplace(rule.id, &rule);
    if (inserted) continue;
    diagnostics.push_back(
        {Diagnostic::Severity::kError,
         rule.file,
         rule.line,
         0,
         "the id " + rule.id + " is taken by " + entry->second->file + ":" + std::to_string(entry->second->line),
         {}});
  }
}

}  // namespace

namespace {

RuleDocuments linked(Documents documents, Diagnostics& diagnostics) {
  apply_filters(documents.filters, documents.rules, diagnostics);
  // References to what has errors of its own would only hide these.
  if (!has_errors(diagnostics)) link_correlations(documents.correlations, documents.rules, diagnostics);
  return {std::move(documents.rules), std::move(documents.correlations)};
}

}  // namespace

RuleDocuments parse_rule_documents(const std::string& yaml, const std::string& file, Diagnostics& diagnostics) {
  Documents documents;
  read_documents(yaml, file, documents, diagnostics);
  return linked(std::move(documents), diagnostics);
}

namespace {

Documents read_paths(const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  Documents documents;
  for (const auto& path : paths)
    for (const auto& file : rule_files(path, diagnostics))
      read_file(file, documents, diagnostics);
  refuse_duplicate_ids(documents.rules, diagnostics);
  return documents;
}

/// What is laid over takes the place of what has its id, so that the order of the rest stays.
template <typename T>
void lay_over(std::vector<T>& base, std::vector<T> over) {
  for (T& item : over) {
    const auto same = std::find_if(base.begin(), base.end(), [&](const T& other) { return other.id == item.id; });
    if (same == base.end())
      base.push_back(std::move(item));
    else
      *same = std::move(item);
  }
}

}  // namespace

RuleDocuments load_rule_documents_over(const std::vector<std::string>& paths, const std::vector<std::string>& over,
                                       Diagnostics& diagnostics) {
  Documents documents = read_paths(paths, diagnostics);
  Documents upper = read_paths(over, diagnostics);
  lay_over(documents.rules, std::move(upper.rules));
  lay_over(documents.correlations, std::move(upper.correlations));
  for (RuleFilter& filter : upper.filters)
    documents.filters.push_back(std::move(filter));
  return linked(std::move(documents), diagnostics);
}

RuleDocuments load_rule_documents_with(const std::vector<std::string>& paths, const std::string& yaml,
                                       const std::string& file, Diagnostics& diagnostics) {
  Documents documents = read_paths(paths, diagnostics);
  read_documents(yaml, file, documents, diagnostics);
  return linked(std::move(documents), diagnostics);
}

RuleDocuments load_rule_documents(const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  Documents documents = read_paths(paths, diagnostics);
  return linked(std::move(documents), diagnostics);
}

std::vector<Rule> parse_rules(const std::string& yaml, const std::string& file, Diagnostics& diagnostics) {
  return parse_rule_documents(yaml, file, diagnostics).rules;
}

std::vector<Rule> load_rules(const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  return load_rule_documents(paths, diagnostics).rules;
}

}  // namespace weir
