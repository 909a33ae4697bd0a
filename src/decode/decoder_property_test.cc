// What holds for every input, tried with a seeded generator of hostile requests.
#include <time.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "base/catch.h"
#include "decode/decode_test_support.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 48> kPieces = {
    "%",
    "%2",
    "%25",
    "%27",
    "%0a",
    "%0D%0a",
    "%00",
    "%c0%ae",
    "%u003c",
    "+",
    "&",
    "&lt;",
    "&amp;",
    "&#10;",
    "&#x0000a",
    "\\u000a",
    "\\x0a",
    "\\",
    "/*",
    "*/",
    "/**/",
    "/*!5",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "=",
    ";",
    "--b",
    "\r\n",
    "\n",
    "a",
    "name=",
    " ",
    "<x>",
    "'",
    "PHNjcmlwdD5hbGVydCgxKTwv",
    "\xef\xbc\x9c",
    "\xc2\xad",
    "\xe2\x80\x8b",
    "\xff",
    "\xc0",
    "{\"a\":\"b\"}",
    "\x7f",
    "Content-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n"};

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  std::string text(size_t pieces_max) {
    std::string text;
    for (size_t pieces = number(pieces_max + 1); pieces > 0; --pieces) {
      if (number(8) == 0) {
        text.push_back(static_cast<char>(number(256)));
      } else {
        text += kPieces[number(kPieces.size())];
      }
    }
    return text;
  }

  size_t number(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }

 private:
  std::mt19937 random_;
};

/// A generated request; owns its strings.
struct Request {
  std::string path, query, host, user_agent, referer, cookie, content_type, body, header_name, header_value;
  std::vector<Header> headers;
  Event event;

  explicit Request(Generator& generator) {
    const size_t size = generator.number(20) == 0 ? 2000 : 12;
    for (std::string* field :
         {&path, &query, &host, &user_agent, &referer, &cookie, &body, &header_name, &header_value})
      *field = generator.text(size);
    constexpr std::array<std::string_view, 4> kTypes = {"", "multipart/form-data; boundary=b",
                                                        "application/x-www-form-urlencoded", "application/json"};
    content_type = kTypes[generator.number(kTypes.size())];
    constexpr std::array<std::string_view, 4> kStarts = {"", "{\"a\":", "[", "--b\r\n"};
    body.insert(0, kStarts[generator.number(kStarts.size())]);
    headers = {{header_name, header_value}};
    event.path = path;
    event.query = query;
    event.host = host;
    event.user_agent = user_agent;
    event.referer = referer;
    event.cookie = cookie;
    event.content_type = content_type;
    event.body = body;
    event.headers = headers;
    if (generator.number(2) == 0) event.set(EventFlag::kUtf8Repaired);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
};

DecodeOptions random_options(Generator& generator) {
  DecodeOptions options;
  if (generator.number(2) == 0) return options;
  options.line_bytes_max = static_cast<uint32_t>(64 + generator.number(200));
  options.record_bytes_max = static_cast<uint32_t>(64 + generator.number(2000));
  options.lines_max = static_cast<uint32_t>(1 + generator.number(30));
  options.rounds_max = static_cast<uint32_t>(1 + generator.number(5));
  options.json_depth_max = static_cast<uint32_t>(1 + generator.number(40));
  options.raw_places = static_cast<PlaceMask>(generator.number(size_t{1} << static_cast<unsigned>(Place::kCount)));
  return options;
}

std::string broken_invariant(const DecodedRecord& record, const DecodeOptions& options) {
  if (record.lines.size() > options.lines_max) return "too many lines";
  uint32_t at = 0;
  for (const Line& line : record.lines) {
    if (line.begin != at) return "a line does not start behind the one before";
    if (line.end <= line.begin || line.end >= record.text.size()) return "a line is empty or beyond the text";
    if (record.text[line.end] != '\n') return "a line does not end in a line feed";
    if (record.line_text(line).find('\n') != std::string_view::npos) return "a line feed inside a line";
    if (line.end - line.begin > options.line_bytes_max) return "a line beyond its cap";
    if (line.name_length != 0 &&
        (line.name_length >= line.end - line.begin || record.text[line.begin + line.name_length] != '='))
      return "a name without its '='";
    if (line.place >= Place::kCount) return "no such place";
    if (record.line_at(line.begin + 1) != record.line_at(line.end)) return "line_at";
    at = line.end + 1;
  }
  if (at != record.text.size()) return "text behind the last line";
  if (record.text.size() > options.record_bytes_max + record.lines.size()) return "the text is beyond its cap";
  return {};
}

TEST_CASE("lines are in order, inside the text, free of line feeds and within their caps, whatever the request") {
  Generator generator(20250115);
  for (int i = 0; i < 20000; ++i) {
    const Request request(generator);
    const DecodeOptions options = random_options(generator);
    const DecodedRecord record = testing::decode(request.event, options);
    const std::string broken = broken_invariant(record, options);
    if (!broken.empty()) {
      CAPTURE(i, broken, request.query, request.body);
      REQUIRE(broken.empty());
    }
  }
}

TEST_CASE("the same request gives the same record, whatever the decoder saw before") {
  Generator generator(7);
  Decoder used;
  DecodedRecord reused;
  for (int i = 0; i < 5000; ++i) {
    const Request request(generator);
    used.decode(request.event, reused);
    const DecodedRecord fresh = testing::decode(request.event);
    const bool same = fresh.text == reused.text && fresh.evasions == reused.evasions &&
                      fresh.lines.size() == reused.lines.size() && fresh.truncated_lines == reused.truncated_lines &&
                      fresh.dropped_lines == reused.dropped_lines;
    if (!same) {
      CAPTURE(i);
      REQUIRE(fresh.text == reused.text);
      REQUIRE(same);
    }
  }
}

TEST_CASE("what is decoded to the end does not change when it is decoded again") {
  Generator generator(99);
  DecodeOptions patient;
  patient.rounds_max = 64;
  for (int i = 0; i < 20000; ++i) {
    Event event;
    const std::string text = generator.text(10);
    event.user_agent = text;
    const DecodedRecord once = testing::decode(event, patient);
    if (once.lines.size() != 1) continue;  // empty, or kept beside its form without comments
    const std::string decoded(once.line_text(once.lines[0]));
    Event again;
    again.user_agent = decoded;
    const DecodedRecord twice = testing::decode(again, patient);
    const std::string second = twice.lines.empty() ? std::string() : std::string(twice.line_text(twice.lines.back()));
    if (second != decoded && !has(once.lines[0].steps, DecodeStep::kSqlComment)) {
      CAPTURE(i, text);
      REQUIRE(second == decoded);
    }
  }
}

/// Each way to wrap a text that a rule set must see through.
using Wrap = std::string (*)(const std::string&);

std::string wrap_each(const std::string& text, const char* format) {
  std::string out;
  std::array<char, 16> buffer{};
  for (const char c : text) {
    std::snprintf(buffer.data(), buffer.size(), format, static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += buffer.data();
  }
  return out;
}

std::string overlong(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out.push_back(static_cast<char>(0xc0 | (static_cast<unsigned char>(c) >> 6)));
    out.push_back(static_cast<char>(0x80 | (static_cast<unsigned char>(c) & 0x3f)));
  }
  return out;
}

constexpr std::array<Wrap, 9> kWraps = {[](const std::string& text) { return wrap_each(text, "%%%02x"); },
                                        [](const std::string& text) { return wrap_each(text, "%%u%04X"); },
                                        [](const std::string& text) { return wrap_each(text, "&#%u;"); },
                                        [](const std::string& text) { return wrap_each(text, "&#x%06x;"); },
                                        [](const std::string& text) { return wrap_each(text, "\\u%04x"); },
                                        [](const std::string& text) { return wrap_each(text, "\\x%02x"); },
                                        [](const std::string& text) { return wrap_each(text, "\\u{%x}"); },
                                        overlong,
                                        [](const std::string& text) { return wrap_each(text, "%%%02X%%00"); }};

/// %c0 and \\xc0 stand for bytes.
bool carries_bytes(size_t wrap) {
  return wrap == 0 || wrap == 5 || wrap == 8;
}

TEST_CASE("a text is found under each wrap and under each pair of wraps, in every place") {
  const std::string attack = "<a href='../x'>{{7}}";
  for (size_t inner = 0; inner < kWraps.size(); ++inner) {
    for (size_t outer = 0; outer <= kWraps.size(); ++outer) {
      // Overlong forms are bytes: an escape that stands for a character cannot carry them.
      if (kWraps[inner] == overlong && outer < kWraps.size() && !carries_bytes(outer)) continue;
      std::string wrapped = kWraps[inner](attack);
      if (outer < kWraps.size()) wrapped = kWraps[outer](wrapped);
      CAPTURE(inner, outer);
      Event event;
      std::string query = "q=";
      for (const char c : wrapped)
        query += c == '&' ? "%26" : c == '+' ? "%2b" : std::string(1, c);
      event.query = query;
      event.user_agent = wrapped;
      event.referer = wrapped;
      const std::string cookie = "c=" + std::string(wrapped.find(';') == std::string::npos ? wrapped : "x");
      event.cookie = cookie;
      const DecodedRecord record = testing::decode(event);
      REQUIRE(record.lines.size() == 4);
      CHECK(record.value_of(record.lines[0]) == attack);
      CHECK(record.line_text(record.lines[1]) == attack);
      CHECK(record.line_text(record.lines[2]) == attack);
      if (cookie != "c=x") CHECK(record.value_of(record.lines[3]) == attack);
    }
  }
}

/// Of this thread alone: a long run on a busy machine shares its processor with others, a short one may not.
double processor_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// The best of several runs, so that a busy machine does not fail the test.
double best_nanoseconds_per_byte(const Event& event, size_t bytes) {
  Decoder decoder;
  DecodedRecord record;
  double best = 1e9;
  for (int run = 0; run < 7; ++run) {
    const double begin = processor_nanoseconds();
    decoder.decode(event, record);
    best = std::min(best, (processor_nanoseconds() - begin) / static_cast<double>(bytes));
  }
  return best;
}

TEST_CASE("the cost grows with the input, not with its square") {
  const std::vector<std::pair<std::string, std::string>> cases = {{"", "%25"},
                                                                  {"", "&amp;"},
                                                                  {"", "/*"},
                                                                  {"", "/**/"},
                                                                  {"", "/*!"},
                                                                  {"", "*/"},
                                                                  {"", "a=b&"},
                                                                  {"", "%c0"},
                                                                  {"", "&#0"},
                                                                  {"", "&lt"},
                                                                  {"", "\\u{0"},
                                                                  {"", "%0a"},
                                                                  {"[", "["},
                                                                  {"{\"a\":", "{\"a\":"},
                                                                  {"[", "1,"},
                                                                  {"[", "\"{}\","},
                                                                  {"[\"", "\\\""},
                                                                  {"--b\r\n", "--b"},
                                                                  {"--b\r\n", "\r\n--b\r\n"},
                                                                  {"--b\r\n", "name="},
                                                                  {"--b\r\nContent-Disposition: ", "name=\""},
                                                                  {"", "\xef\xbf\xbd\x01"},
                                                                  {"[\"", "{\\\"a\\\":"}};
  for (const auto& [start, piece] : cases) {
    std::array<double, 2> cost{};
    for (size_t i = 0; i < 2; ++i) {
      const size_t bytes = i == 0 ? 16384 : 524288;
      std::string text = start;
      while (text.size() < bytes)
        text += piece;
      Event event;
      event.content_type = "multipart/form-data; boundary=b";
      event.query = text;
      event.cookie = text;
      event.body = text;
      cost[i] = best_nanoseconds_per_byte(event, 3 * bytes);
    }
    CAPTURE(start, piece, cost[0], cost[1]);
    // 32 times the input: a quadratic step would show as 32 times the cost per byte. Unoptimised and sanitized builds pass too.
    CHECK(cost[1] < 8 * cost[0] + 20);
  }
}

}  // namespace
}  // namespace weir
