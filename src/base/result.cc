#include "base/result.h"

#include <array>

namespace weir {
namespace {

/// Here and not beside the enumeration, since nearly every source reads the header and hardly any a name.
constexpr auto kErrorCodeNames = std::to_array<std::string_view>(
    {"invalid_argument", "not_found", "io", "parse", "unsupported", "limit", "kafka", "internal"});
static_assert(kErrorCodeNames.size() == static_cast<size_t>(ErrorCode::kInternal) + 1);

}  // namespace

std::string_view to_string(ErrorCode code) {
  const auto index = static_cast<size_t>(code);
  return index < kErrorCodeNames.size() ? kErrorCodeNames[index] : "unknown";
}

std::string Error::to_string() const {
  return stage.empty() ? detail : stage + ": " + detail;
}

}  // namespace weir
