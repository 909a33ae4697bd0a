#pragma once

#include <span>
#include <string_view>

namespace weir {

/// A profile file as it was when the program was built.
struct EmbeddedProfile {
  std::string_view name;  ///< of the file, without its ending
  std::string_view text;
};

/// In the order of their names. Made by cmake/EmbedProfiles.cmake from profiles/.
std::span<const EmbeddedProfile> embedded_profiles();

}  // namespace weir
