#pragma once

#include <string>
#include <utility>

#include "base/diagnostic.h"
#include "yaml/yaml_node.h"

namespace weir {

/// Where a value was written: a file, or an environment variable (then without a position).
struct Origin {
  std::string source;
  FilePosition position;
};

/// Collects what is wrong with values. Borrows the list.
class Findings {
 public:
  explicit Findings(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void error(const Origin& at, std::string message, std::string hint = {}) {
    add(Diagnostic::Severity::kError, at, message, hint);
  }
  void warning(const Origin& at, std::string message, std::string hint = {}) {
    add(Diagnostic::Severity::kWarning, at, message, hint);
  }

  /// For readers of files of their own.
  Diagnostics& diagnostics() { return diagnostics_; }

 private:
  void add(Diagnostic::Severity severity, const Origin& at, std::string& message, std::string& hint) {
    diagnostics_.push_back(
        {severity, at.source, at.position.line, at.position.column, std::move(message), std::move(hint)});
  }

  Diagnostics& diagnostics_;
};

}  // namespace weir
