#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/input/byte_source.h"
#include "base/result.h"

namespace weir {

/// Reads lines from a file or from standard input ("-") in batches, with a fixed buffer: a line longer than the buffer is
/// handed out cut, still longer than `line_bytes_max`, so that the parser refuses it as too large. gzip and Zstandard are
/// undone, told by the content.
class LineReader {
 public:
  LineReader(std::string path, size_t line_bytes_max, Reading reading = Reading::kToEnd);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  Status open();

  /// Fills up to `lines_max` lines without their line ends; the views are valid until the next call. Empty at the end, or when
  /// is_waiting(). With Reading::kToEnd it blocks on the file.
  Status read(size_t lines_max, std::vector<std::string_view>& lines);

  /// The last read gave no line because none has come yet.
  [[nodiscard]] bool is_waiting() const { return waiting_; }
  /// Becomes readable when there is more; -1: look again after a while.
  [[nodiscard]] int descriptor() const { return source_->descriptor(); }

  /// The number of the last read's first line, from 1, in the file that it stands in.
  [[nodiscard]] int64_t first_line() const { return first_line_; }

  [[nodiscard]] uint64_t bytes_read() const { return source_ ? source_->position() : 0; }  ///< of the file as it lies
  [[nodiscard]] uint64_t bytes_total() const { return bytes_total_; }                      ///< 0 when unknown (a pipe)

 private:
  Status refill();
  /// The end of what is to be read before the next refill or restart.
  [[nodiscard]] size_t limit() const { return restart_at_.value_or(end_); }

  std::string path_;
  size_t line_bytes_max_;
  Reading reading_;
  std::unique_ptr<ByteSource> source_;
  std::string buffer_;
  size_t begin_ = 0, end_ = 0;        // unread bytes of buffer_
  std::optional<size_t> restart_at_;  // where in buffer_ the next file begins
  int64_t first_line_ = 1, next_line_ = 1;
  bool at_end_ = false, skipping_ = false, waiting_ = false;
  uint64_t bytes_total_ = 0;
};

}  // namespace weir
