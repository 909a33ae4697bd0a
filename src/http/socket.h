#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace weir {

/// Owns a file descriptor and closes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

/// A listening, non-blocking TCP socket on a numeric address. Never shares a port with another process: a second one
/// that wants the same port fails with kIo. kInvalidArgument for an address that is none.
Result<UniqueFd> listen_on(const std::string& address, uint16_t port);

/// The port a socket is bound to; 0 if it is not.
uint16_t local_port(int fd);

/// The numeric address of the other side; "-" if it is gone.
std::string remote_address(int fd, int& port);

/// "127.0.0.1:9464", "[::1]:9464".
std::string endpoint_text(const std::string& address, uint16_t port);

}  // namespace weir
