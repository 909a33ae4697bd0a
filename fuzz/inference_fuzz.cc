// Any lines as a log: what is made up of them is a valid profile, which its file says too, or nothing.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "event/profile/inferred_profile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLinesMax = 20;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> lines;
  while (!rest.empty() && lines.size() < kLinesMax) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
    if (!line.empty()) lines.push_back(line);
  }
  for (const auto& made_up : weir::infer_profiles(lines, {}, weir::ProfileCatalog::shipped()))
    WEIR_ASSERT(made_up.profile.validate().has_value(), "a profile that was made up is not valid");
  return 0;
}
