#include "http/query.h"

#include "base/catch.h"

namespace weir {

TEST_CASE("a query's parameters are read in their order, decoded", "[http]") {
  const auto parameters = parse_query("startup=true&scopes=Ip%2CRange&flag&empty=&text=a+b");
  REQUIRE(parameters);
  REQUIRE(parameters->size() == 5);
  CHECK(parameters->at(0) == std::pair<std::string, std::string>("startup", "true"));
  CHECK(parameters->at(1).second == "Ip,Range");
  CHECK(parameters->at(2) == std::pair<std::string, std::string>("flag", ""));
  CHECK(parameters->at(3).second.empty());
  CHECK(parameters->at(4).second == "a b");
  REQUIRE(parse_query(""));
  CHECK(parse_query("")->empty());
}

TEST_CASE("what could be read in two ways is no query", "[http]") {
  CHECK_FALSE(parse_query("a=1&a=2"));
  CHECK_FALSE(parse_query("=1"));
  CHECK_FALSE(parse_query("a=%"));
  CHECK_FALSE(parse_query("a=%zz"));
  CHECK_FALSE(parse_query("a=%00"));
  CHECK_FALSE(parse_query("a=%ff"));
  CHECK_FALSE(parse_query("a=%0d%0aX: y"));
  CHECK_FALSE(parse_query("a=1&&b=2"));
  std::string many = "p=0";
  for (int i = 0; i < 32; ++i)
    many += "&p" + std::to_string(i) + "=1";
  CHECK_FALSE(parse_query(many));
}

}  // namespace weir
