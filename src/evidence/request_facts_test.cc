#include "evidence/request_facts.h"

#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"

namespace weir {

TEST_CASE("ids in a path are folded, words are not", "[evidence]") {
  const std::vector<std::pair<std::string, std::string>> paths{{"/", "/"},
                                                               {"", "/"},
                                                               {"/orders/4711/items", "/orders/*/items"},
                                                               {"/orders/12/items/", "/orders/*/items"},
                                                               {"/u/3f2a9c11e0b4", "/u/*"},
                                                               {"/api/v2/search", "/api/*/search"},
                                                               {"/a-very-long-slug-that-names-an-article", "/*"},
                                                               {"/x/<script>", "/x/*"},
                                                               {"/1/2/3/4/5/6/7/8/9/10", "/*/*/*/*/*/*/*/*"}};
  for (const auto& [path, route] : paths)
    CHECK(folded_route(path) == route);
}

TEST_CASE("the delay that an attack asks for is read from its text", "[evidence]") {
  const std::vector<std::pair<std::string, uint32_t>> texts{{"1' AND SLEEP(5) AND 'a'='a", 5'000},
                                                            {"1;select pg_sleep(10)--", 10'000},
                                                            {"x'; WAITFOR DELAY '0:0:7'--", 7'000},
                                                            {"';waitfor delay \"00:01:05\"", 65'000},
                                                            {"a||DBMS_PIPE.RECEIVE_MESSAGE('x',4)", 4'000},
                                                            {"; sleep 6", 6'000},
                                                            {"sleep(100000)", 0},
                                                            {"sleepless nights 5", 0},
                                                            {"a delay of trains", 0},
                                                            {"sleep(", 0},
                                                            {"", 0}};
  for (const auto& [text, ms] : texts) {
    CAPTURE(text);
    CHECK(delay_asked_for(text) == ms);
  }
}

}  // namespace weir
