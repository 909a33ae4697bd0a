#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace weir {

/// How a source reads the records of a sample.
struct SampleFit {
  size_t records = 0;                      ///< looked at; empty lines are none
  size_t fitting = 0;                      ///< that held a request, or a line that the profile skips
  size_t requests = 0;                     ///< in them
  std::string refusal;                     ///< why the first of the others was not read
  std::vector<ProfileFieldIndex> missing;  ///< what detection needs, or the configuration maps, and no request had

  [[nodiscard]] bool is_good() const { return records > 0 && 2 * fitting >= records; }
};

/// Reads the records as the daemon would read those of the source.
SampleFit fit_sample(std::span<const std::string_view> records, const SourceConfig& source);

}  // namespace weir
