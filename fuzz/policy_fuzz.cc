#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "policy/policy.h"
#include "policy/types/value_check.h"

namespace {

std::shared_ptr<const weir::Policy> make_policy() {
  weir::PolicySpec spec;
  for (const char* path : {"/a/{x}/c", "/a/b/**", "/{y}/b/{z}", "/**"}) {
    weir::RouteSpec route;
    route.path = path;
    spec.routes.push_back(route);
  }
  spec.routes[0].host = "*.example";
  weir::Diagnostics diagnostics;
  return *weir::Policy::compile(std::move(spec), weir::SecurityLevel::kStandard, diagnostics);
}

}  // namespace

/// Bytes as a value of every type and as the path and host of a request.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<const weir::Policy> policy = make_policy();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (size_t type = 0; type < static_cast<size_t>(weir::ValueType::kCount); ++type) {
    weir::ValueForm form;
    form.type = static_cast<weir::ValueType>(type);
    form.relative = size % 2 == 0;
    const bool passes = weir::check_value(text, form).empty();
    // What a path could hide behind never passes for a name.
    if (form.type == weir::ValueType::kFilename && passes)
      WEIR_ASSERT(text.find_first_of("/\\") == std::string_view::npos && text != "..", "a path passed for a name");
  }
  weir::Event event;
  event.path = text;
  event.host = text;
  weir::RequestPath path;
  WEIR_ASSERT(policy->route_of(event, path) != 0, "the route of every path did not match");
  for (const std::string_view segment : path.segments())
    WEIR_ASSERT(!segment.empty() && segment != "..", "a path is not normalised");
  return 0;
}
