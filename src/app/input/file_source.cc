#include "app/input/file_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weir {
namespace {

bool has_bytes(int descriptor) {
  pollfd wanted{descriptor, POLLIN, 0};
  return ::poll(&wanted, 1, 0) != 0;  // an error shows in the read
}

}  // namespace

FileSource::FileSource(std::string path, Reading reading) : path_(std::move(path)), reading_(reading) {}

FileSource::~FileSource() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

Error FileSource::error_of(int code) const {
  return {ErrorCode::kIo, "input", path_ + ": " + std::strerror(code)};
}

void FileSource::take(int descriptor) {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
  descriptor_ = descriptor;
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return;
  is_regular_ = S_ISREG(facts.st_mode);
  size_ = is_regular_ ? static_cast<uint64_t>(facts.st_size) : 0;
  device_ = facts.st_dev;
  inode_ = facts.st_ino;
  position_ = 0;
}

Status FileSource::open() {
  const int descriptor = path_ == "-" ? STDIN_FILENO : ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected(error_of(errno));
  take(descriptor);
  struct stat facts {};
  if (::fstat(descriptor, &facts) == 0 && S_ISDIR(facts.st_mode)) return tl::unexpected(error_of(EISDIR));
  return {};
}

Result<Chunk> FileSource::read(char* to, size_t size) {
  if (reading_ != Reading::kToEnd && !is_regular_ && !has_bytes(descriptor_)) return Chunk{Chunk::Kind::kNothingYet};
  while (true) {
    const ssize_t got = ::read(descriptor_, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(error_of(errno));
    if (got == 0) return reading_ == Reading::kFollowing && is_regular_ ? follow() : Chunk{Chunk::Kind::kEnd};
    position_ += static_cast<uint64_t>(got);
    return Chunk{Chunk::Kind::kBytes, static_cast<size_t>(got)};
  }
}

Result<Chunk> FileSource::follow() {
  struct stat facts {};
  // Between the renaming of the old file and the making of the new one there is none.
  if (::stat(path_.c_str(), &facts) != 0) return Chunk{Chunk::Kind::kNothingYet};
  if (facts.st_dev == device_ && facts.st_ino == inode_) {
    if (static_cast<uint64_t>(facts.st_size) >= position_) return Chunk{Chunk::Kind::kNothingYet};
    if (::lseek(descriptor_, 0, SEEK_SET) != 0) return tl::unexpected(error_of(errno));
    position_ = 0;
    return Chunk{Chunk::Kind::kRestarted};
  }
  // A server writes to the old file until it is told to open the new one: as long as that is empty, the old one is read.
  if (facts.st_size == 0) return Chunk{Chunk::Kind::kNothingYet};
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Chunk{Chunk::Kind::kNothingYet};
  take(descriptor);
  return Chunk{Chunk::Kind::kRestarted};
}

}  // namespace weir
