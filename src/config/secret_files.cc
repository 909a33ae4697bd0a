#include "config/secret_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSecretBytesMax = 64 << 10;

Result<Secret> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kIo, "config", "cannot read the secret file " + path.string());
  std::string content(kSecretBytesMax + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) return fail(ErrorCode::kIo, "config", "cannot read the secret file " + path.string());
  if (content.size() > kSecretBytesMax)
    return fail(ErrorCode::kLimit, "config", "the secret file " + path.string() + " is longer than 64 KiB");
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r'))
    content.pop_back();
  if (content.empty())
    return fail(ErrorCode::kInvalidArgument, "config", "the secret file " + path.string() + " is empty");
  return Secret(std::move(content));
}

fs::path credentials_directory(const Environment& environment) {
  const auto variable = environment.find("CREDENTIALS_DIRECTORY");
  return variable == environment.end() ? fs::path() : fs::path(variable->second);
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

Result<Secret> read_secret_file(const std::string& name, const std::string& config_file,
                                const Environment& environment) {
  const fs::path path(name);
  if (path.is_absolute()) return read(path);
  const auto credentials = credentials_directory(environment);
  if (!credentials.empty() && is_file(credentials / path)) return read(credentials / path);
  return read(fs::path(config_file).parent_path() / path);
}

Result<Secret> read_credential(std::string_view property_path, const Environment& environment) {
  const auto credentials = credentials_directory(environment);
  if (credentials.empty() || !is_file(credentials / property_path))
    return fail(ErrorCode::kNotFound, "config", "no such credential");
  return read(credentials / property_path);
}

}  // namespace weir
