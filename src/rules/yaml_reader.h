#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/diagnostic.h"

namespace weir {

/// Collects findings about one file; every reader below reports through it, so each finding has a file and a line.
class Reporter {
 public:
  Reporter(std::string file, Diagnostics& diagnostics) : file_(std::move(file)), diagnostics_(&diagnostics) {}

  void error(int line, std::string message, std::string hint = {}) {
    add(Diagnostic::Severity::kError, line, std::move(message), std::move(hint));
  }
  void warning(int line, std::string message, std::string hint = {}) {
    add(Diagnostic::Severity::kWarning, line, std::move(message), std::move(hint));
  }

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] size_t errors() const { return errors_; }

 private:
  void add(Diagnostic::Severity severity, int line, std::string message, std::string hint);

  std::string file_;
  Diagnostics* diagnostics_;
  size_t errors_ = 0;
};

/// The line (from 1) a node starts on; `fallback` when yaml-cpp does not know (an empty value).
int line_of(const YAML::Node& node, int fallback = 0);

/// Every document of the text, or none and an error. Refuses what yaml-cpp lets pass: a key that stands twice in a map, keys
/// that are no plain text, nodes beyond a limit (aliases can multiply them). Never throws.
std::vector<YAML::Node> read_yaml_documents(const std::string& yaml, Reporter& report);

/// The keys and values of a map, in the order of the file.
std::vector<std::pair<YAML::Node, YAML::Node>> entries_of(const YAML::Node& map);

/// True for a scalar that YAML reads as null: empty, "~" or "null", unquoted.
bool is_null(const YAML::Node& node);
/// True for a scalar written in quotes or as a block: always text, whatever it looks like.
bool is_quoted(const YAML::Node& node);

}  // namespace weir
