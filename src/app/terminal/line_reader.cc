#include "app/terminal/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weir {
namespace {

constexpr size_t kBufferBytesMin = 4 << 20;
/// Read at a time: what is read stays in the processor's cache until it is judged.
constexpr size_t kReadBytes = 256 << 10;

}  // namespace

LineReader::LineReader(std::string path, size_t line_bytes_max)
    : path_(std::move(path)), line_bytes_max_(line_bytes_max) {}

LineReader::~LineReader() {
  if (file_descriptor_ > STDIN_FILENO) ::close(file_descriptor_);
}

Status LineReader::open() {
  file_descriptor_ = path_ == "-" ? STDIN_FILENO : ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_descriptor_ < 0) return fail(ErrorCode::kIo, "input", path_ + ": " + std::strerror(errno));
  struct stat facts {};
  if (::fstat(file_descriptor_, &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return fail(ErrorCode::kIo, "input", path_ + ": is a directory");
    if (S_ISREG(facts.st_mode)) bytes_total_ = static_cast<uint64_t>(facts.st_size);
  }
  buffer_.resize(std::max(kBufferBytesMin, line_bytes_max_ + 2));
  return {};
}

Status LineReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const size_t full = std::min(buffer_.size(), end_ + kReadBytes);
  while (end_ < full && !at_end_) {
    const ssize_t got = ::read(file_descriptor_, buffer_.data() + end_, full - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorCode::kIo, "input", path_ + ": " + std::strerror(errno));
    if (got == 0) at_end_ = true;
    end_ += static_cast<size_t>(got);
    // A pipe gives what it has: judge that rather than wait for a full buffer.
    if (got > 0 && bytes_total_ == 0 && std::memchr(buffer_.data(), '\n', end_) != nullptr) break;
  }
  return {};
}

Status LineReader::read(size_t lines_max, std::vector<std::string_view>& lines) {
  lines.clear();
  while (lines.size() < lines_max) {
    const char* from = buffer_.data() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_));
    if (newline == nullptr && !at_end_ && end_ - begin_ < buffer_.size()) {
      if (!lines.empty()) return {};  // the views handed out must not move
      if (auto refilled = refill(); !refilled) return refilled;
      continue;
    }
    if (newline == nullptr && begin_ == end_) return {};
    const size_t length = newline != nullptr ? static_cast<size_t>(newline - from) : end_ - begin_;
    const bool is_rest = skipping_;
    skipping_ =
        newline == nullptr && !at_end_;  // a line longer than the buffer: its rest belongs to the record handed out
    begin_ += length + (newline != nullptr ? 1 : 0);
    bytes_consumed_ += length + (newline != nullptr ? 1 : 0);
    if (is_rest) continue;
    std::string_view line(from, length);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
  }
  return {};
}

}  // namespace weir
