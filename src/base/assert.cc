#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace weir {

void assertion_failed(std::string_view expression, std::string_view why, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %.*s (%.*s)\n", file, line, static_cast<int>(expression.size()),
               expression.data(), static_cast<int>(why.size()), why.data());
  std::abort();
}

}  // namespace weir
