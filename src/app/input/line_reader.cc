#include "app/input/line_reader.h"

#include <algorithm>
#include <cstring>

#include "app/input/decompressing_source.h"
#include "app/input/file_source.h"

namespace weir {
namespace {

constexpr size_t kBufferBytesMin = 4 << 20;
/// Read at a time: what is read stays in the processor's cache until it is judged.
constexpr size_t kReadBytes = 256 << 10;

}  // namespace

LineReader::LineReader(std::string path, size_t line_bytes_max, Reading reading)
    : path_(std::move(path)), line_bytes_max_(line_bytes_max), reading_(reading) {}

LineReader::~LineReader() = default;

Status LineReader::open() {
  auto file = std::make_unique<FileSource>(path_, reading_);
  if (auto opened = file->open(); !opened) return opened;
  bytes_total_ = file->size();
  source_ = std::make_unique<DecompressingSource>(std::move(file), path_);
  buffer_.resize(std::max(kBufferBytesMin, line_bytes_max_ + 2));
  return {};
}

/// Reads until there is a line end, the buffer is full, or nothing more comes for now.
Status LineReader::refill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const size_t full = std::min(buffer_.size(), end_ + kReadBytes);
  while (end_ < full) {
    const auto chunk = source_->read(buffer_.data() + end_, full - end_);
    if (!chunk) return tl::unexpected(chunk.error());
    waiting_ = chunk->kind == Chunk::Kind::kNothingYet;
    at_end_ = chunk->kind == Chunk::Kind::kEnd;
    if (chunk->kind == Chunk::Kind::kRestarted) restart_at_ = end_;
    if (chunk->kind != Chunk::Kind::kBytes) return {};
    const char* from = buffer_.data() + end_;
    end_ += chunk->bytes;
    // A pipe gives what it has: judge that rather than wait for a full buffer.
    if (std::memchr(from, '\n', chunk->bytes) != nullptr) return {};
  }
  return {};
}

Status LineReader::read(size_t lines_max, std::vector<std::string_view>& lines) {
  lines.clear();
  waiting_ = false;
  while (lines.size() < lines_max) {
    if (restart_at_ == begin_) {
      if (!lines.empty()) return {};  // a batch is of one file
      restart_at_.reset();
      next_line_ = 1;
      skipping_ = false;
    }
    const char* from = buffer_.data() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', limit() - begin_));
    const bool is_last = at_end_ || restart_at_;
    if (newline == nullptr && !is_last && end_ - begin_ < buffer_.size()) {
      if (!lines.empty()) return {};  // the views handed out must not move
      if (auto refilled = refill(); !refilled) return refilled;
      if (waiting_) return {};
      continue;
    }
    if (newline == nullptr && begin_ == end_) return {};
    const size_t length = newline != nullptr ? static_cast<size_t>(newline - from) : limit() - begin_;
    const bool is_rest = skipping_;
    skipping_ =
        newline == nullptr && !is_last;  // a line longer than the buffer: its rest belongs to the record handed out
    begin_ += length + (newline != nullptr ? 1 : 0);
    if (is_rest) continue;
    if (lines.empty()) first_line_ = next_line_;
    ++next_line_;
    std::string_view line(from, length);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
  }
  return {};
}

}  // namespace weir
