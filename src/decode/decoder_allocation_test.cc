// Decoding must not allocate once its buffers have grown.
#include <string>
#include <vector>

#include "base/catch.h"
#include "base/counted_allocations.h"
#include "decode/decoder.h"

#ifdef WEIR_COUNTS_ALLOCATIONS
namespace weir {
namespace {

TEST_CASE("decoding does not allocate in steady state, whatever the kind of record") {
  const std::vector<Header> headers = {
      {"Accept", "*/*"}, {"X-Id", "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d"}, {"X-Odd", "%3Cscript%3E"}};
  std::vector<Event> events(4);
  for (Event& event : events) {
    event.path = "/a%2fb/**/c";
    event.user_agent =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    event.headers = headers;
  }
  const std::string multipart = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.png\"\r\n\r\n" +
                                std::string(500, '\x01') + "readable run\r\n--b--";
  events[0].query = "q=%2527+or+1&filter=%7B%22a%22%3A%5B1%2C2%5D%7D&d=PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg%3D%3D";
  events[1].body =
      R"({"user":{"name":"a \"quoted\" and quite long name","more":"{\"inner\":\"[1,2,3]\"}"},"ids":[1,2,3]})";
  events[2].body = "a=1&b=x/*hidden*/y";
  events[3].content_type = "multipart/form-data; boundary=b";
  events[3].body = multipart;
  Decoder decoder;
  DecodedRecord record;
  for (const Event& event : events)
    decoder.decode(event, record);
  const size_t before = testing::allocations;
  for (int round = 0; round < 100; ++round) {
    for (const Event& event : events)
      decoder.decode(event, record);
  }
  const size_t after = testing::allocations;
  CHECK(after == before);
}

}  // namespace
}  // namespace weir

#endif
