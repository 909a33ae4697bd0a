#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/input_profile.h"
#include "event/profile/profile_catalog.h"

namespace weir {

/// A profile that was made up from lines, and the file that says the same.
struct InferredProfile {
  InputProfile profile;
  std::string file_text;  ///< YAML, with the first line as its example
};

/// What stands at each pointer to a payload of an envelope, over the lines looked at.
using PayloadTexts = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Profiles for a log whose form no profile knows: for its lines as JSON, as text, and as text out of envelopes.
std::vector<InferredProfile> infer_profiles(std::span<const std::string_view> lines, const PayloadTexts& payload_texts,
                                            const ProfileCatalog& catalog);

}  // namespace weir
