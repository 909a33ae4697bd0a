#include "policy/route_table.h"

#include <string>

#include "base/catch.h"

namespace weir {
namespace {

class Routes {
 public:
  Routes& add(const std::string& path, std::vector<std::string> methods = {}, const std::string& host = "") {
    const Status added = table_.add({methods, host, path});
    error_ = added ? "" : added.error().detail;
    return *this;
  }
  /// The number of the route, or -1.
  int find(std::string_view path, std::string_view method = "GET", std::string_view host = "shop.example") {
    path_.split(path);
    const uint32_t found = table_.find(method, host, path_);
    return found == RouteTable::kNone ? -1 : static_cast<int>(found);
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  RouteTable table_;
  RequestPath path_;
  std::string error_;
};

}  // namespace

TEST_CASE("a literal segment goes before {name}, and {name} before **", "[policy]") {
  Routes routes;
  routes.add("/**").add("/users/{id}").add("/users/me").add("/users/{id}/posts").add("/users/**").add("/");
  CHECK(routes.find("/users/me") == 2);
  CHECK(routes.find("/users/7") == 1);
  CHECK(routes.find("/users/7/posts") == 3);
  CHECK(routes.find("/users/7/photos") == 4);
  CHECK(routes.find("/users") == 4);
  CHECK(routes.find("/other/way") == 0);
  CHECK(routes.find("/") == 5);
}

TEST_CASE("thousands of literal segments are all found, and no other", "[policy]") {
  Routes routes;
  constexpr int kResources = 3'000;
  const auto path_of = [](int i) { return "/r" + std::to_string(i % 3) + "/resource" + std::to_string(i); };
  for (int i = 0; i < kResources; ++i)
    routes.add(path_of(i));
  int wrong = 0;
  for (int i = 0; i < kResources; ++i) {
    wrong += routes.find(path_of(i)) != i;
    wrong += routes.find("/r" + std::to_string((i + 1) % 3) + "/resource" + std::to_string(i)) != -1;
    wrong += routes.find(path_of(i + kResources)) != -1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a literal that leads nowhere does not hide a route by {name}", "[policy]") {
  Routes routes;
  routes.add("/a/b/c").add("/a/{x}/d").add("/{y}/b/e");
  CHECK(routes.find("/a/b/c") == 0);
  CHECK(routes.find("/a/b/d") == 1);
  CHECK(routes.find("/a/b/e") == 2);
  CHECK(routes.find("/a/b/f") == -1);
  CHECK(routes.find("/a/b") == -1);
  CHECK(routes.find("/a/b/c/d") == -1);
}

TEST_CASE("a named method goes before any method, and a route whose method does not fit is passed over", "[policy]") {
  Routes routes;
  routes.add("/cart", {"POST", "PUT"}).add("/cart").add("/cart/{id}", {"DELETE"}).add("/**");
  CHECK(routes.find("/cart", "POST") == 0);
  CHECK(routes.find("/cart", "PUT") == 0);
  CHECK(routes.find("/cart", "GET") == 1);
  CHECK(routes.find("/cart/7", "DELETE") == 2);
  CHECK(routes.find("/cart/7", "GET") == 3);
}

TEST_CASE("HEAD takes the route of GET unless it has one of its own", "[policy]") {
  Routes routes;
  routes.add("/a", {"GET"}).add("/b", {"GET"}).add("/b", {"HEAD"});
  CHECK(routes.find("/a", "HEAD") == 0);
  CHECK(routes.find("/b", "HEAD") == 2);
}

TEST_CASE("an exact host goes before the longest suffix, and that before any host", "[policy]") {
  Routes routes;
  routes.add("/x", {}, "shop.example").add("/x", {}, "*.example").add("/x", {}, "*.eu.example").add("/x").add("/y");
  CHECK(routes.find("/x", "GET", "shop.example") == 0);
  CHECK(routes.find("/x", "GET", "SHOP.Example.:8443") == 0);
  CHECK(routes.find("/x", "GET", "a.example") == 1);
  CHECK(routes.find("/x", "GET", "a.eu.example") == 2);
  CHECK(routes.find("/x", "GET", "a.b.eu.example") == 2);
  CHECK(routes.find("/x", "GET", "example") == 3);
  CHECK(routes.find("/x", "GET", "") == 3);
  CHECK(routes.find("/y", "GET", "shop.example") == 4);
}

TEST_CASE("spellings that servers read as the same path take the same route", "[policy]") {
  Routes routes;
  routes.add("/admin/users");
  for (const char* path :
       {"/admin/users", "/admin/users/", "//admin///users", "/./admin/./users", "/x/../admin/users", "/%61dmin/user%73",
        "/admin%2Fusers", "/admin;v=1/users;jsessionid=2", "/../admin/users", "/x/%2e%2e/admin/users"})
    CHECK(routes.find(path) == 0);
  for (const char* path :
       {"/admin", "/Admin/users", "/admin/users2", "/admin/%2561", "/admin/users/x", "/admin%zz/users"})
    CHECK(routes.find(path) == -1);
}

TEST_CASE("a path beyond the bounds can match only what is open to any rest", "[policy]") {
  Routes routes;
  routes.add("/a/**").add("/{x}");
  std::string deep = "/a";
  for (int i = 0; i < 200; ++i)
    deep += "/b";
  CHECK(routes.find(deep) == 0);
  CHECK(routes.find("/b" + deep) == -1);
  CHECK(routes.find("/%61" + std::string(20'000, 'x')) == -1);
  CHECK(routes.find("/a/%61" + std::string(20'000, 'x')) == 0);
}

TEST_CASE("many overlapping patterns are looked up in bounded time", "[policy]") {
  Routes routes;
  // Every literal has a {name} beside it on each of 16 levels: a search without a bound would try 2^16 ways for each path.
  for (int literal = 0; literal < 16; ++literal) {
    std::string path;
    for (int level = 0; level < 16; ++level)
      path += level == literal ? "/b" : "/{x}";
    routes.add(path + "/end" + std::to_string(literal));
  }
  std::string path;
  for (int level = 0; level < 16; ++level)
    path += "/b";
  CHECK(routes.find(path + "/none") == -1);
  CHECK(routes.find(path + "/end7") == 7);
}

TEST_CASE("malformed and repeated patterns are refused with the reason", "[policy]") {
  for (const char* path :
       {"", "users", "/a//b", "/a/**/b", "/a*", "/a/*/b", "/{x", "/x{y}", "/{}", "/{a}{b}", "/a%20b", "/a?b", "/.."})
    CHECK_FALSE(Routes().add(path).error().empty());
  for (const char* host : {"*", "*.", "a*.example", "a.example:80", "http://a", ".a", "a."})
    CHECK_FALSE(Routes().add("/a", {}, host).error().empty());
  CHECK_FALSE(Routes().add("/a/{x}").add("/a/{y}").error().empty());
  CHECK_FALSE(Routes().add("/a", {"GET"}).add("/a", {"POST", "GET"}).error().empty());
  CHECK(Routes().add("/a", {"GET"}).add("/a", {"POST"}).error().empty());
  CHECK(Routes().add("/a").add("/a", {}, "shop.example").error().empty());
}

}  // namespace weir
