#pragma once

#include <sys/types.h>

#include <string>

#include "app/input/byte_source.h"

namespace weir {

/// A file, or standard input ("-"), as it lies there.
class FileSource final : public ByteSource {
 public:
  FileSource(std::string path, Reading reading);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  /// An error names the file and what is wrong with it.
  Status open();

  Result<Chunk> read(char* to, size_t size) override;
  [[nodiscard]] uint64_t position() const override { return position_; }
  [[nodiscard]] int descriptor() const override { return is_regular_ ? -1 : descriptor_; }

  /// The size of a regular file when it was opened; else 0.
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  /// At the end of a file that is followed: has it been cut, or does another stand under its name?
  Result<Chunk> follow();
  void take(int descriptor);
  Error error_of(int code) const;

  std::string path_;
  Reading reading_;
  int descriptor_ = -1;
  bool is_regular_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  uint64_t size_ = 0, position_ = 0;
};

}  // namespace weir
