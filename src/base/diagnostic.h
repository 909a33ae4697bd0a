#pragma once

#include <string>
#include <vector>

namespace weir {

/// One finding about a file a person wrote (configuration or rule): where it is, what is wrong, what to do.
struct Diagnostic {
  enum class Severity { kError, kWarning };

  Severity severity = Severity::kError;
  std::string file;
  int line = 0;    ///< from 1; 0 when the finding is about the whole file
  int column = 0;  ///< from 1; 0 when unknown
  std::string message;
  std::string hint;  ///< may be empty

  /// "file:line:column: error: message (hint)", the form editors jump to.
  [[nodiscard]] std::string to_string() const;
};

using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] bool has_errors(const Diagnostics& diagnostics);

}  // namespace weir
