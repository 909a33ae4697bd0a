#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Files of one directory that keep what was computed once and can be computed again. Each may be lost at any time: one that is
/// not whole, was written for another key, or that another user could have written is as good as none. A file appears
/// complete or not at all, readable by its owner only.
class CacheStore {
 public:
  /// Beyond one of these, the files that were not used for the longest time go.
  static constexpr size_t kFilesMax = 512;
  static constexpr size_t kBytesMax = size_t{256} << 20;

  /// An empty directory is no cache: nothing is found and nothing kept.
  explicit CacheStore(std::string directory) : directory_(std::move(directory)) {}

  /// What was kept under the key, which is a text of any length that names all that the content depends on. `kind` is a short
  /// word, the file's extension. Blocks on the disk.
  [[nodiscard]] std::optional<std::string> find(std::string_view kind, std::string_view key) const;

  /// Keeps the content; where that fails (a full disk, a directory that cannot be written), the next one computes it again.
  void keep(std::string_view kind, std::string_view key, std::string_view content) const;

  /// Where a content is kept.
  [[nodiscard]] std::string file_of(std::string_view kind, std::string_view key) const;

 private:
  std::string directory_;
};

}  // namespace weir
