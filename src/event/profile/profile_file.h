#pragma once

#include <string>
#include <utility>
#include <vector>

#include "event/input_profile.h"

namespace weir {

/// What an example of a profile must become.
struct ProfileExample {
  std::string text;    ///< a record, or several lines where the profile needs a line before ("#Fields:")
  int line = 0;        ///< of the file, where it stands
  size_t skipped = 0;  ///< lines that must be skipped
  /// One per request: pairs of a field's name ("client_ip", "header x-a", "flags") and its text.
  std::vector<std::vector<std::pair<std::string, std::string>>> requests;
};

/// A profile with all that its file says.
struct ProfileFile {
  InputProfile profile;
  std::string file;  ///< its path, or "profiles/NAME.yaml" of an embedded one
  std::vector<ProfileExample> examples;
};

}  // namespace weir
