#include "event/profile/recognition.h"

#include "base/catch.h"

using namespace weir;

namespace {

std::string recognised(const std::vector<std::string_view>& lines) {
  const auto recognition = recognise_format(lines, InputOptions{}, ProfileCatalog::shipped());
  const auto* best = recognition.best();
  return best == nullptr ? "none" : describe(*best) + ", " + std::to_string(best->lines_read);
}

const std::string kNginx =
    R"({"time_iso8601":"2025-01-15T10:20:30Z","remote_addr":"203.0.113.9","request_method":"GET","request_uri":"/a?b=c","status":"200","http_user_agent":"curl/8"})";
constexpr std::string_view kCombined =
    R"(203.0.113.9 - - [15/Jan/2025:10:20:30 +0000] "GET /a?b=c HTTP/1.1" 200 3 "-" "curl/8")";

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

TEST_CASE("the form of a log is recognised from its lines") {
  CHECK(recognised({kCombined, kCombined}) == "nginx combined, 2");
  CHECK(recognised({kNginx}) == "nginx, 1");
  CHECK(recognised({R"({"ts":1736936430,"ip":"203.0.113.9","method":"GET","path":"/a"})"}) == "flat, 1");
  CHECK(recognised({"", "what is this", "and this"}) == "none");
  CHECK(recognised({}) == "none");
}

TEST_CASE("envelopes of shippers are recognised too") {
  CHECK(recognised({R"({"@timestamp":"x","message":)" + json_text(kCombined) + R"(,"host":{"name":"web1"}})"}) ==
        "nginx combined, unwrapped from /message, 1");
  CHECK(recognised({R"({"log":)" + json_text(kNginx) + R"(,"stream":"stdout"})"}) == "nginx, unwrapped from /log, 1");
  CHECK(recognised({R"({"records":[)" + kNginx + "," + kNginx + "]}"}) == "nginx, split at /records, 1");
  CHECK(recognised({R"({"logEvents":[{"id":"1","message":)" + json_text(kCombined) + "}]}"}) ==
        "nginx combined, split at /logEvents, unwrapped from /message, 1");
}

TEST_CASE("an envelope within an envelope is recognised") {
  const std::string docker = R"({"log":)" + json_text(kCombined) + R"(,"stream":"stdout"})";
  CHECK(recognised({R"({"message":)" + json_text(docker) + "}"}) ==
        "nginx combined, unwrapped from /message and /log, 1");
}

TEST_CASE("most lines decide, not the first") {
  std::vector<std::string_view> lines(20, kCombined);
  lines[0] = kNginx;
  lines[1] = "garbage";
  CHECK(recognised(lines) == "nginx combined, 19");
}
