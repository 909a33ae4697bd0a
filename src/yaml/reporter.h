#pragma once

#include <string>
#include <utility>

#include "base/diagnostic.h"

namespace weir {

/// Collects findings about one file, each with its line. Borrows the list.
class Reporter {
 public:
  Reporter(std::string file, Diagnostics& diagnostics) : file_(std::move(file)), diagnostics_(&diagnostics) {}

  void error(int line, std::string message, std::string hint = {}) {
    ++errors_;
    add(Diagnostic::Severity::kError, line, std::move(message), std::move(hint));
  }
  void warning(int line, std::string message, std::string hint = {}) {
    add(Diagnostic::Severity::kWarning, line, std::move(message), std::move(hint));
  }

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] size_t errors() const { return errors_; }

 private:
  void add(Diagnostic::Severity severity, int line, std::string message, std::string hint) {
    diagnostics_->push_back({severity, file_, line, 0, std::move(message), std::move(hint)});
  }

  std::string file_;
  Diagnostics* diagnostics_;
  size_t errors_ = 0;
};

}  // namespace weir
