#include "app/setup/user_cache.h"

#include <cstdlib>

namespace weir {
namespace {

/// An absolute path out of the environment; others are to be ignored.
std::string path_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && value[0] == '/' ? value : "";
}

}  // namespace

std::string user_cache_directory() {
  if (const std::string cache = path_of("XDG_CACHE_HOME"); !cache.empty()) return cache + "/weir";
  if (const std::string home = path_of("HOME"); !home.empty()) return home + "/.cache/weir";
  return "";
}

}  // namespace weir
