#include "http/bounded_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "http/socket.h"

namespace weir {
namespace {

constexpr std::string_view kVersionPrefix = "HTTP/1.1 ";
constexpr size_t kStatusLineBytes = kVersionPrefix.size() + 3;
constexpr std::chrono::milliseconds kLingerTime{250};
constexpr size_t kLingerBytesMax = 256 << 10;

}  // namespace

BoundedStream::BoundedStream(int socket_fd, int stop_fd, const HttpOptions& options)
    : socket_fd_(socket_fd),
      stop_fd_(stop_fd),
      bytes_max_(options.head_bytes_max),
      headers_max_(options.headers_max),
      response_timeout_(options.response_timeout),
      request_deadline_(Clock::now() + options.request_timeout) {}

bool BoundedStream::is_readable() const {
  if (buffer_begin_ < buffer_end_) return true;
  pollfd poller{socket_fd_, POLLIN, 0};
  return poll(&poller, 1, 0) > 0;
}

bool BoundedStream::is_writable() const {
  pollfd poller{socket_fd_, POLLOUT, 0};
  return poll(&poller, 1, 0) > 0;
}

bool BoundedStream::wait_for(short events, Clock::time_point deadline) {
  // A response is still sent while the server stops; its own deadline bounds it.
  const nfds_t watched = events == POLLIN ? 2 : 1;
  std::array<pollfd, 2> pollers{pollfd{socket_fd_, events, 0}, pollfd{stop_fd_, POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const int ready = left.count() <= 0 ? 0 : poll(pollers.data(), watched, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      failure_ = Failure::kTimedOut;
      return false;
    }
    if (watched == 2 && pollers[1].revents != 0) {
      failure_ = Failure::kStopped;
      return false;
    }
    return true;
  }
}

bool BoundedStream::fill_buffer() {
  while (wait_for(POLLIN, request_deadline_)) {
    const ssize_t got = recv(socket_fd_, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
      buffer_begin_ = 0;
      buffer_end_ = static_cast<size_t>(got);
      return true;
    }
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    failure_ = Failure::kClosed;
    return false;
  }
  return false;
}

ssize_t BoundedStream::read(char* data, size_t bytes) {
  if (failure_ != Failure::kNone) return -1;
  if (bytes_read_ >= bytes_max_) {
    failure_ = line_ended_ ? Failure::kHeadTooLarge : Failure::kTargetTooLarge;
    return -1;
  }
  if (buffer_begin_ == buffer_end_ && !fill_buffer()) return -1;
  const size_t taken = std::min({bytes, buffer_end_ - buffer_begin_, bytes_max_ - bytes_read_});
  std::memcpy(data, buffer_.data() + buffer_begin_, taken);
  if (!head_check_.accept({data, taken})) {
    failure_ = Failure::kMalformed;
    return -1;
  }
  if (head_check_.headers() > headers_max_) {
    failure_ = Failure::kHeadTooLarge;
    return -1;
  }
  line_ended_ = line_ended_ || std::memchr(data, '\n', taken) != nullptr;
  buffer_begin_ += taken;
  bytes_read_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t BoundedStream::write(const char* data, size_t bytes) {
  if (failure_ != Failure::kNone) return -1;
  return send_all({data, bytes});
}

ssize_t BoundedStream::send_all(std::string_view data) {
  if (bytes_written_ == 0) response_deadline_ = Clock::now() + response_timeout_;
  if (status_line_.size() < kStatusLineBytes) status_line_ += data.substr(0, kStatusLineBytes - status_line_.size());
  const auto whole = static_cast<ssize_t>(data.size());
  while (!data.empty()) {
    if (!wait_for(POLLOUT, response_deadline_)) return -1;
    const ssize_t sent = send(socket_fd_, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) {
      failure_ = Failure::kClosed;
      return -1;
    }
    data.remove_prefix(static_cast<size_t>(sent));
    bytes_written_ += static_cast<size_t>(sent);
  }
  return whole;
}

void BoundedStream::write_after_failure(std::string_view response) {
  send_all(response);
}

void BoundedStream::finish() {
  if (shutdown(socket_fd_, SHUT_WR) != 0) return;
  const Clock::time_point deadline = Clock::now() + kLingerTime;
  size_t taken = 0;
  while (taken < kLingerBytesMax && wait_for(POLLIN, deadline)) {
    const ssize_t got = recv(socket_fd_, buffer_.data(), buffer_.size(), 0);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return;
    if (got > 0) taken += static_cast<size_t>(got);
  }
}

int BoundedStream::status_written() const {
  if (status_line_.size() < kStatusLineBytes || !status_line_.starts_with(kVersionPrefix)) return 0;
  int status = 0;
  std::from_chars(status_line_.data() + kVersionPrefix.size(), status_line_.data() + status_line_.size(), status);
  return status;
}

void BoundedStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = remote_address(socket_fd_, port);
}

void BoundedStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();  // nothing here asks for it
  port = local_port(socket_fd_);
}

}  // namespace weir
