#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "http/head_check.h"
#include "http/server_options.h"

namespace weir {

/// What an HTTP parser reads from and writes to: a connection with a deadline for the whole request, a limit of its size and
/// a deadline for the whole response. (A time-out per read, as most servers have, lets a caller that sends a byte now and
/// then hold a thread for ever.)
///
/// Owned by the worker thread that serves the connection. Once it has failed, nothing more is written.
class BoundedStream final : public httplib::Stream {
 public:
  enum class Failure {
    kNone,
    kClosed,          ///< by the caller, before the request was whole
    kTimedOut,        ///< while part of a request was there
    kTargetTooLarge,  ///< no end of the request line within head_bytes_max
    kHeadTooLarge,    ///< no end of the headers within head_bytes_max, or more of them than headers_max
    kMalformed,       ///< a head that must be refused (HeadCheck)
    kStopped,         ///< the server is being stopped
  };

  /// Neither descriptor is owned. `stop_fd` becomes readable when the server stops.
  BoundedStream(int socket_fd, int stop_fd, const HttpOptions& options);

  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] bool is_writable() const override;
  ssize_t read(char* data, size_t bytes) override;
  using httplib::Stream::write;
  ssize_t write(const char* data, size_t bytes) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return socket_fd_; }

  [[nodiscard]] Failure failure() const { return failure_; }
  [[nodiscard]] size_t bytes_written() const { return bytes_written_; }
  /// From the status line that was written; 0 if none was.
  [[nodiscard]] int status_written() const;

  /// The head has been read, and a body of this length follows that is wanted. The deadline of the request stays.
  void allow_body(size_t bytes) { bytes_max_ += bytes; }

  /// Writes a response although the request failed.
  void write_after_failure(std::string_view response);

  /// Says that no more will be written and takes what the caller still sends, for a moment: closing a socket with unread
  /// bytes would reset the connection, and the caller might lose the response.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  /// Waits for `events`. False at the deadline or, when reading, at the stop of the server; failure_ says which.
  bool wait_for(short events, Clock::time_point deadline);
  bool fill_buffer();
  ssize_t send_all(std::string_view data);

  int socket_fd_;
  int stop_fd_;
  size_t bytes_max_;  // of the head, and of the body once it is allowed
  size_t headers_max_;
  std::chrono::milliseconds response_timeout_;
  Clock::time_point request_deadline_;
  Clock::time_point response_deadline_{};
  std::array<char, 2'048> buffer_;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
  size_t buffer_begin_ = 0;
  size_t buffer_end_ = 0;
  size_t bytes_read_ = 0;
  size_t bytes_written_ = 0;
  bool line_ended_ = false;
  HeadCheck head_check_;
  std::string status_line_;
  Failure failure_ = Failure::kNone;
};

}  // namespace weir
