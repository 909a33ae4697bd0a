#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "event/directive/directive.h"

namespace weir {

/// A server's log directive as a command line gives it: "nginx=<text>", or "nginx=<file>" with the text in it.
struct DirectiveArgument {
  std::string text;  ///< of --format; empty for none
  std::string file;  ///< of --format-file; empty for none

  [[nodiscard]] bool given() const { return !text.empty() || !file.empty(); }
};

/// The directive, compiled. The error says what is wrong with the argument, the file, or the directive and where in it.
Result<Directive> compile_argument(const DirectiveArgument& argument);

/// The same; its warnings go to standard error.
Result<InputProfile> profile_of_argument(const DirectiveArgument& argument);

}  // namespace weir
