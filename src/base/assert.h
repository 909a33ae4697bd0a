#pragma once

#include <string_view>

namespace weir {

/// Prints where and why to standard error and aborts. Never returns.
[[noreturn]] void assertion_failed(std::string_view expression, std::string_view why, const char* file, int line);

}  // namespace weir

/// An assertion that stays on in production: a broken invariant stops the process rather than corrupting results.
/// It is for bugs; bad input gets an error value instead.
#define WEIR_ASSERT(condition, why)                                  \
  do {                                                               \
    if (!(condition)) [[unlikely]]                                   \
      ::weir::assertion_failed(#condition, why, __FILE__, __LINE__); \
  } while (false)
