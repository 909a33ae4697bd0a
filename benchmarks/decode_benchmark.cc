// Nanoseconds per record of decoding: a browser's GET, an API's POST, a wrapped attack, the worst inputs (read ns_per_byte:
// the cost must stay linear), and the records of an NDJSON file in the flat profile, if WEIR_BENCH_RECORDS names one.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "event/event_parser.h"

namespace {

constexpr std::string_view kBrowser =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 13_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36";

const std::vector<weir::Header> kBrowserHeaders = {
    {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
    {"Accept-Language", "pt-BR,pt;q=0.9"},
    {"X-Request-Id", "9e3779b97f4a7c15"}};

weir::Event browser_get() {
  weir::Event event;
  event.path = "/api/v1/products/50947";
  event.query = "category=shoes&page=3&sort=price&cursor=9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d";
  event.host = "api.example.com";
  event.user_agent = kBrowser;
  event.referer = "https://www.example.com/catalogue/l";
  event.headers = kBrowserHeaders;
  return event;
}

weir::Event api_post() {
  weir::Event event = browser_get();
  event.query = {};
  event.content_type = "application/json";
  event.body =
      R"({"name": "pearce", "city": "Lisbon", "tags": ["a", "b"], "address": {"street": "Rua do Ouro", "number": 12}, "newsletter": false})";
  return event;
}

weir::Event wrapped_attack() {
  weir::Event event = browser_get();
  event.query =
      "id=1%2527%2520UNION%252f%252a%252a%252fSELECT%2520password%2520FROM%2520users--&q=%26lt%3bscript%26gt%3b";
  return event;
}

size_t bytes_of(const weir::Event& event) {
  size_t bytes = event.path.size() + event.query.size() + event.host.size() + event.user_agent.size() +
                 event.referer.size() + event.cookie.size() + event.body.size();
  for (const auto& header : event.headers)
    bytes += header.name.size() + header.value.size();
  return bytes;
}

void run(benchmark::State& state, const std::vector<weir::Event>& events) {
  weir::Decoder decoder;
  weir::DecodedRecord record;
  size_t bytes = 0;
  size_t text_bytes = 0;
  size_t lines = 0;
  for (const auto& event : events)
    bytes += bytes_of(event);
  for (auto _ : state) {
    text_bytes = lines = 0;
    for (const auto& event : events) {
      decoder.decode(event, record);
      benchmark::DoNotOptimize(record.text.data());
      text_bytes += record.text.size();
      lines += record.lines.size();
    }
  }
  const auto records = static_cast<double>(events.size());
  const auto all = static_cast<double>(state.iterations()) * records;
  state.counters["ns_per_record"] = benchmark::Counter(all, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["ns_per_byte"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(bytes),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["text_bytes"] = static_cast<double>(text_bytes) / records;
  state.counters["lines"] = static_cast<double>(lines) / records;
}

void decode_browser_get(benchmark::State& state) {
  run(state, {browser_get()});
}
void decode_api_post(benchmark::State& state) {
  run(state, {api_post()});
}
void decode_wrapped_attack(benchmark::State& state) {
  run(state, {wrapped_attack()});
}

std::string repeated(std::string_view piece, size_t bytes) {
  std::string text;
  while (text.size() < bytes)
    text += piece;
  return text;
}

/// `bytes` of one piece over and over, as the value of a query parameter.
void decode_repeated(benchmark::State& state, std::string_view piece) {
  const std::string query = "q=" + repeated(piece, static_cast<size_t>(state.range(0)));
  weir::Event event;
  event.path = "/";
  event.query = query;
  run(state, {event});
}

void decode_body(benchmark::State& state, std::string_view start, std::string_view piece) {
  const std::string body = std::string(start) + repeated(piece, static_cast<size_t>(state.range(0)));
  weir::Event event;
  event.path = "/";
  event.body = body;
  run(state, {event});
}

/// Events whose views stay valid: every string is copied.
class Recording {
 public:
  explicit Recording(const char* path) {
    weir::InputOptions options;
    options.profile = *weir::InputProfile::built_in("flat");
    weir::EventParser parser(options);
    std::ifstream file(path);
    std::string line;
    weir::Event event;
    // Few enough to stay in the cache: in the daemon a record has just been parsed when it is decoded.
    constexpr size_t kRecordsMax = 1000;
    while (events_.size() < kRecordsMax && std::getline(file, line)) {
      if (parser.parse(line, event).ok()) events_.push_back(keep(event));
    }
  }
  [[nodiscard]] const std::vector<weir::Event>& events() const { return events_; }

 private:
  std::string_view keep(std::string_view text) {
    return text.empty() ? text : std::string_view(strings_.emplace_back(text));
  }

  weir::Event keep(weir::Event event) {
    for (std::string_view* field : {&event.path, &event.query, &event.host, &event.user_agent, &event.referer,
                                    &event.content_type, &event.cookie, &event.body}) {
      *field = keep(*field);
    }
    auto& headers = headers_.emplace_back();
    for (const auto& header : event.headers)
      headers.push_back({keep(header.name), keep(header.value)});
    event.headers = headers;
    event.response_headers = {};
    return event;
  }

  std::deque<std::string> strings_;
  std::deque<std::vector<weir::Header>> headers_;
  std::vector<weir::Event> events_;
};

void decode_recording(benchmark::State& state) {
  const char* const path = std::getenv("WEIR_BENCH_RECORDS");
  if (path == nullptr) {
    state.SkipWithError("WEIR_BENCH_RECORDS names no file");
    return;
  }
  static const Recording recording(path);
  run(state, recording.events());
}

}  // namespace

BENCHMARK(decode_browser_get);
BENCHMARK(decode_api_post);
BENCHMARK(decode_wrapped_attack);
BENCHMARK(decode_recording);
BENCHMARK_CAPTURE(decode_repeated, percent, "%25")->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(decode_repeated, entity, "&amp;amp;")->Arg(8192);
BENCHMARK_CAPTURE(decode_repeated, encoded_entity, "%26amp;amp;")->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(decode_repeated, comment, "/*")->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(decode_repeated, comments, "/**/a")->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(decode_repeated, parameters, "a&")->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(decode_repeated, overlong, "%c0%ae")->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(decode_repeated, line_breaks, "%0d%0aset-cookie")->Arg(8192)->Arg(65536);
BENCHMARK_CAPTURE(decode_body, deep_json, "", "[")->Arg(8192)->Arg(65536)->Arg(1 << 20);
BENCHMARK_CAPTURE(decode_body, wide_json, "[", "1,")->Arg(8192)->Arg(65536)->Arg(1 << 20);
BENCHMARK_CAPTURE(decode_body, quotes_json, "[\"", "\\\"")->Arg(8192)->Arg(65536)->Arg(1 << 20);
BENCHMARK_CAPTURE(decode_body, nested_json, "[", "\"{}\",\"[]\",")->Arg(8192)->Arg(65536)->Arg(1 << 20);
BENCHMARK_CAPTURE(decode_body, dashes, "--a\n", "--a-")->Arg(8192)->Arg(65536)->Arg(1 << 20);
BENCHMARK_CAPTURE(decode_body, parts, "--a\n", "content-disposition: name\n\n--a\n")
    ->Arg(8192)
    ->Arg(65536)
    ->Arg(1 << 20);
