#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace weir {

/// Storage for the short texts of one batch: copies stay where they are until clear(), which keeps the memory.
class Arena {
 public:
  /// Copies the bytes; the view is valid until clear().
  std::string_view copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    char* to = reserve(bytes.size());
    std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }

  /// Copies the bytes with every `from` replaced by `to`.
  std::string_view copy_with(std::string_view bytes, char from, char to) {
    if (bytes.empty()) return {};
    char* at = reserve(bytes.size());
    std::replace_copy(bytes.begin(), bytes.end(), at, from, to);
    return {at, bytes.size()};
  }

  void clear() {
    // After an unusually large batch only the first block is kept.
    if (blocks_.size() > 1) blocks_.resize(1);
    used_ = 0;
  }

 private:
  static constexpr size_t kBlockBytes = 64 * 1024;

  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  char* reserve(size_t size) {
    if (blocks_.empty() || used_ + size > blocks_.back().size) {
      const size_t block_size = std::max(size, kBlockBytes);
      blocks_.push_back({std::make_unique_for_overwrite<char[]>(block_size), block_size});
      used_ = 0;
    }
    char* at = blocks_.back().bytes.get() + used_;
    used_ += size;
    return at;
  }

  std::vector<Block> blocks_;
  size_t used_ = 0;  // of the last block
};

}  // namespace weir
