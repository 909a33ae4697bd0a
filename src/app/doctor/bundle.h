#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir {

/// Files of an archive: name and content.
using BundleFiles = std::vector<std::pair<std::string, std::string>>;

/// Writes them as a tar archive (POSIX ustar) that only its owner may read.
Status write_bundle(const std::string& file, const BundleFiles& files);

}  // namespace weir
