#include "decode/decoder.h"

#include <string>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

DecodedRecord decode(const Event& event, DecodeOptions options = {}) {
  Decoder decoder(options);
  DecodedRecord record;
  decoder.decode(event, record);
  return record;
}

std::vector<std::string> lines_of(const DecodedRecord& record) {
  std::vector<std::string> lines;
  for (const Line& line : record.lines)
    lines.push_back(std::string(to_string(line.place)) + ": " + std::string(record.line_text(line)));
  return lines;
}

TEST_CASE("a query gives one line per parameter, decoded") {
  Event event;
  event.path = "/a%2fb";
  event.query = "q=1%27+or+1%3d1&x=%253Cscript%253E&flag";
  CHECK(lines_of(decode(event)) ==
        std::vector<std::string>{"path: /a/b", "query: q=1' or 1=1", "query: x=<script>", "query: flag"});
}

TEST_CASE("a JSON body gives one line per leaf, named in brackets") {
  Event event;
  event.body = R"({"user":{"$ne":1,"name":"a\"b"},"ids":[7,"x"],"cut":"of)";
  CHECK(lines_of(decode(event)) == std::vector<std::string>{"json: user[$ne]=1", "json: user[name]=a\"b",
                                                            "json: ids[]=7", "json: ids[]=x", "body: \"cut\":\"of"});
}

}  // namespace
}  // namespace weir
