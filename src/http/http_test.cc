#include <arpa/inet.h>
#include <fcntl.h>
#include <httplib.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/catch.h"
#include "http/request_log.h"
#include "http/server.h"
#include "http/socket.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A logged request, with its own copies of the text.
struct Logged {
  std::string method;
  std::string path;
  int status = 0;
  uint64_t suppressed = 0;
  std::string failure;
};

/// A running server on a free port, and what it logged.
class Fixture {
 public:
  explicit Fixture(
      HttpOptions options = {}, std::function<std::string()> metrics = [] { return "weir_up 1\n"; }) {
    options.port = 0;
    // Where a test does not set them: callers on a busy machine are slow.
    if (options.request_timeout == HttpOptions().request_timeout) options.request_timeout = 60s;
    if (options.response_timeout == HttpOptions().response_timeout) options.response_timeout = 60s;
    HttpHandlers handlers;
    handlers.metrics = std::move(metrics);
    handlers.metrics_content_type = "text/plain; version=0.0.4";
    handlers.healthy = [this] { return Health{healthy.load(), healthy ? "ok" : "a lane stands still"}; };
    handlers.ready = [this] { return Health{ready.load(), ready ? "ready" : "no partitions yet"}; };
    server = std::make_unique<HttpServer>(options, handlers, [this](const RequestLogEntry& entry) {
      const std::lock_guard lock(mutex_);
      logged_.push_back({std::string(entry.method), std::string(entry.path), entry.status, entry.suppressed,
                         std::string(entry.failure)});
    });
    const Status started = server->start();
    REQUIRE(started);
  }

  [[nodiscard]] httplib::Client client() const {
    httplib::Client client("127.0.0.1", server->port());
    client.set_read_timeout(60s);
    return client;
  }

  /// The log once it holds `count` entries: an entry is written after the caller has its answer.
  std::vector<Logged> logged(size_t count) {
    for (const auto deadline = Clock::now() + 60s; Clock::now() < deadline; std::this_thread::sleep_for(2ms)) {
      const std::lock_guard lock(mutex_);
      if (logged_.size() >= count) return logged_;
    }
    const std::lock_guard lock(mutex_);
    return logged_;
  }

  std::atomic<bool> healthy{true};
  std::atomic<bool> ready{true};

 private:
  std::mutex mutex_;
  std::vector<Logged> logged_;

 public:
  std::unique_ptr<HttpServer> server;  // last: its threads use what stands above
};

/// A bare TCP connection, for what no HTTP client would send.
class RawConnection {
 public:
  explicit RawConnection(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }

  /// False when the other side has closed.
  bool send_text(std::string_view text) const {
    return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  /// Everything until the other side closes, or what came within `patience`.
  [[nodiscard]] std::string read_all(std::chrono::milliseconds patience = 60s) const {
    std::string text;
    const auto deadline = Clock::now() + patience;
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      pollfd poller{fd_.get(), POLLIN, 0};
      if (left.count() <= 0 || poll(&poller, 1, static_cast<int>(left.count())) <= 0) return text + "<still open>";
      char buffer[4096];
      const ssize_t got = recv(fd_.get(), buffer, sizeof buffer, 0);
      if (got < 0) return text + "<reset>";
      if (got == 0) return text;
      text.append(buffer, static_cast<size_t>(got));
    }
  }

 private:
  UniqueFd fd_;
};

std::string answer_to(const Fixture& fixture, std::string_view request) {
  const RawConnection connection(fixture.server->port());
  connection.send_text(request);
  return connection.read_all();
}

/// For bounds of time: a busy machine exceeds them in a try or two, a server that is wrong in each.
bool in_one_of_some_tries(const std::function<bool()>& trial) {
  for (int i = 0; i < 20; ++i)
    if (trial()) return true;
  return false;
}

size_t open_fds() {
  size_t count = 0;
  for (int fd = 0; fd < 1024; ++fd)
    count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("GET /metrics answers with what the handler made, in its content type") {
  const Fixture fixture;
  const auto result = fixture.client().Get("/metrics");
  REQUIRE(result);
  CHECK(result->status == 200);
  CHECK(result->body == "weir_up 1\n");
  CHECK(result->get_header_value("Content-Type") == "text/plain; version=0.0.4");
}

TEST_CASE("a query after the path is ignored, as probes with a cache buster send it") {
  const Fixture fixture;
  CHECK(fixture.client().Get("/metrics?t=1")->status == 200);
}

TEST_CASE("the probes answer 200 or 503 as their handler says") {
  Fixture fixture;
  CHECK(fixture.client().Get("/-/healthy")->status == 200);
  CHECK(fixture.client().Get("/-/ready")->status == 200);
  fixture.ready = false;
  CHECK(fixture.client().Get("/-/healthy")->status == 200);
  const auto result = fixture.client().Get("/-/ready");
  CHECK(result->status == 503);
  CHECK(result->body == "no partitions yet\n");
  fixture.healthy = false;
  CHECK(fixture.client().Get("/-/healthy")->status == 503);
}

TEST_CASE("HEAD has the length of the answer and no body") {
  const Fixture fixture;
  const std::string answer = answer_to(fixture, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.find("Content-Length: 10\r\n") != std::string::npos);
  CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("unknown paths are 404, whatever the method") {
  const Fixture fixture;
  for (const char* path : {"/", "/metrics/", "/Metrics", "/-/reload", "/%6detrics", "/../metrics", "//metrics"}) {
    INFO(path);
    CHECK(answer_to(fixture, "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 404 "));
  }
  CHECK(fixture.client().Delete("/x")->status == 404);
}

TEST_CASE("other methods on a known path are 405 and say what is allowed") {
  const Fixture fixture;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"}) {
    INFO(method);
    const std::string answer =
        answer_to(fixture, std::string(method) + " /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 405 "));
    CHECK(answer.find("Allow: GET, HEAD\r\n") != std::string::npos);
  }
}

TEST_CASE("every answer has the security headers and none names the software") {
  HttpOptions options;
  options.request_timeout = 100ms;
  const Fixture fixture(options);
  const std::string huge(20'000, 'a');
  for (const std::string& request :
       {std::string("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), std::string("GET /none HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("nonsense\r\n\r\n"), "GET /" + huge + " HTTP/1.1\r\n\r\n", std::string("GET / HTTP/1.1\r\nHal")}) {
    INFO(request.substr(0, 40));
    const std::string answer = answer_to(fixture, request);
    for (const char* header : {"X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
                               "Content-Security-Policy: default-src 'none'", "Referrer-Policy: no-referrer\r\n",
                               "Permissions-Policy: ", "Cache-Control: no-store\r\n"}) {
      INFO(header);
      CHECK(answer.find(header) != std::string::npos);
      CHECK(answer.find(header) == answer.rfind(header));
    }
    CHECK(answer.find("Server:") == std::string::npos);
    CHECK(answer.find("httplib") == std::string::npos);
  }
}

TEST_CASE("a handler that throws gives a generic 500; the details are for the log alone") {
  Fixture fixture({}, []() -> std::string { throw std::runtime_error("secret detail /etc/weir"); });
  const auto result = fixture.client().Get("/metrics");
  REQUIRE(result);
  CHECK(result->status == 500);
  CHECK(result->body == "internal server error\n");
  for (const auto& [name, value] : result->headers)
    CHECK(value.find("secret") == std::string::npos);
  const auto logged = fixture.logged(1);
  REQUIRE(logged.size() == 1);
  CHECK(logged[0].status == 500);
  CHECK(logged[0].failure == "secret detail /etc/weir");
}

TEST_CASE("a target longer than the limit is 414, also when it never ends") {
  const Fixture fixture;
  const std::string at_limit = "/metrics?" + std::string(2'048 - 9, 'a');
  CHECK(answer_to(fixture, "GET " + at_limit + " HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 200 "));
  CHECK(answer_to(fixture, "GET " + at_limit + "a HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 414 "));
  CHECK(answer_to(fixture, "GET /" + std::string(60'000, 'a')).starts_with("HTTP/1.1 414 "));
}

TEST_CASE("headers larger than the limit are 431, many small ones too") {
  const Fixture fixture;
  std::string many = "GET /metrics HTTP/1.1\r\n";
  for (int i = 0; i < 3'000; ++i)
    many += "A" + std::to_string(i) + ": b\r\n";
  CHECK(answer_to(fixture, many + "\r\n").starts_with("HTTP/1.1 431 "));
  std::string most = "GET /metrics HTTP/1.1\r\nHost: x\r\n";
  for (size_t i = 1; i < HttpOptions().headers_max; ++i)
    most += "A" + std::to_string(i) + ": b\r\n";
  CHECK(answer_to(fixture, most + "\r\n").starts_with("HTTP/1.1 200 "));
  CHECK(answer_to(fixture, most + "B: b\r\n\r\n").starts_with("HTTP/1.1 431 "));
  CHECK(answer_to(fixture, "GET /metrics HTTP/1.1\r\nA: " + std::string(60'000, 'a') + "\r\n\r\n")
            .starts_with("HTTP/1.1 431 "));
}

TEST_CASE("a declared body over the limit is 413 and is not read") {
  const Fixture fixture;
  for (const char* length : {"10485761", "99999999999999999999", "-1", "abc"}) {
    INFO(length);
    CHECK(answer_to(fixture, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::string(length) + "\r\n\r\n")
              .starts_with("HTTP/1.1 413 "));
  }
  CHECK(answer_to(fixture, "POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            .starts_with("HTTP/1.1 413 "));
}

TEST_CASE("the body of a request is never taken for a second request") {
  Fixture fixture;
  const std::string answer = answer_to(
      fixture,
      "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nGET /-/ready HTTP/1.1\r\nHost: smuggled\r\n\r\n");
  CHECK(answer.find("HTTP/1.1 ", 1) == std::string::npos);
  CHECK(fixture.logged(1).size() == 1);
}

TEST_CASE("a connection is closed after its answer") {
  const Fixture fixture;
  const std::string answer = answer_to(fixture, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  CHECK(answer.ends_with("weir_up 1\n"));
}

TEST_CASE("a caller that sends byte by byte is cut off at the deadline of the whole request") {
  HttpOptions options;
  options.request_timeout = 300ms;
  const Fixture fixture(options);
  const std::string request = "GET /metrics HTTP/1.1\r\nX: " + std::string(1'000, 'a');
  CHECK(in_one_of_some_tries([&] {
    const RawConnection slow(fixture.server->port());
    const auto begin = Clock::now();
    for (const char byte : request) {
      if (!slow.send_text({&byte, 1}) || Clock::now() - begin > 3s) break;
      std::this_thread::sleep_for(20ms);
    }
    return Clock::now() - begin < 2s;
  }));
}

TEST_CASE("slow callers on all threads delay the next one no longer than the deadline") {
  HttpOptions options;
  options.threads = 2;
  options.request_timeout = 300ms;
  const Fixture fixture(options);
  CHECK(in_one_of_some_tries([&] {
    const RawConnection slow(fixture.server->port());
    const RawConnection two(fixture.server->port());
    slow.send_text("GET /metr");
    two.send_text("GET /metr");
    const auto begin = Clock::now();
    const auto result = fixture.client().Get("/metrics");
    const auto took = Clock::now() - begin;
    CHECK(slow.read_all().starts_with("HTTP/1.1 408 "));
    return result && result->status == 200 && took < 2s;
  }));
}

TEST_CASE("more connections than threads and queue are all served in the end") {
  HttpOptions options;
  options.threads = 2;
  options.waiting_connections_max = 2;
  const Fixture fixture(options);
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 40; ++i) {
    answers.push_back(std::async(std::launch::async, [&fixture] {
      const auto result = fixture.client().Get("/metrics");
      return result ? result->status : 0;
    }));
  }
  for (auto& answer : answers)
    CHECK(answer.get() == 200);
}

TEST_CASE("a large answer arrives whole") {
  const std::string large(4 << 20, 'm');
  const Fixture fixture({}, [&large] { return large; });
  CHECK(fixture.client().Get("/metrics")->body == large);
}

TEST_CASE("a caller that does not take its answer is dropped at the deadline") {
  HttpOptions options;
  options.threads = 1;
  options.response_timeout = 200ms;
  const std::string large(64 << 20, 'm');
  const Fixture fixture(options, [&large] { return large; });
  CHECK(in_one_of_some_tries([&] {
    const RawConnection lazy(fixture.server->port());
    lazy.send_text("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto begin = Clock::now();
    const auto result = fixture.client().Get("/-/healthy");
    return result && result->status == 200 && Clock::now() - begin < 3s;
  }));
}

TEST_CASE("garbage is 400 or a closed connection, and the server goes on") {
  const Fixture fixture;
  for (const std::string& garbage :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET /metrics HTTP/9.9\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 14),
        std::string("FOO /metrics HTTP/1.1\r\n\r\n"), std::string("GET /metrics HTTP/1.1\r\nno colon\r\n\r\n"),
        std::string("GET /\0x HTTP/1.1\r\n\r\n", 20)}) {
    const std::string answer = answer_to(fixture, garbage);
    INFO(answer);
    CHECK((answer.empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 200")));
  }
  CHECK(fixture.client().Get("/metrics")->status == 200);
}

TEST_CASE("a Range does not cut an answer that is made anew each time") {
  const Fixture fixture;
  const auto result = fixture.client().Get("/metrics", {{"Range", "bytes=0-1"}});
  CHECK(result->status == 200);
  CHECK(result->body == "weir_up 1\n");
}

TEST_CASE("Expect: 100-continue is refused rather than waited for") {
  const Fixture fixture;
  CHECK(answer_to(fixture, "POST /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            .starts_with("HTTP/1.1 417 "));
}

TEST_CASE("the request log holds method, path without query, and status") {
  Fixture fixture;
  fixture.client().Get("/metrics?token=secret");
  const auto logged = fixture.logged(1);
  REQUIRE(logged.size() == 1);
  CHECK(logged[0].method == "GET");
  CHECK(logged[0].path == "/metrics");
  CHECK(logged[0].status == 200);
}

TEST_CASE("a caller cannot forge lines of the log") {
  CHECK(printable("/a\nlevel=info\x1b[2J\xff", 100) == "/a?level=info?[2J?");
  CHECK(printable(std::string(1'000, 'a'), 256).size() == 256);
}

TEST_CASE("the request log is rate limited, and says how much it left out") {
  CHECK(in_one_of_some_tries([] {
    std::vector<Logged> lines;
    RequestLog log(
        [&lines](const RequestLogEntry& entry) {
          lines.push_back({"", "", 0, entry.suppressed, std::string(entry.failure)});
        },
        3);
    const auto begin = Clock::now();
    for (int i = 0; i < 10; ++i)
      log.record({.status = 200});
    const size_t of_requests = lines.size();
    log.record({.status = 500, .failure = "a failure has a budget of its own"});
    if (Clock::now() - begin >= 1s) return false;  // the limit is one of a second
    CHECK(of_requests == 3);
    REQUIRE(lines.size() == 4);
    CHECK(lines[3].suppressed == 7);
    return true;
  }));
}

TEST_CASE("a port that is in use is refused with an error that says so") {
  const Fixture first;
  HttpOptions options;
  options.port = first.server->port();
  HttpServer second(options, {}, {});
  const Status started = second.start();
  REQUIRE_FALSE(started);
  CHECK(started.error().code == ErrorCode::kIo);
  CHECK(started.error().detail.find("127.0.0.1:" + std::to_string(options.port)) != std::string::npos);
  CHECK(started.error().detail.find("in use") != std::string::npos);
  CHECK(second.port() == 0);
}

TEST_CASE("an address that is no numeric address is refused") {
  for (const char* address : {"", "localhost", "127.0.0.1:9464", "1.2.3", "example.com"}) {
    HttpOptions options;
    options.address = address;
    options.port = 0;
    HttpServer server(options, {}, {});
    const Status started = server.start();
    INFO(address);
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("IPv6 loopback can be listened on") {
  CHECK(endpoint_text("::1", 9464) == "[::1]:9464");
  auto fd = listen_on("::1", 0);
  if (!fd) {
    WARN("no IPv6 here: " + fd.error().detail);
    return;
  }
  CHECK(local_port(fd->get()) != 0);
}

TEST_CASE("stop ends at once although callers hang, twice is harmless, and the port is free again") {
  HttpOptions options;
  options.request_timeout = 30s;
  CHECK(in_one_of_some_tries([&] {
    Fixture fixture(options);
    const uint16_t port = fixture.server->port();
    const RawConnection slow(port);
    const RawConnection two(port);
    slow.send_text("GET /metr");
    std::this_thread::sleep_for(50ms);
    const auto begin = Clock::now();
    fixture.server->stop();
    fixture.server->stop();
    const auto took = Clock::now() - begin;
    CHECK(listen_on("127.0.0.1", port));
    return took < 2s;
  }));
}

TEST_CASE("no descriptor stays open after a server, however it was used") {
  const size_t before = open_fds();
  {
    const Fixture fixture;
    for (int i = 0; i < 20; ++i)
      answer_to(fixture, i % 2 == 0 ? "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" : "x\r\n\r\n");
    const RawConnection idle(fixture.server->port());
  }
  CHECK(open_fds() == before);
}

TEST_CASE("a server that was never started can be destroyed") {
  HttpServer server({}, {}, {});
  CHECK(server.port() == 0);
}

}  // namespace weir
