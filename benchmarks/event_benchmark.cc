// Nanoseconds per record of the event parser: the flat profile's usual record (711 bytes), a short one, ECS nested, and
// the repair path. Read the time column.
#include <benchmark/benchmark.h>

#include <string>

#include "event/event_parser.h"

namespace {

const std::string kFlatRecord =
    R"({"ts":"2025-01-15T00:00:00.000Z","client_id":"c-25bd5f","api_key_id":"ak_2b6bee91","ip":"203.0.113.77","method":"GET",)"
    R"("scheme":"https","host":"api.example.com","path":"/api/v1/products/50947","query":"category=shoes&page=3&sort=price&cursor=9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d",)"
    R"("status":200,"duration_ms":12.5,"request_bytes":402,"response_bytes":11696,"user_agent":"Mozilla/5.0 (Macintosh; Intel )"
    R"(Mac OS X 13_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36","referer":"https://www.example.com/)"
    R"(catalogue/l","content_type":null,"headers":{"accept":"application/json","accept-language":"pt-BR,pt;q=0.9",)"
    R"("x-request-id":"0000000000000000"},"request_id":"00000000000000000c72fc4c25706436"})";

const std::string kShortRecord = R"({"ts":1736899200.123,"ip":"203.0.113.77","method":"GET","path":"/"})";

// The request of kFlatRecord as nginx logs it in its combined format.
const std::string kCombinedLine =
    R"(203.0.113.77 - c-25bd5f [15/Jan/2025:00:00:00 +0000] "GET /api/v1/products/50947?category=shoes&page=3&sort=price&)"
    R"(cursor=9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d HTTP/1.1" 200 11696 "https://www.example.com/catalogue/l" "Mozilla/5.0 )"
    R"((Macintosh; Intel Mac OS X 13_0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36")";

const std::string kEcsRecord =
    R"({"@timestamp":"2025-01-15T00:00:00.000Z","source":{"ip":"203.0.113.77"},"http":{"request":{"method":"GET","id":"r1",)"
    R"("bytes":402},"response":{"status_code":200,"bytes":11696}},"url":{"original":"https://api.example.com/a/b?c=d",)"
    R"json("domain":"api.example.com"},"event":{"duration":12500000},"user_agent":{"original":"Mozilla/5.0 (X11; Linux x86_64)"}})json";

void run(benchmark::State& state, std::string_view profile, const std::string& record) {
  weir::InputOptions options;
  options.profile = *weir::InputProfile::built_in(profile);
  weir::EventParser parser(options);
  weir::Event event;
  for (auto _ : state) {
    auto outcome = parser.parse(record, event);
    if (!outcome.ok()) state.SkipWithError(outcome.detail.c_str());
    benchmark::DoNotOptimize(event);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(record.size()));
  state.counters["record_bytes"] = static_cast<double>(record.size());
}

void parse_flat(benchmark::State& state) {
  run(state, "flat", kFlatRecord);
}
void parse_combined_text(benchmark::State& state) {
  run(state, "nginx", kCombinedLine);
}
void parse_flat_mended(benchmark::State& state) {
  auto record = kFlatRecord;
  record.replace(record.find("\"status\":200"), 12, "\"status\":   ");
  run(state, "flat", record);
}
void parse_flat_short(benchmark::State& state) {
  run(state, "flat", kShortRecord);
}
void parse_ecs_nested(benchmark::State& state) {
  run(state, "ecs", kEcsRecord);
}
void parse_flat_repaired(benchmark::State& state) {
  auto record = kFlatRecord;
  record[record.find("shoes")] = '\xff';
  run(state, "flat", record);
}

}  // namespace

BENCHMARK(parse_flat);
BENCHMARK(parse_combined_text);
BENCHMARK(parse_flat_mended);
BENCHMARK(parse_flat_short);
BENCHMARK(parse_ecs_nested);
BENCHMARK(parse_flat_repaired);
