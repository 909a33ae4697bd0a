#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace weir {

/// How a file is read.
enum class Reading : uint8_t {
  kToEnd,      ///< a read waits for what is to come
  kAsItComes,  ///< a read of a pipe gives what is there
  kFollowing,  ///< besides, a file's end is none: it may grow, be cut, or be replaced under its name
};

/// What a read gave.
struct Chunk {
  enum class Kind : uint8_t {
    kBytes,
    kNothingYet,  ///< more may come; see ByteSource::descriptor()
    kRestarted,   ///< what comes next begins a new file
    kEnd,
  };
  Kind kind = Kind::kEnd;
  size_t bytes = 0;  ///< kBytes: how many, at least 1
};

/// Where the bytes of a file come from. One thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Reads up to `size` bytes (at least 1) to `to`.
  virtual Result<Chunk> read(char* to, size_t size) = 0;

  /// Bytes taken of the file as it lies on the disk.
  [[nodiscard]] virtual uint64_t position() const = 0;

  /// Becomes readable when there is more after kNothingYet; -1: look again after a while.
  [[nodiscard]] virtual int descriptor() const = 0;
};

}  // namespace weir
