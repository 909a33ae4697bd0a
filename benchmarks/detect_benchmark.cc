// Nanoseconds per record of matching (decoding excluded) with the repository's rules, or those of the directory that
// WEIR_BENCH_RULES names: a browser's GET, a request with an attack, the worst texts (read ns_per_byte), and the records of
// an NDJSON file in the flat profile, if WEIR_BENCH_RECORDS names one.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "detect/match/matcher.h"
#include "event/event_parser.h"
#include "rules/loader.h"

namespace {

const std::string kBrowserRecord =
    R"({"ts":"2025-01-15T00:00:00.000Z","client_id":"c-25bd5f","ip":"203.0.113.77","method":"GET","scheme":"https",)"
    R"("host":"api.example.com","path":"/api/v1/products/50947","query":"category=shoes&page=3&sort=price&cursor=9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d",)"
    R"("status":200,"duration_ms":12.5,"user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 13_0) AppleWebKit/537.36 (KHTML, like Gecko) )"
    R"(Chrome/124.0 Safari/537.36","referer":"https://www.example.com/catalogue/l","headers":{"accept":"application/json",)"
    R"("accept-language":"pt-BR,pt;q=0.9","x-request-id":"0000000000000000"}})";

const std::string kAttackRecord =
    R"({"ts":"2025-01-15T00:00:00.000Z","ip":"203.0.113.77","method":"GET","path":"/item","host":"api.example.com",)"
    R"("query":"id=7%27%20UNION%20SELECT%20name%2Cpin%20FROM%20staff--%20-&note=%3Cscript%3Eprompt(1)%3C%2Fscript%3E&f=..%2F..%2Fetc%2Fpasswd",)"
    R"("user_agent":"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/126.0"})";

const char* environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

std::shared_ptr<const weir::RuleSet> rule_set(weir::SecurityLevel level) {
  static std::shared_ptr<const weir::RuleSet> sets[3];
  auto& set = sets[static_cast<size_t>(level)];
  if (set) return set;
  weir::Diagnostics diagnostics;
  weir::RuleSetOptions options;
  options.security_level = level;
  const auto rules = weir::load_rules({environment("WEIR_BENCH_RULES", WEIR_SOURCE_DIR "/rules")}, diagnostics);
  auto compiled = weir::RuleSet::compile(rules, options, diagnostics);
  if (compiled) set = *compiled;
  return set;
}

/// Records parsed and decoded; events borrow from their parser, so each has one.
struct Sample {
  std::deque<weir::EventParser> parsers;
  std::vector<weir::Event> events;
  std::vector<weir::DecodedRecord> decoded;
  size_t bytes = 0;

  void add(const std::string& record, weir::PlaceMask raw_places) {
    weir::InputOptions input;
    input.profile = *weir::InputProfile::built_in("flat");
    weir::DecodeOptions options;
    options.raw_places = raw_places;
    parsers.emplace_back(input);
    weir::Event event;
    if (!parsers.back().parse(record, event).ok()) return parsers.pop_back();
    weir::DecodedRecord line;
    weir::Decoder(options).decode(event, line);
    bytes += line.text.size();
    events.push_back(event);
    decoded.push_back(std::move(line));
  }
};

void run(benchmark::State& state, const std::vector<std::string>& records, weir::SecurityLevel level) {
  const auto rules = rule_set(level);
  if (!rules) return state.SkipWithError("the rules do not compile");
  auto matcher = weir::Matcher::create(rules);
  if (!matcher) return state.SkipWithError("no scratch space");
  Sample sample;
  for (const auto& record : records)
    sample.add(record, rules->raw_places());
  if (sample.events.empty()) return state.SkipWithError("no records");
  weir::Detection detection;
  size_t hits = 0;
  for (auto _ : state) {
    hits = 0;
    for (size_t i = 0; i < sample.events.size(); ++i) {
      matcher->match(sample.events[i], sample.decoded[i], detection);
      hits += detection.hits.size();
      if (detection.scan_failed) state.SkipWithError("the matching library failed");
    }
  }
  const auto count = static_cast<double>(sample.events.size());
  const auto rounds = static_cast<double>(state.iterations());
  using benchmark::Counter;
  state.counters["rules"] = static_cast<double>(rules->rules().size());
  state.counters["text_bytes"] = static_cast<double>(sample.bytes) / count;
  state.counters["hits"] = static_cast<double>(hits) / count;
  state.counters["s_per_record"] = Counter(count * rounds, Counter::kIsRate | Counter::kInvert);
  state.counters["s_per_byte"] =
      Counter(static_cast<double>(sample.bytes) * rounds, Counter::kIsRate | Counter::kInvert);
}

std::string query_record(const std::string& value) {
  return R"({"ts":"2025-01-15T00:00:00.000Z","ip":"203.0.113.77","method":"GET","path":"/","query":"q=)" + value +
         "\"}";
}

std::string repeated(std::string_view unit, size_t bytes) {
  std::string text;
  while (text.size() < bytes)
    text += unit;
  return text;
}

std::vector<std::string> file_records() {
  constexpr size_t kRecordsMax = 5'000;
  std::vector<std::string> records;
  std::ifstream stream(environment("WEIR_BENCH_RECORDS", ""));
  for (std::string line; records.size() < kRecordsMax && std::getline(stream, line);)
    records.push_back(line);
  return records;
}

void match_browser(benchmark::State& state) {
  run(state, {kBrowserRecord}, weir::SecurityLevel::kStandard);
}
void match_browser_strict(benchmark::State& state) {
  run(state, {kBrowserRecord}, weir::SecurityLevel::kStrict);
}
void match_attack(benchmark::State& state) {
  run(state, {kAttackRecord}, weir::SecurityLevel::kStandard);
}
/// Units that, repeated to 8 KB, keep many patterns at work at once; the dearest that a search over combinations of attack fragments
/// found, and the obvious ones. Read s_per_byte.
constexpr std::array<const char*, 16> kWorstUnits = {
    "../",        "..\\\\",   "' or ", "or \\\"", "or-\\\"", "'or'=", "'or((=", "'or ${{",
    "<a on(${;|", "()[]{}<>", "${${",  "{{",      ".",       "'",     "<",      "selectunion"};

void match_worst(benchmark::State& state) {
  const char* unit = kWorstUnits.at(static_cast<size_t>(state.range(0)));
  state.SetLabel(unit);
  run(state, {query_record(repeated(unit, 8000))}, weir::SecurityLevel::kStandard);
}
void match_file(benchmark::State& state) {
  run(state, file_records(), weir::SecurityLevel::kStandard);
}
void match_file_strict(benchmark::State& state) {
  run(state, file_records(), weir::SecurityLevel::kStrict);
}

}  // namespace

BENCHMARK(match_browser);
BENCHMARK(match_browser_strict);
BENCHMARK(match_attack);
BENCHMARK(match_worst)->DenseRange(0, kWorstUnits.size() - 1);
BENCHMARK(match_file);
BENCHMARK(match_file_strict);
