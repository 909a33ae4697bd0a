#pragma once

#include <optional>
#include <string>

#include "base/diagnostic.h"
#include "event/profile/profile_file.h"

namespace weir {

/// Reads a profile file strictly: every key is known, every value is checked, and all faults are reported at once, with
/// their lines. Nothing if there was any. The format is described in docs/profiles.md.
std::optional<ProfileFile> read_profile(const std::string& yaml, const std::string& file, Diagnostics& diagnostics);

/// "user.name" where it may stand: as a dotted key, nested, and mixed, since shippers nest some prefixes and leave others
/// dotted. A key that begins with a slash is a JSON pointer and stands for itself.
void append_pointers(std::string_view key, std::vector<std::string>& pointers);

}  // namespace weir
