#include "http/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "http/exchange.h"
#include "http/socket.h"
#include "http/worker_pool.h"

namespace weir {

struct HttpServer::Impl {
  Impl(const HttpOptions& options, HttpHandlers handlers, RequestLogSink sink)
      : context{options, std::move(handlers), RequestLog(std::move(sink), options.log_lines_per_second),
                AccessControl(options.access)} {}

  void accept_connections();

  HttpContext context;
  UniqueFd listener;
  UniqueFd stop_event;
  std::optional<WorkerPool> workers;
  std::thread acceptor;
};

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
  const HttpOptions& options = impl_->context.options;
  Result<UniqueFd> listener = listen_on(options.address, options.port);
  if (!listener) return tl::unexpected(listener.error());
  UniqueFd stop_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_event.valid()) return fail(ErrorCode::kIo, "http", "cannot open an eventfd");
  impl_->listener = std::move(*listener);
  impl_->stop_event = std::move(stop_event);
  impl_->workers.emplace(options.threads, options.waiting_connections_max, [impl = impl_.get()](UniqueFd connection) {
    Exchange(impl->context, std::move(connection), impl->stop_event.get()).run();
  });
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
