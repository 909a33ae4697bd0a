#include "app/doctor/bundle.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace weir {
namespace {

constexpr size_t kBlockBytes = 512;

/// Fields of the header, by their offsets.
constexpr size_t kMode = 100, kOwner = 108, kGroup = 116, kSize = 124, kTime = 136, kSum = 148, kType = 156,
                 kMagic = 257;

void put_octal(std::array<char, kBlockBytes>& header, size_t at, size_t digits, uint64_t number) {
  std::snprintf(header.data() + at, digits + 1, "%0*llo", static_cast<int>(digits),
                static_cast<unsigned long long>(number));
}

std::string header_of(const std::string& name, size_t bytes) {
  std::array<char, kBlockBytes> header{};
  name.copy(header.data(), kMode - 1);
  put_octal(header, kMode, 7, 0600);
  put_octal(header, kOwner, 7, 0);
  put_octal(header, kGroup, 7, 0);
  put_octal(header, kSize, 11, bytes);
  put_octal(header, kTime, 11, static_cast<uint64_t>(std::time(nullptr)));
  header[kType] = '0';
  std::memcpy(header.data() + kMagic, "ustar\00000", 8);
  std::fill_n(header.data() + kSum, 8, ' ');
  uint64_t sum = 0;
  for (const char c : header)
    sum += static_cast<unsigned char>(c);
  put_octal(header, kSum, 6, sum);
  return std::string(header.data(), header.size());
}

}  // namespace

Status write_bundle(const std::string& file, const BundleFiles& files) {
  std::string archive;
  for (const auto& [name, content] : files) {
    archive += header_of(name, content.size()) + content;
    archive.append((kBlockBytes - content.size() % kBlockBytes) % kBlockBytes, '\0');
  }
  archive.append(2 * kBlockBytes, '\0');
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto refused = [&] {
    return fail(ErrorCode::kIo, "doctor", "cannot write " + file + ": " + std::strerror(errno));
  };
  if (descriptor < 0) return refused();
  size_t written = 0;
  while (written < archive.size()) {
    const ssize_t some = ::write(descriptor, archive.data() + written, archive.size() - written);
    if (some < 0 && errno == EINTR) continue;
    if (some <= 0) {
      Status status = refused();
      ::close(descriptor);
      return status;
    }
    written += static_cast<size_t>(some);
  }
  if (::close(descriptor) != 0) return refused();
  return {};
}

}  // namespace weir
