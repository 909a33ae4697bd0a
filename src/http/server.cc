#include "http/server.h"

#include <httplib.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "http/bounded_stream.h"
#include "http/request_log.h"
#include "http/socket.h"
#include "http/worker_pool.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLoggedPathBytesMax = 256;
constexpr size_t kLoggedMethodBytesMax = 16;
constexpr const char* kPlainText = "text/plain; charset=utf-8";
constexpr const char* kAllowedMethods = "GET, HEAD";

/// Sent with every answer, errors included (OWASP HTTP headers cheat sheet). There is nothing to script, frame or cache
/// here. Strict-Transport-Security is left out on purpose: RFC 6797 §7.2 forbids it over plain HTTP.
constexpr std::array<std::pair<const char*, const char*>, 7> kSecurityHeaders{{
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"X-XSS-Protection", "1; mode=block"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
    {"Cache-Control", "no-store"},
}};

/// What callers read about an error. Never more than this: details are for the log.
std::string_view generic_text(int status) {
  switch (status) {
    case 400:
      return "bad request\n";
    case 404:
      return "not found\n";
    case 405:
      return "method not allowed\n";
    case 408:
      return "request timeout\n";
    case 413:
      return "content too large\n";
    case 414:
      return "uri too long\n";
    case 417:
      return "expectation failed\n";
    case 431:
      return "request header fields too large\n";
    default:
      return status >= 500 ? "internal server error\n" : "request refused\n";
  }
}

void fail_with(httplib::Response& response, int status) {
  response.status = status;
  response.set_content(std::string(generic_text(status)), kPlainText);
}

/// The declared length of the body, if one is declared; the largest number if it is no number or chunked.
std::optional<uint64_t> declared_body(const httplib::Request& request) {
  constexpr uint64_t kUnknown = ~uint64_t{0};
  if (request.has_header("Transfer-Encoding")) return kUnknown;
  if (!request.has_header("Content-Length")) return std::nullopt;
  const std::string text = request.get_header_value("Content-Length");
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc() && end == text.data() + text.size() ? length : kUnknown;
}

/// cpp-httplib as a parser and writer only: connections, threads and deadlines are weir's own.
class Protocol final : public httplib::Server {
 public:
  /// Serves one request; `on_request` sees it before it is routed.
  void serve(BoundedStream& stream, const std::function<void(httplib::Request&)>& on_request) {
    bool closed = false;
    process_request(stream, /*close_connection=*/true, closed, on_request);
  }
};

}  // namespace

struct HttpServer::Impl {
  Impl(HttpOptions options, HttpHandlers handlers, RequestLogSink sink);

  void accept_connections();
  void serve(UniqueFd connection);
  void route(const httplib::Request& request, httplib::Response& response);
  void answer(const httplib::Request& request, httplib::Response& response);
  static void answer_probe(const Health& health, httplib::Response& response);
  void answer_failure(BoundedStream& stream) const;

  HttpOptions options;
  HttpHandlers handlers;
  RequestLog log;
  Protocol protocol;
  UniqueFd listener;
  UniqueFd stop_event;
  std::optional<WorkerPool> workers;
  std::thread acceptor;
};

HttpServer::Impl::Impl(HttpOptions options_given, HttpHandlers handlers_given, RequestLogSink sink)
    : options(std::move(options_given)),
      handlers(std::move(handlers_given)),
      log(std::move(sink), options.log_lines_per_second) {
  httplib::Headers headers;
  for (const auto& [name, value] : kSecurityHeaders)
    headers.emplace(name, value);
  protocol.set_default_headers(std::move(headers));
  protocol.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    route(request, response);
    return httplib::Server::HandlerResponse::Handled;
  });
  // Also reached by what the parser itself refuses (400, 414, 416).
  protocol.set_error_handler(httplib::Server::Handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) fail_with(response, response.status);
  }));
  protocol.set_expect_100_continue_handler([](const httplib::Request&, httplib::Response&) { return 417; });
}

void HttpServer::Impl::route(const httplib::Request& request, httplib::Response& response) {
  if (request.target.size() > options.target_bytes_max) return fail_with(response, 414);
  if (const auto body = declared_body(request); body && *body > options.body_bytes_max) return fail_with(response, 413);
  try {
    answer(request, response);
  } catch (const std::exception& error) {
    fail_with(response, 500);
    log.record({.remote_address = request.remote_addr,
                .method = request.method,
                .path = printable(request.path, kLoggedPathBytesMax),
                .status = response.status,
                .failure = error.what()});
  }
}

void HttpServer::Impl::answer(const httplib::Request& request, httplib::Response& response) {
  // The raw target, not httplib's decoded path: "/%6detrics" is no name of ours.
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
  const bool is_metrics = path == "/metrics";
  const bool is_healthy = path == "/-/healthy";
  if (!is_metrics && !is_healthy && path != "/-/ready") return fail_with(response, 404);
  if (request.method != "GET" && request.method != "HEAD") {
    response.set_header("Allow", kAllowedMethods);
    return fail_with(response, 405);
  }
  if (is_metrics) return response.set_content(handlers.metrics(), handlers.metrics_content_type);
  answer_probe(is_healthy ? handlers.healthy() : handlers.ready(), response);
}

void HttpServer::Impl::answer_probe(const Health& health, httplib::Response& response) {
  response.status = health.ok ? 200 : 503;
  response.set_content(health.detail + "\n", kPlainText);
}

/// The answer to a request that never became whole, which the parser does not give.
void HttpServer::Impl::answer_failure(BoundedStream& stream) const {
  int status = 0;
  switch (stream.failure()) {
    case BoundedStream::Failure::kTimedOut:
      status = 408;
      break;
    case BoundedStream::Failure::kTargetTooLarge:
      status = 414;
      break;
    case BoundedStream::Failure::kHeadTooLarge:
      status = 431;
      break;
    default:
      return;  // nobody listens any more
  }
  const std::string_view body = generic_text(status);
  std::string text = "HTTP/1.1 " + std::to_string(status) + " " + std::string(body.substr(0, body.size() - 1)) + "\r\n";
  for (const auto& [name, value] : kSecurityHeaders)
    text.append(name).append(": ").append(value).append("\r\n");
  text.append("Connection: close\r\nContent-Type: ").append(kPlainText);
  text.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  stream.write_after_failure(text);
}

void HttpServer::Impl::serve(UniqueFd connection) {
  const Clock::time_point begin = Clock::now();
  BoundedStream stream(connection.get(), stop_event.get(), options);
  std::string method = "-";
  std::string path = "-";
  try {
    protocol.serve(stream, [&](httplib::Request& request) {
      method = printable(request.method, kLoggedMethodBytesMax);
      path = printable(std::string_view(request.target).substr(0, request.target.find('?')), kLoggedPathBytesMax);
      request.ranges.clear();  // answers are small and made anew each time: parts of two would not fit together
    });
  } catch (const std::exception&) {
    // The parser gave up on the request (std::bad_alloc, std::regex_error). Like a malformed one: the connection closes.
  }
  if (stream.bytes_written() == 0) answer_failure(stream);
  stream.finish();
  if (stream.status_written() == 0) return;  // a connection without a request, as port checks make
  int port = 0;
  const std::string remote = remote_address(connection.get(), port);
  log.record({.remote_address = remote,
              .method = method,
              .path = path,
              .status = stream.status_written(),
              .response_bytes = stream.bytes_written(),
              .duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin)});
}

void HttpServer::Impl::accept_connections() {
  pthread_setname_np(pthread_self(), "weir-http-acc");
  std::array<pollfd, 2> pollers{pollfd{listener.get(), POLLIN, 0}, pollfd{stop_event.get(), POLLIN, 0}};
  while (true) {
    if (poll(pollers.data(), pollers.size(), -1) < 0 && errno != EINTR) return;
    if (pollers[1].revents != 0) return;
    UniqueFd connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) {
      workers->submit(std::move(connection));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      // Out of descriptors or memory: the connection stays in the backlog, so poll() would return at once for ever.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }  // else: the caller was gone before it was accepted (ECONNABORTED), or nothing is there (EAGAIN)
  }
}

HttpServer::HttpServer(HttpOptions options, HttpHandlers handlers, RequestLogSink log)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handlers), std::move(log))) {}

HttpServer::~HttpServer() {
  stop();
}

Status HttpServer::start() {
  WEIR_ASSERT(!impl_->acceptor.joinable(), "started once");
  Result<UniqueFd> listener = listen_on(impl_->options.address, impl_->options.port);
  if (!listener) return tl::unexpected(listener.error());
  UniqueFd stop_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_event.valid()) return fail(ErrorCode::kIo, "http", "cannot open an eventfd");
  impl_->listener = std::move(*listener);
  impl_->stop_event = std::move(stop_event);
  impl_->workers.emplace(impl_->options.threads, impl_->options.waiting_connections_max,
                         [impl = impl_.get()](UniqueFd connection) { impl->serve(std::move(connection)); });
  impl_->acceptor = std::thread([impl = impl_.get()] { impl->accept_connections(); });
  return {};
}

uint16_t HttpServer::port() const {
  return impl_->listener.valid() ? local_port(impl_->listener.get()) : uint16_t{0};
}

void HttpServer::stop() {
  if (!impl_->acceptor.joinable()) return;
  eventfd_write(impl_->stop_event.get(), 1);  // never read: stays readable for every thread
  impl_->workers->stop();                     // also wakes an acceptor that waits for room
  impl_->acceptor.join();
  impl_->listener.reset();
}

}  // namespace weir
