#include "http/exchange.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "base/assert.h"
#include "http/route_path.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLoggedPathBytesMax = 256;
constexpr size_t kLoggedMethodBytesMax = 16;
constexpr const char* kPlainText = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kCsrfHeader = "X-Weir-CSRF-Token";

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
constexpr std::array<std::pair<int, std::string_view>, 15> kGenericTexts{{
    {400, "bad request\n"},
    {401, "unauthorized\n"},
    {403, "forbidden\n"},
    {404, "not found\n"},
    {405, "method not allowed\n"},
    {408, "request timeout\n"},
    {411, "length required\n"},
    {413, "content too large\n"},
    {414, "uri too long\n"},
    {415, "unsupported media type\n"},
    {417, "expectation failed\n"},
    {429, "too many requests\n"},
    {431, "request header fields too large\n"},
    {503, "service unavailable\n"},
    {500, "internal server error\n"},
}};

std::string_view generic_text(int status) {
  for (const auto& [known, text] : kGenericTexts)
    if (known == status) return text;
  return status >= 500 ? "internal server error\n" : "request refused\n";
}

void fail_with(httplib::Response& response, int status) {
  response.status = status;
  response.set_content(std::string(generic_text(status)), kPlainText);
}

/// The declared length of the body, if one is declared; the largest number if it is no number or chunked.
std::optional<uint64_t> declared_body(const httplib::Request& request) {
  constexpr uint64_t kUnknown = ~uint64_t{0};
  if (request.has_header("Transfer-Encoding")) return kUnknown;
  const size_t count = request.get_header_value_count("Content-Length");
  if (count == 0) return std::nullopt;
  const std::string text = request.get_header_value("Content-Length");
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return count == 1 && error == std::errc() && end == text.data() + text.size() ? length : kUnknown;
}

/// The raw target's path, not httplib's decoded one: "/%6detrics" is no name of ours.
std::string_view path_of(const httplib::Request& request) {
  return std::string_view(request.target).substr(0, request.target.find('?'));
}

bool is_json(const httplib::Request& request) {
  const std::string type = request.get_header_value("Content-Type");
  const std::string_view essence = std::string_view(type).substr(0, type.find_first_of("; "));
  return essence == kJson && request.get_header_value_count("Content-Type") == 1;
}

bool is_plain_read(const httplib::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

/// A method that the parser does not know, and so calls malformed: a token, though (RFC 9110, 5.6.2).
bool is_other_method(const std::string& method) {
  static const std::set<std::string_view> kParsers{"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                   "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  };
  return !method.empty() && std::all_of(method.begin(), method.end(), is_letter) && !kParsers.contains(method);
}

/// Counts one call to the admin API while it lives.
class CallSlot {
 public:
  CallSlot(std::atomic<size_t>& calls, size_t calls_max) : calls_(calls), taken_(calls.fetch_add(1) < calls_max) {}
  ~CallSlot() { calls_.fetch_sub(1); }
  CallSlot(const CallSlot&) = delete;
  CallSlot& operator=(const CallSlot&) = delete;
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  std::atomic<size_t>& calls_;
  bool taken_;
};

}  // namespace

void Exchange::Protocol::serve(BoundedStream& stream, const std::function<void(httplib::Request&)>& on_request) {
  bool closed = false;
  // Since 0.17 the library wants to be told of both ends, for a part of the request that is not used here.
  const auto process = [&](auto& protocol) {
    if constexpr (requires { protocol.process_request(stream, true, closed, on_request); })
      protocol.process_request(stream, /*close_connection=*/true, closed, on_request);
    else
      protocol.process_request(stream, {}, 0, {}, 0, /*close_connection=*/true, closed, on_request);
  };
  process(*this);
}

Exchange::Exchange(HttpContext& context, UniqueFd connection, int stop_fd)
    : context_(context),
      connection_(std::move(connection)),
      stream_(connection_.get(), stop_fd, context.options),
      begin_(Clock::now()) {
  int port = 0;
  remote_address_ = remote_address(connection_.get(), port);  // a caller that has gone has none any more
}

void Exchange::run() {
  try {
    set_up();
    protocol_.serve(stream_, [this](httplib::Request& request) { begin(request); });
  } catch (const std::exception&) {
    // The parser gave up on the request (std::bad_alloc, std::regex_error). Like a malformed one: the connection closes.
  }
  if (stream_.bytes_written() == 0) answer_failure();
  stream_.finish();
  if (stream_.status_written() != 0) write_log();  // else a connection without a request, as port checks make
}

void Exchange::set_up() {
  httplib::Headers headers;
  for (const auto& [name, value] : kSecurityHeaders)
    headers.emplace(name, value);
  protocol_.set_default_headers(std::move(headers));
  protocol_.set_payload_max_length(context_.options.body_bytes_max);
  protocol_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    using Verdict = httplib::Server::HandlerResponse;
    return route(request, response) ? Verdict::Handled : Verdict::Unhandled;
  });
  // Also reached by what the parser itself refuses (400, 414, 416).
  protocol_.set_error_handler(
      httplib::Server::Handler([this](const httplib::Request& request, httplib::Response& response) {
        if (response.status == 400 && is_other_method(request.method)) refuse_method(request, response);
        if (response.body.empty()) fail_with(response, response.status);
      }));
  protocol_.set_expect_100_continue_handler([](const httplib::Request&, httplib::Response&) { return 417; });
}

/// The head has been read.
void Exchange::begin(httplib::Request& request) {
  method_ = printable(request.method, kLoggedMethodBytesMax);
  path_ = printable(path_of(request), kLoggedPathBytesMax);
  request.ranges.clear();  // answers are small and made anew each time: parts of two would not fit together
}

/// True when the answer is there; false when the body is to be read first.
bool Exchange::route(const httplib::Request& request, httplib::Response& response) {
  const auto answered = [&](int status) {
    fail_with(response, status);
    return true;
  };
  if (request.target.size() > context_.options.target_bytes_max) return answered(414);
  if (const auto body = declared_body(request); body && *body > context_.options.body_bytes_max) return answered(413);
  const std::string_view path = path_of(request);
  if (const ApiRoute* api = api_route(path)) return route_api(*api, request, response);
  if (path != "/metrics" && path != "/-/healthy" && path != "/-/ready") {
    auto decision = context_.access.admit_unknown(remote_address_, Clock::now());
    if (decision.status == 0) return answered(404);
    refuse(std::move(decision), response);
    return true;
  }
  if (!is_plain_read(request)) {
    response.set_header("Allow", "GET, HEAD");
    return answered(405);
  }
  guarded(response, [&] { answer_probe(path, request, response); });
  return true;
}

void Exchange::answer_probe(std::string_view path, const httplib::Request&, httplib::Response& response) {
  const HttpHandlers& handlers = context_.handlers;
  if (path == "/metrics") return response.set_content(handlers.metrics(), handlers.metrics_content_type);
  const Health health = path == "/-/healthy" ? handlers.healthy() : handlers.ready();
  response.status = health.ok ? 200 : 503;
  response.set_content(health.detail + "\n", kPlainText);
}

/// Runs what may throw: the caller reads no more than "internal server error".
void Exchange::guarded(httplib::Response& response, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    failure_ = error.what();
    fail_with(response, 500);
  }
}

const ApiRoute* Exchange::api_route(std::string_view path) const {
  for (const ApiRoute& route : context_.handlers.api)
    if (match_route(route.path, path)) return &route;
  return nullptr;
}

void Exchange::refuse_method(const httplib::Request& request, httplib::Response& response) {
  const ApiRoute* route = api_route(path_of(request));
  const bool is_post = route != nullptr && route->method == ApiRoute::Method::kPost;
  response.set_header("Allow", is_post ? "POST" : "GET, HEAD");
  fail_with(response, 405);
}

void Exchange::refuse(AccessDecision decision, httplib::Response& response) {
  refusal_ = decision.reason;
  if (decision.status == 429) response.set_header("Retry-After", std::to_string(decision.retry_after.count()));
  if (decision.status == 401) response.set_header("WWW-Authenticate", "Bearer");
  fail_with(response, decision.status);
}

bool Exchange::route_api(const ApiRoute& route, const httplib::Request& request, httplib::Response& response) {
  path_ = route.path;  // whose {id} somebody asks about is nothing for the log
  const bool is_post = route.method == ApiRoute::Method::kPost;
  const std::string host = request.get_header_value("Host");
  const std::string authorization = request.get_header_value("Authorization");
  const std::string api_key = request.get_header_value("X-API-Key");
  const std::string origin = request.get_header_value("Origin");
  const std::string fetch_site = request.get_header_value("Sec-Fetch-Site");
  const std::string csrf_token = request.get_header_value(kCsrfHeader);
  auto decision = context_.access.admit({.remote_address = remote_address_,
                                         .host = host,
                                         .authorization = authorization,
                                         .api_key = api_key,
                                         .origin = origin,
                                         .fetch_site = fetch_site,
                                         .csrf_token = csrf_token,
                                         .has_cookie = request.has_header("Cookie"),
                                         .changes_state = is_post},
                                        Clock::now());
  if (decision.status != 0) {
    refuse(std::move(decision), response);
    return true;
  }
  caller_ = std::move(decision.caller);
  if (is_post ? request.method != "POST" : !is_plain_read(request)) {
    response.set_header("Allow", is_post ? "POST" : "GET, HEAD");
    fail_with(response, 405);
    return true;
  }
  const bool has_query = request.target.size() != path_of(request).size();
  if ((has_query && route.query == ApiRoute::Query::kNone) || !take_id(route, request)) {
    fail_with(response, 400);
    return true;
  }
  if (!check_body(route, request, response)) return true;
  if (route.body == ApiRoute::Body::kJson) {
    stream_.allow_body(declared_body(request).value_or(0));
    const std::string pattern = route.path.find(kRouteParameter) == std::string::npos ? route.path : ".*";
    protocol_.Post(pattern, [this, &route](const httplib::Request& whole, httplib::Response& answer) {
      call_api(route, whole, answer);
    });
    return false;
  }
  call_api(route, request, response);
  return true;
}

/// False if what stands for the route's {id} is no text.
bool Exchange::take_id(const ApiRoute& route, const httplib::Request& request) {
  const auto segment = match_route(route.path, path_of(request));
  if (!segment || segment->empty()) return true;
  auto text = decode_segment(*segment);
  if (!text) return false;
  id_ = std::move(*text);
  return true;
}

/// False with the answer when the body is not what the route takes.
bool Exchange::check_body(const ApiRoute& route, const httplib::Request& request, httplib::Response& response) const {
  const auto length = declared_body(request);
  const auto refused = [&](int status) {
    fail_with(response, status);
    return false;
  };
  if (route.body == ApiRoute::Body::kNone) return length.value_or(0) == 0 || refused(413);
  if (!length) return refused(411);
  if (!is_json(request) || request.has_header("Content-Encoding")) return refused(415);
  return true;
}

void Exchange::call_api(const ApiRoute& route, const httplib::Request& request, httplib::Response& response) {
  const CallSlot slot(context_.api_calls, context_.options.api_calls_max);
  if (!slot.taken()) {
    response.set_header("Retry-After", "1");
    return fail_with(response, 503);
  }
  guarded(response, [&] {
    const auto query = std::string_view(request.target).substr(path_of(request).size());
    ApiAnswer answer = route.answer({.caller = caller_,
                                     .id = id_,
                                     .body = request.body,
                                     .query = query.substr(query.empty() ? 0 : 1),
                                     .remote_address = remote_address_});
    response.status = answer.status;
    // For a page that is to call a changing route next; a page of another site cannot read it.
    if (route.method == ApiRoute::Method::kGet) response.set_header(kCsrfHeader, context_.access.csrf_token());
    response.set_content(std::move(answer.body), kJson);
  });
}

/// The answer to a request that never became whole, which the parser does not give.
void Exchange::answer_failure() {
  int status = 0;
  switch (stream_.failure()) {
    case BoundedStream::Failure::kMalformed:
      status = 400;
      break;
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
  stream_.write_after_failure(text);
}

void Exchange::write_log() {
  if (context_.handlers.answered) context_.handlers.answered(stream_.status_written());
  context_.log.record({.remote_address = remote_address_,
                       .method = method_,
                       .path = path_,
                       .status = stream_.status_written(),
                       .response_bytes = stream_.bytes_written(),
                       .duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin_),
                       .failure = failure_,
                       .caller = caller_,
                       .refusal = refusal_});
}

}  // namespace weir
