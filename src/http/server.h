#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "http/handlers.h"
#include "http/request_log.h"
#include "http/server_options.h"

namespace weir {

/// The HTTP endpoint: /metrics, /-/healthy, /-/ready and the admin API.
///
/// Purpose: answer scrapes and probes, and withstand callers that are slow, huge or malformed. One request per connection.
/// Owner: the composition root. Threads: `threads` workers and one that accepts; start() and stop() belong to the owner.
class HttpServer {
 public:
  HttpServer(HttpOptions options, HttpHandlers handlers, RequestLogSink log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and begins to answer. kInvalidArgument for an address that is none, kIo when the port cannot be bound. Once only.
  Status start();

  /// The port that is listened on; 0 before start().
  [[nodiscard]] uint16_t port() const;

  /// Stops accepting, drops requests still arriving and joins all threads. Waits no longer than a handler runs and a
  /// response is being taken. May be called twice.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
