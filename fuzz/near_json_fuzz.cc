// Any bytes as nearly JSON: what comes of it is bounded, and what claims to be mended is JSON.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/utf8.h"
#include "event/json/near_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kDepthMax = 32;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string mended;
  const auto result = weir::mend_near_json(text, kDepthMax, mended);
  WEIR_ASSERT(mended.size() <= 6 * size + 64, "longer than promised");
  if (result.outcome != weir::NearJson::Outcome::kMended) return 0;
  std::string repaired;
  weir::append_valid_utf8(mended, repaired);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto error = parser.parse(repaired).get(root);
  // Halves of surrogate pairs are left to the reader, which repairs them beforehand.
  WEIR_ASSERT(error == simdjson::SUCCESS || error == simdjson::STRING_ERROR, "mended, and no JSON");
  return 0;
}
