#include "http/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/ip_address.h"

namespace weir {
namespace {

constexpr int kListenBacklog = 64;

/// A socket address with its true length. The kernel's type-punned structures stay inside this file.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& ip, bool as_v4, uint16_t port) {
  SocketAddress address;
  if (as_v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.bytes().data() + 12, 4);
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.bytes = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.bytes().data(), 16);
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.bytes = sizeof v6;
  }
  return address;
}

auto io_error(const std::string& what) {
  return fail(ErrorCode::kIo, "http", what + ": " + std::generic_category().message(errno));
}

}  // namespace

std::string endpoint_text(const std::string& address, uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

Result<UniqueFd> listen_on(const std::string& address, uint16_t port) {
  const std::optional<IpAddress> ip = IpAddress::parse(address);
  if (!ip) {
    return fail(ErrorCode::kInvalidArgument, "http",
                "cannot listen on '" + address +
                    "': not a numeric IP address (names are not resolved; use 127.0.0.1, ::1, 0.0.0.0 or ::)");
  }
  const std::string endpoint = endpoint_text(address, port);
  const bool as_v4 = address.find(':') == std::string::npos;
  UniqueFd fd(socket(as_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return io_error("cannot open a socket for " + endpoint);
  // SO_REUSEADDR so that a restart need not wait for TIME_WAIT; not SO_REUSEPORT, with which two processes would share the
  // port and each scrape would see one of them at random.
  const int on = 1;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return io_error("cannot set up " + endpoint);
  const SocketAddress where = socket_address(*ip, as_v4, port);
  if (bind(fd.get(), where.get(), where.bytes) != 0 || listen(fd.get(), kListenBacklog) != 0) {
    const int reason = errno;
    if (reason == EADDRINUSE) {
      return fail(ErrorCode::kIo, "http",
                  "cannot listen on " + endpoint + ": the port is in use (another weir? choose another http.port)");
    }
    errno = reason;
    return io_error("cannot listen on " + endpoint);
  }
  return fd;
}

uint16_t local_port(int fd) {
  SocketAddress address;
  address.bytes = sizeof address.storage;
  if (getsockname(fd, address.get(), &address.bytes) != 0) return 0;
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    return ntohs(v4.sin_port);
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address.storage, sizeof v6);
  return ntohs(v6.sin6_port);
}

std::string remote_address(int fd, int& port) {
  SocketAddress address;
  address.bytes = sizeof address.storage;
  port = 0;
  if (getpeername(fd, address.get(), &address.bytes) != 0) return "-";
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    port = ntohs(v4.sin_port);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.storage, sizeof v6);
    port = ntohs(v6.sin6_port);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

}  // namespace weir
