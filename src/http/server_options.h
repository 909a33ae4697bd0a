#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "http/access_control.h"

namespace weir {

/// Bounds of the HTTP endpoint. Each is a limit against a caller that is broken or hostile; none is a tuning knob.
struct HttpOptions {
  std::string address = "127.0.0.1";  ///< a numeric IPv4 or IPv6 address
  uint16_t port = 9464;               ///< 0: one that the kernel chooses, see HttpServer::port()
  size_t threads = 4;
  size_t api_calls_max = 2;  ///< at once; further ones are 503. Below `threads`, so that probes are always answered
  size_t waiting_connections_max = 16;  ///< accepted, waiting for a thread; beyond them the listen backlog fills
  size_t target_bytes_max = 2'048;      ///< of the request target; longer: 414
  size_t head_bytes_max = 16'384;       ///< request line and headers together; longer: 431
  size_t headers_max = 100;  ///< more: 431. Newer versions of the library take no more, without an answer that says so
  size_t body_bytes_max = 10U << 20;                   ///< of a declared body; longer: 413
  std::chrono::milliseconds request_timeout{5'000};    ///< for the whole request to arrive; longer: 408
  std::chrono::milliseconds response_timeout{10'000};  ///< for the caller to take the whole response
  uint32_t log_lines_per_second = 10;  ///< beyond them requests are counted and reported with the next line
  AccessOptions access;                ///< who may use the admin API
};

}  // namespace weir
