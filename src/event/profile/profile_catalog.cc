#include "event/profile/profile_catalog.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/assert.h"
#include "event/profile/embedded_profiles.h"
#include "event/profile/profile_reader.h"

namespace weir {
namespace {

constexpr size_t kFilesMax = 1'000;
constexpr size_t kFileBytesMax = 1 << 20;

ProfileFile read_embedded(const EmbeddedProfile& embedded) {
  Diagnostics diagnostics;
  auto profile =
      read_profile(std::string(embedded.text), "profiles/" + std::string(embedded.name) + ".yaml", diagnostics);
  WEIR_ASSERT(profile.has_value(), diagnostics.empty() ? "a shipped profile" : diagnostics.front().to_string().c_str());
  WEIR_ASSERT(profile->profile.name == embedded.name, "a profile's file has its name");
  return std::move(*profile);
}

}  // namespace

std::optional<ProfileFile> read_profile_file(const std::string& path, Diagnostics& diagnostics) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in && text.size() <= kFileBytesMax) return read_profile(text, path, diagnostics);
  diagnostics.push_back({Diagnostic::Severity::kError, path, 0, 0, "cannot be read, or is larger than 1 MiB",
                         "a profile is a YAML file"});
  return std::nullopt;
}

const ProfileCatalog& ProfileCatalog::shipped() {
  static const ProfileCatalog kShipped = [] {
    ProfileCatalog catalog;
    for (const EmbeddedProfile& embedded_profile : embedded_profiles())
      catalog.add(read_embedded(embedded_profile));
    return catalog;
  }();
  return kShipped;
}

ProfileCatalog ProfileCatalog::with_folders(std::span<const std::string> folders, Diagnostics& diagnostics) {
  ProfileCatalog catalog = shipped();
  for (const std::string& folder : folders)
    catalog.add_folder(folder, diagnostics);
  return catalog;
}

void ProfileCatalog::add_folder(const std::string& folder, Diagnostics& diagnostics) {
  const auto refuse = [&](const std::string& file, std::string message) {
    diagnostics.push_back({Diagnostic::Severity::kError, file, 0, 0, std::move(message), {}});
  };
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    if (files.size() > kFilesMax) break;
  }
  if (error) refuse(folder, "cannot be read: " + error.message());
  if (files.size() > kFilesMax) refuse(folder, "more than 1000 profiles");
  std::sort(files.begin(), files.end());
  for (const auto& file : files)
    if (auto profile = read_profile_file(file.string(), diagnostics)) add(std::move(*profile));
}

void ProfileCatalog::add(ProfileFile profile) {
  const auto at =
      std::lower_bound(profiles_.begin(), profiles_.end(), profile.profile.name,
                       [](const ProfileFile& file, const std::string& name) { return file.profile.name < name; });
  if (at != profiles_.end() && at->profile.name == profile.profile.name) {
    *at = std::move(profile);
  } else {
    profiles_.insert(at, std::move(profile));
  }
}

const ProfileFile* ProfileCatalog::find(std::string_view name) const {
  for (const ProfileFile& profile : profiles_)
    if (profile.profile.name == name) return &profile;
  return nullptr;
}

std::string ProfileCatalog::names() const {
  std::string names;
  for (const ProfileFile& profile : profiles_)
    names += (names.empty() ? "" : ", ") + profile.profile.name;
  return names;
}

// Only the one that is asked for: a program that needs one profile does not read all of them.
std::optional<InputProfile> InputProfile::built_in(std::string_view name) {
  for (const EmbeddedProfile& embedded_profile : embedded_profiles())
    if (embedded_profile.name == name) return read_embedded(embedded_profile).profile;
  return std::nullopt;
}

std::vector<std::string> InputProfile::built_in_names() {
  std::vector<std::string> names;
  for (const EmbeddedProfile& embedded_profile : embedded_profiles())
    names.emplace_back(embedded_profile.name);
  std::sort(names.begin(), names.end());  // files are in the order of their names with the ending
  return names;
}

}  // namespace weir
