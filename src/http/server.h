#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
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
  size_t body_bytes_max = 10U << 20;    ///< of a declared body; longer: 413
  std::chrono::milliseconds request_timeout{5'000};    ///< for the whole request to arrive; longer: 408
  std::chrono::milliseconds response_timeout{10'000};  ///< for the caller to take the whole response
  uint32_t log_lines_per_second = 10;  ///< beyond them requests are counted and reported with the next line
  AccessOptions access;                ///< who may use the admin API
};

/// One call to the admin API that has passed all layers. Views are valid during the call only.
struct ApiCall {
  std::string_view caller;  ///< the name of its API key, or "loopback"
  std::string_view body;
};
struct ApiAnswer {
  int status = 200;
  std::string body;  ///< JSON
};

/// One path of the admin API. It takes no query; a POST is a change of state and must not come from another site's page.
struct ApiRoute {
  enum class Method { kGet, kPost };
  enum class Body { kNone, kJson };

  Method method = Method::kGet;
  std::string path;
  Body body = Body::kNone;
  std::function<ApiAnswer(const ApiCall&)> answer;
};

/// What the probes answer with: 200 or 503, and one line of text that says why.
struct Health {
  bool ok = false;
  std::string detail;  ///< for whoever may read the port: no secrets, no paths, no internals
};

/// Where the answers come from. Called in the server's threads, several at once. An exception becomes a generic 500.
struct HttpHandlers {
  std::function<std::string()> metrics;
  std::string metrics_content_type;
  std::function<Health()> healthy;  ///< /-/healthy: the process should not be restarted
  std::function<Health()> ready;    ///< /-/ready: the process does its work
  std::vector<ApiRoute> api;
};

/// One request that was answered, for the request log. Views are valid during the call only.
struct RequestLogEntry {
  std::string_view remote_address{};
  std::string_view method{};
  std::string_view
      path{};  ///< without the query, which may hold a secret; control characters replaced; cut to 256 bytes
  int status = 0;
  size_t response_bytes = 0;
  std::chrono::microseconds duration{0};
  uint64_t suppressed = 0;     ///< requests not logged since the last entry, for want of budget
  std::string_view failure{};  ///< what a handler threw, for the log only; empty otherwise
  std::string_view caller{};   ///< of a call to the admin API: its key's name, or "loopback"
  std::string_view refusal{};  ///< why access was refused, for the log only; empty otherwise
};
using RequestLogSink = std::function<void(const RequestLogEntry&)>;

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
