#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <string>

#include "http/access_control.h"
#include "http/bounded_stream.h"
#include "http/handlers.h"
#include "http/request_log.h"
#include "http/server_options.h"
#include "http/socket.h"

namespace weir {

/// What all connections of a server share; it outlives them. All members may be used by several threads.
struct HttpContext {
  HttpOptions options;
  HttpHandlers handlers;
  RequestLog log;
  AccessControl access;
  std::atomic<size_t> api_calls{0};  ///< being answered
};

/// One connection: a request is read, judged, answered and logged. cpp-httplib serves as parser and writer only: connections,
/// threads and deadlines are weir's own. Owned by the worker thread that serves it.
class Exchange {
 public:
  Exchange(HttpContext& context, UniqueFd connection, int stop_fd);

  /// Does it all. Takes no longer than the deadlines in HttpOptions and the handler. Does not throw.
  void run();

 private:
  /// Gives access to the one function of the library that serves a single request.
  class Protocol final : public httplib::Server {
   public:
    void serve(BoundedStream& stream, const std::function<void(httplib::Request&)>& on_request);
  };

  void set_up();
  void begin(httplib::Request& request);
  bool route(const httplib::Request& request, httplib::Response& response);
  void answer_probe(std::string_view path, const httplib::Request& request, httplib::Response& response);
  bool route_api(const ApiRoute& route, const httplib::Request& request, httplib::Response& response);
  bool check_body(const ApiRoute& route, const httplib::Request& request, httplib::Response& response) const;
  void call_api(const ApiRoute& route, const httplib::Request& request, httplib::Response& response);
  bool take_id(const ApiRoute& route, const httplib::Request& request);
  void refuse_method(const httplib::Request& request, httplib::Response& response);
  void refuse(AccessDecision decision, httplib::Response& response);
  [[nodiscard]] const ApiRoute* api_route(std::string_view path) const;
  void guarded(httplib::Response& response, const std::function<void()>& work);
  void answer_failure();
  void write_log();

  HttpContext& context_;
  UniqueFd connection_;
  BoundedStream stream_;
  Protocol protocol_;
  std::chrono::steady_clock::time_point begin_;
  std::string remote_address_;
  std::string method_ = "-";
  std::string path_ = "-";
  std::string caller_;
  std::string id_;  // the route's {id}
  std::string refusal_;
  std::string failure_;
};

}  // namespace weir
