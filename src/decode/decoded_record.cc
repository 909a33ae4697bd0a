#include "decode/decoded_record.h"

#include <algorithm>

namespace weir {

size_t DecodedRecord::line_at(uint32_t end) const {
  const uint32_t byte = end == 0 ? 0 : end - 1;
  const auto after = std::upper_bound(lines.begin(), lines.end(), byte,
                                      [](uint32_t offset, const Line& line) { return offset < line.begin; });
  return after == lines.begin() ? 0 : static_cast<size_t>(after - lines.begin()) - 1;
}

}  // namespace weir
