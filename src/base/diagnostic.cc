#include "base/diagnostic.h"

#include <algorithm>

namespace weir {

std::string Diagnostic::to_string() const {
  std::string text = file.empty() ? "<input>" : file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  text += severity == Severity::kError ? ": error: " : ": warning: ";
  text += message;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::kError; });
}

}  // namespace weir
