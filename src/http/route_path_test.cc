#include "http/route_path.h"

#include <string>

#include "base/catch.h"

namespace weir {
namespace {

TEST_CASE("a route's parameter is one segment and never empty", "[route]") {
  CHECK(match_route("/a/{id}", "/a/x") == "x");
  CHECK(match_route("/a/{id}/b", "/a/x%2Fy/b") == "x%2Fy");
  CHECK(match_route("/a", "/a") == "");
  for (const char* path : {"/a/", "/a", "/a/x/y", "/b/x", "/a//"})
    CHECK_FALSE(match_route("/a/{id}", path));
  for (const char* path : {"/a//b", "/a/b", "/a/x/b/", "/a/x/y/b"})
    CHECK_FALSE(match_route("/a/{id}/b", path));
}

TEST_CASE("a segment is decoded once and holds nothing but text", "[route]") {
  CHECK(decode_segment("2001:db8::%2F64") == "2001:db8::/64");
  CHECK(decode_segment("%2525") == "%25");
  CHECK(decode_segment("j%C3%BCrgen") == "jürgen");
  for (const char* segment : {"", "%", "%4", "%zz", "%00", "a%0Ab", "%7f", "%C2%85", "%ff", "%C3"})
    CHECK_FALSE(decode_segment(segment));
  CHECK(decode_segment(std::string(512, 'a')));
  CHECK_FALSE(decode_segment(std::string(513, 'a')));
}

}  // namespace
}  // namespace weir
