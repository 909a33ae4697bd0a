#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir {

/// Reads lines from a file or from standard input ("-") in batches, with a fixed buffer: a line longer than the buffer is
/// handed out cut, still longer than `line_bytes_max`, so that the parser refuses it as too large.
class LineReader {
 public:
  LineReader(std::string path, size_t line_bytes_max);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  Status open();

  /// Fills up to `lines_max` lines without their line ends; the views are valid until the next call. Empty at the end.
  /// Blocks on the file.
  Status read(size_t lines_max, std::vector<std::string_view>& lines);

  [[nodiscard]] uint64_t bytes_read() const { return bytes_consumed_; }
  [[nodiscard]] uint64_t bytes_total() const { return bytes_total_; }  ///< 0 when unknown (a pipe)

 private:
  Status refill();

  std::string path_;
  size_t line_bytes_max_;
  int file_descriptor_ = -1;
  std::string buffer_;
  size_t begin_ = 0, end_ = 0;  // unread bytes of buffer_
  bool at_end_ = false, skipping_ = false;
  uint64_t bytes_consumed_ = 0, bytes_total_ = 0;
};

}  // namespace weir
