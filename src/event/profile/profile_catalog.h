#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "event/profile/profile_file.h"

namespace weir {

/// Reads one profile file; nothing if it cannot be read or has any fault, which is in `diagnostics`.
std::optional<ProfileFile> read_profile_file(const std::string& path, Diagnostics& diagnostics);

/// The profiles there are: the shipped ones, and those of a folder of the user's (its *.yaml), where one of the same name
/// takes the shipped one's place.
class ProfileCatalog {
 public:
  /// The shipped ones only.
  static const ProfileCatalog& shipped();

  /// With the files of a folder. All their faults are in `diagnostics`; a file with any is left out.
  static ProfileCatalog with_folder(const std::string& folder, Diagnostics& diagnostics) {
    return with_folders({&folder, 1}, diagnostics);
  }
  /// The same with several; of profiles of one name the last counts.
  static ProfileCatalog with_folders(std::span<const std::string> folders, Diagnostics& diagnostics);

  /// Sorted by name; valid as long as the catalog.
  [[nodiscard]] const std::vector<ProfileFile>& profiles() const { return profiles_; }
  [[nodiscard]] const ProfileFile* find(std::string_view name) const;
  /// "apache, caddy, …", for messages.
  [[nodiscard]] std::string names() const;

 private:
  void add_folder(const std::string& folder, Diagnostics& diagnostics);
  void add(ProfileFile profile);

  std::vector<ProfileFile> profiles_;
};

}  // namespace weir
