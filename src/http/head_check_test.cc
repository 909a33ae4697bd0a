#include "http/head_check.h"

#include <string>

#include "base/catch.h"

namespace weir {
namespace {

/// In one piece, and byte by byte.
bool accepts(const std::string& head) {
  HeadCheck whole, bytes;
  bool each = true;
  for (const char c : head)
    each = bytes.accept(std::string_view(&c, 1)) && each;
  const bool at_once = whole.accept(head);
  CHECK(at_once == each);
  return at_once;
}

}  // namespace

TEST_CASE("a plain head is accepted, whatever the body holds") {
  CHECK(accepts("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(accepts("GET / HTTP/1.1\r\nhOST: a\r\nX-Empty:\r\nX: a:b \t c\r\n\r\nbody \r with \x01 anything\r\nHost: b"));
  CHECK(accepts("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(accepts("GET / HTTP/1.0\r\n\r\n"));
  CHECK(accepts("GET / HTTP/1.1\nHost: a\n\n"));
  CHECK(accepts("GET / HTTP/1.1\r\nHost: a\r\nX-Host: b\r\nHosts: c\r\nHos: d\r\n\r\n"));
}

TEST_CASE("a head that two programs could read differently is refused") {
  for (const char* head :
       {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n"}) {
    CAPTURE(head);
    CHECK_FALSE(accepts(head));
  }
  CHECK_FALSE(accepts(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 30)));
}

}  // namespace weir
