#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/input/byte_source.h"

namespace weir {

/// Undoes gzip and Zstandard, told by the first bytes whatever the file's name; all else passes as it is. A file compressed in
/// another well-known way is an error that says what to do, and so is a compressed file that is damaged or ends early, after
/// all that could be read of it.
class DecompressingSource final : public ByteSource {
 public:
  /// `name` is the file's in messages.
  DecompressingSource(std::unique_ptr<ByteSource> compressed, std::string name);
  ~DecompressingSource() override;

  Result<Chunk> read(char* to, size_t size) override;
  [[nodiscard]] uint64_t position() const override { return compressed_->position(); }
  [[nodiscard]] int descriptor() const override { return compressed_->descriptor(); }

  class Codec;

 private:
  /// Fills input_ with the next bytes; kBytes: it holds some.
  Result<Chunk> fill();
  /// Decides by the first bytes; kBytes: it is decided.
  Result<Chunk> recognise();
  Result<Chunk> pass(char* to, size_t size);
  Error error_of(std::string_view what) const;

  std::unique_ptr<ByteSource> compressed_;
  std::string name_;
  std::unique_ptr<Codec> codec_;  // null: plain
  bool recognised_ = false;
  std::string buffer_;
  std::string_view input_;  // of buffer_: not yet used
};

}  // namespace weir
