#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/profile/profile_catalog.h"
#include "event/profile/recognition.h"

namespace weir {

/// The lines of a configuration that read what was recognised: "profile: nginx", and its envelope.
std::vector<std::string> configuration_lines(const RecognitionCandidate& best);

/// What records look like and the configuration for them, in one sentence without a byte of theirs: "12 of 12 look like nginx
/// combined: set profile: nginx". Empty when no profile reads them.
std::string describe_form(std::span<const std::string> records, const ProfileCatalog& catalog);

}  // namespace weir
