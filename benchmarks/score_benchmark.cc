#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <bit>
#include <ctime>
#include <deque>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "alert/ocsf.h"
#include "evidence/masking.h"
#include "pipeline/observation_block.h"
#include "score/scorer.h"

// The score stage: client state by number of clients, the block hop, and the making of alerts.

namespace weir {
namespace {

constexpr size_t kBatch = 4096;
const std::vector<std::string> kTopics{"http.requests"};

/// Observations of random clients, each with its own address and one agent: what nearly all traffic is.
class Traffic {
 public:
  explicit Traffic(uint32_t clients) : clients_(clients) {
    names_.reserve(clients);
    for (uint32_t i = 0; i < clients; ++i)
      names_.push_back("customer-" + std::to_string(i));
  }

  const std::vector<Observation>& next_batch() {
    batch_.resize(kBatch);
    for (Observation& record : batch_)
      fill(record, static_cast<uint32_t>(random_()) % clients_);
    return batch_;
  }

  /// Every client once, so that the table is full from the start.
  void introduce_all(Scorer& scorer, std::vector<Alert>& alerts) {
    for (uint32_t i = 0; i < clients_; i += kBatch) {
      batch_.resize(std::min<size_t>(kBatch, clients_ - i));
      for (size_t k = 0; k < batch_.size(); ++k)
        fill(batch_[k], i + static_cast<uint32_t>(k));
      scorer.observe(batch_, alerts);
    }
  }

 private:
  void fill(Observation& record, uint32_t client) {
    record.at.offset = offset_++;
    record.time = EventTime{Milliseconds{1'736'942'400'000 + offset_ / 1000}};
    record.client = names_[client];
    record.client_hash = (client + 1) * 0x9e3779b97f4a7c15ULL;
    record.address = IpAddress::from_bytes({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
                                            static_cast<uint8_t>(client >> 24), static_cast<uint8_t>(client >> 16),
                                            static_cast<uint8_t>(client >> 8), static_cast<uint8_t>(client)});
    record.user_agent_hash = client % 50 + 1;
    record.path_hash = random_();
    record.status = 200;
  }

  uint32_t clients_;
  std::vector<std::string> names_;
  std::vector<Observation> batch_;
  std::mt19937_64 random_{1};
  int64_t offset_ = 0;
};

void score(benchmark::State& state) {
  const auto clients = static_cast<uint32_t>(state.range(0));
  ScoreOptions options;
  options.clients_max = clients + 1;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  Traffic traffic(clients);
  traffic.introduce_all(scorer, alerts);
  std::vector<std::vector<Observation>> batches;
  for (int i = 0; i < 64; ++i)
    batches.push_back(traffic.next_batch());
  size_t i = 0;
  for (auto _ : state)
    scorer.observe(batches[i++ % batches.size()], alerts);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  state.counters["ns_per_observation"] = benchmark::Counter(
      static_cast<double>(kBatch), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_client"] = static_cast<double>(scorer.statistics().state_bytes) / clients;
  state.counters["alerts"] = static_cast<double>(alerts.size());
}
BENCHMARK(score)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMicrosecond);

/// Records of 100,000 clients, a thousand a second and up to 4 s later than their times, scored as they come or in the order of their
/// times.
void score_order(benchmark::State& state, ScoreOrder order) {
  constexpr uint32_t kClients = 100'000;
  ScoreOptions options;
  options.clients_max = kClients + 1;
  options.order = order;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  Traffic traffic(kClients);
  traffic.introduce_all(scorer, alerts);
  std::vector<std::vector<Observation>> batches;
  for (int i = 0; i < 64; ++i)
    batches.push_back(traffic.next_batch());
  EventTime now = batches.back().back().time;
  uint64_t most = 0, most_bytes = 0;
  size_t i = 0;
  uint32_t lag = 1;
  for (auto _ : state) {
    std::vector<Observation>& batch = batches[i++ % batches.size()];
    for (Observation& record : batch) {
      now += Milliseconds{1};
      lag = lag * 1'664'525 + 1'013'904'223;
      record.time = now - Milliseconds{lag >> 16 & 0xfff};
    }
    scorer.observe(batch, alerts);
    alerts.clear();
    most = std::max(most, scorer.statistics().waiting);
    most_bytes = std::max(most_bytes, scorer.statistics().waiting_bytes);
  }
  state.counters["ns_per_observation"] = benchmark::Counter(
      static_cast<double>(kBatch), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["waiting"] = static_cast<double>(most);
  state.counters["bytes_each"] = most == 0 ? 0 : static_cast<double>(most_bytes) / static_cast<double>(most);
}
BENCHMARK_CAPTURE(score_order, arrival, ScoreOrder::kArrival)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(score_order, event_time, ScoreOrder::kEventTime)->Unit(benchmark::kMicrosecond);

/// Records of named clients, each followed by its count for the client's address, as the detect stage makes them: three
/// clients share an address.
void score_named_clients(benchmark::State& state) {
  const auto clients = static_cast<uint32_t>(state.range(0));
  ScoreOptions options;
  options.clients_max = 2 * clients;
  options.bursts.requests_max = 1'000'000;  // the same batches again and again would be one
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  Traffic traffic(clients);
  std::vector<std::vector<Observation>> batches;
  std::deque<std::string> addresses;
  for (int i = 0; i < 64; ++i) {
    auto& batch = batches.emplace_back();
    for (const Observation& record : traffic.next_batch()) {
      const uint64_t address = record.client_hash % (clients / 3);
      batch.push_back(record);
      batch.back().client_kind = ClientKind::kCustomer;
      Observation& count = batch.emplace_back(record);
      count.client = addresses.emplace_back("198.51.100." + std::to_string(address));
      count.client_hash = (address + 1) * 0x9e3779b97f4a7c15ULL ^ 0x5555;
      count.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
    }
    scorer.observe(batch, alerts);
  }
  size_t i = 0;
  for (auto _ : state)
    scorer.observe(batches[i++ % batches.size()], alerts);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  state.counters["ns_per_record"] = benchmark::Counter(
      static_cast<double>(kBatch), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["alerts"] = static_cast<double>(alerts.size());
}
BENCHMARK(score_named_clients)->Arg(10'000)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

/// What `weir scan` does with a log: from an empty table on, two observations a record, the second for the address, in batches of
/// 512 records, between which the detect stage has taken the caches. Every client comes once before any comes again; an address
/// of its own each, so that with a million the table is full half-way and every newcomer evicts one.
class ScanTraffic {
 public:
  static constexpr size_t kRecords = 512;

  explicit ScanTraffic(uint32_t clients) : clients_(clients), names_(kRecords), other_work_(size_t{4} << 20) {}

  const std::vector<Observation>& next_batch() {
    batch_.clear();
    for (std::string& name : names_) {
      const uint32_t client = record_ < clients_ ? record_ : static_cast<uint32_t>(random_()) % clients_;
      name = "customer-" + std::to_string(client);
      Observation& record = batch_.emplace_back();
      record.at.offset = record_++;
      record.time = EventTime{Milliseconds{1'736'942'400'000 + record_}};
      record.client_kind = ClientKind::kCustomer;
      record.client = name;
      record.client_hash = hash_of(client, 1);
      record.address =
          IpAddress::from_bytes({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 11, static_cast<uint8_t>(client >> 16),
                                 static_cast<uint8_t>(client >> 8), static_cast<uint8_t>(client)});
      record.user_agent_hash = client % 50 + 1;
      record.path_hash = random_();
      record.status = 200;
      Observation count = record;
      count.client_kind = ClientKind::kAddress;
      count.client_hash = hash_of(client, 2);
      count.path_hash = record.client_hash;
      count.user_agent_hash = 0;
      count.flags = static_cast<uint8_t>(ObservationFlag::kAddressCount);
      batch_.push_back(count);
    }
    for (size_t i = 0; i < other_work_.size(); i += 64)
      ++other_work_[i];
    return batch_;
  }

 private:
  /// The finishing step of SplitMix64 (Steele, Lea and Flood, 2014), in place of SipHash.
  static uint64_t hash_of(uint64_t client, uint64_t kind) {
    uint64_t value = client * 2 + kind;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
  }

  uint32_t clients_;
  uint32_t record_ = 0;
  std::vector<std::string> names_;
  std::vector<char> other_work_;
  std::vector<Observation> batch_;
  std::mt19937_64 random_{1};
};

/// Processor time of the thread, the system's part included: growing is paid there.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void score_scan(benchmark::State& state) {
  constexpr int64_t kRecords = 2'000'000;
  uint64_t alerts_made = 0, evicted = 0, bytes = 0;
  for (auto _ : state) {
    Scorer scorer({}, kTopics);
    ScanTraffic traffic(static_cast<uint32_t>(state.range(0)));
    std::vector<Alert> alerts;
    double seconds = 0;
    for (size_t done = 0; done < static_cast<size_t>(kRecords); done += ScanTraffic::kRecords) {
      const auto& batch = traffic.next_batch();
      const double begin = thread_seconds();
      scorer.observe(batch, alerts);
      seconds += thread_seconds() - begin;
      alerts_made += alerts.size();
      alerts.clear();
    }
    state.SetIterationTime(seconds);
    evicted = scorer.statistics().clients_evicted;
    bytes = scorer.statistics().state_bytes;
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
  state.counters["ns_per_record"] = benchmark::Counter(
      static_cast<double>(kRecords), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["evicted"] = static_cast<double>(evicted);
  state.counters["state_mb"] = static_cast<double>(bytes) / 1e6;
  state.counters["alerts"] = static_cast<double>(alerts_made);
}
BENCHMARK(score_scan)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime()
    ->Iterations(1)
    ->ComputeStatistics("least",
                        [](const std::vector<double>& runs) { return *std::min_element(runs.begin(), runs.end()); });

/// A flood of ever new clients against a full table: every observation evicts one.
void score_random_clients(benchmark::State& state) {
  ScoreOptions options;
  options.clients_max = 100'000;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  Traffic traffic(4'000'000);
  std::vector<std::vector<Observation>> batches;
  for (int i = 0; i < 256; ++i)
    batches.push_back(traffic.next_batch());
  size_t i = 0;
  for (auto _ : state)
    scorer.observe(batches[i++ % batches.size()], alerts);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
}
BENCHMARK(score_random_clients)->Unit(benchmark::kMicrosecond);

/// 50 attackers whose every record is counted into an episode.
void score_flood(benchmark::State& state) {
  Evidence evidence;
  evidence.hits.resize(4);
  std::string packed;
  pack_evidence(evidence, packed);
  Scorer scorer({}, kTopics);
  std::vector<Alert> alerts;
  Traffic traffic(50);
  auto batch = traffic.next_batch();
  for (Observation& record : batch)
    record.evidence = {packed};
  for (auto _ : state)
    scorer.observe(batch, alerts);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  state.counters["alerts"] = static_cast<double>(alerts.size());
}
BENCHMARK(score_flood)->Unit(benchmark::kMicrosecond);

/// 200 correlations of the types that count, over the records' addresses.
std::vector<CorrelationDefinition> correlations_200() {
  std::vector<CorrelationDefinition> definitions(200);
  constexpr std::array kTypes{CorrelationType::kEventCount,     CorrelationType::kValueCount,
                              CorrelationType::kTemporal,       CorrelationType::kTemporalOrdered,
                              CorrelationType::kValueSum,       CorrelationType::kValueAverage,
                              CorrelationType::kValuePercentile};
  for (size_t i = 0; i < definitions.size(); ++i) {
    CorrelationDefinition& definition = definitions[i];
    definition.id = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + i);
    definition.title = "correlation " + std::to_string(i);
    definition.type = kTypes[i % kTypes.size()];
    definition.sources = 3;
    definition.percentile = definition.type == CorrelationType::kValuePercentile ? 95 : 0;
    definition.bounds = {{CorrelationOperator::kGreaterEqual,
                          definition.type >= CorrelationType::kValueSum ? 1e6 : 3.0 + static_cast<double>(i % 20)}};
    if (definition.type == CorrelationType::kTemporal || definition.type == CorrelationType::kTemporalOrdered)
      definition.bounds[0].number = 3;
    definition.timespan_ms = 60'000;
    definition.group_by = {"c-ip"};
    definition.set_hash();
  }
  return definitions;
}

/// Numbers from 0 on of which the n-th comes 1/n as often as the first (Zipf), as attackers and the rules they hit do.
class Zipf {
 public:
  explicit Zipf(uint32_t count) {
    double sum = 0;
    for (uint32_t i = 0; i < count; ++i)
      sums_.push_back(sum += 1.0 / (i + 1));
  }
  uint32_t operator()(std::mt19937_64& random) const {
    const double at = std::uniform_real_distribution<>(0, sums_.back())(random);
    return static_cast<uint32_t>(std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

/// Which correlations and addresses a batch's events are of.
enum class Shape {
  kUniform,  ///< any of 200, any of 10,000 addresses: two million groups, of which memory holds a tenth
  kSkewed,   ///< rules and addresses by Zipf: few attackers, and few rules that hit often
  kOneBase,  ///< all 200 take in the same rule, so that one record makes 200 events; addresses by Zipf
};

void fill_events(Shape shape, const std::vector<CorrelationDefinition>& definitions,
                 const std::vector<Observation>& records, std::mt19937_64& random,
                 std::vector<CorrelationEvent>& events) {
  static const Zipf address(10'000), rule(200);
  for (size_t k = 0; k < events.size(); ++k) {
    const bool is_new_record = shape != Shape::kOneBase || k % definitions.size() == 0;
    CorrelationEvent& event = events[k];
    if (is_new_record) {
      const Observation& record = records[k % records.size()];
      const uint64_t group = shape == Shape::kUniform ? random() % 10'000 : address(random);
      event.group_hash = (group + 1) * 0x9e3779b97f4a7c15ULL;
      event.time = record.time;
      event.at = record.at;
      event.address = record.address;
    } else {
      event = events[k - 1];
    }
    event.definition = &definitions[shape == Shape::kUniform  ? random() % definitions.size()
                                    : shape == Shape::kSkewed ? rule(random)
                                                              : k % definitions.size()];
    event.group = std::string_view(
        "\x0b"
        "192.0.2.100");
    event.sources = 1 + random() % 7;
    event.value = event.definition->type >= CorrelationType::kValueSum
                      ? std::bit_cast<uint64_t>(static_cast<double>(random() % 1000))
                      : random() % 50;
  }
}

/// A million clients, and of 100 observations as many events for correlations as the argument says.
void score_correlations(benchmark::State& state, Shape shape) {
  constexpr uint32_t kClients = 1'000'000;
  ScoreOptions options;
  options.clients_max = kClients + 1;
  Scorer scorer(options, kTopics);
  std::vector<Alert> alerts;
  Traffic traffic(kClients);
  traffic.introduce_all(scorer, alerts);
  const auto definitions = correlations_200();
  std::mt19937_64 random(2);
  std::vector<std::vector<Observation>> batches;
  std::vector<std::vector<CorrelationEvent>> events;
  for (int i = 0; i < 64; ++i) {
    batches.push_back(traffic.next_batch());
    auto& made = events.emplace_back(kBatch * static_cast<size_t>(state.range(0)) / 100);
    fill_events(shape, definitions, batches.back(), random, made);
  }
  size_t i = 0;
  for (auto _ : state) {
    alerts.clear();
    scorer.observe(batches[i % batches.size()], events[i % batches.size()], alerts);
    ++i;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  state.counters["ns_per_observation"] = benchmark::Counter(
      static_cast<double>(kBatch), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["groups"] = static_cast<double>(scorer.statistics().correlation_groups);
}
BENCHMARK_CAPTURE(score_correlations, none, Shape::kUniform)->Arg(0)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(score_correlations, uniform, Shape::kUniform)
    ->Arg(10)
    ->Arg(50)
    ->Arg(100)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(score_correlations, skewed, Shape::kSkewed)
    ->Arg(10)
    ->Arg(50)
    ->Arg(100)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(score_correlations, one_base, Shape::kOneBase)->Arg(50)->Arg(100)->Unit(benchmark::kMicrosecond);

/// A million clients of which each has a full window.
Scorer& full_scorer() {
  static Scorer* scorer = [] {
    ScoreOptions options;
    options.clients_max = 1'000'000;
    auto* made = new Scorer(options, kTopics);  // kept for all benchmarks of the run
    std::vector<Alert> alerts;
    Traffic traffic(1'000'000);
    for (int i = 0; i < 10; ++i)
      traffic.introduce_all(*made, alerts);
    return made;
  }();
  return *scorer;
}

/// One chunk of the state (some 4,000 clients) into bytes, another one each time.
void state_save_chunk(benchmark::State& state) {
  const Scorer& scorer = full_scorer();
  std::string bytes;
  uint32_t chunk = 0;
  for (auto _ : state) {
    bytes.clear();
    scorer.save(chunk, bytes);
    chunk = (chunk + 1) % scorer.chunk_count();
  }
  state.counters["bytes_per_client"] = static_cast<double>(bytes.size() * scorer.chunk_count()) / 1e6;
}
BENCHMARK(state_save_chunk)->Unit(benchmark::kMicrosecond);

/// All chunks of a million clients back into a scorer.
void state_load_million(benchmark::State& state) {
  const Scorer& scorer = full_scorer();
  std::vector<std::string> chunks(scorer.chunk_count());
  for (uint32_t chunk = 0; chunk < scorer.chunk_count(); ++chunk)
    scorer.save(chunk, chunks[chunk]);
  ScoreOptions options;
  options.clients_max = 1'000'000;
  Scorer restored(options, kTopics);
  for (auto _ : state) {
    restored.begin_restore();
    for (uint32_t chunk = 0; chunk < scorer.chunk_count(); ++chunk) {
      if (!restored.load(chunk, chunks[chunk])) state.SkipWithError("a chunk was refused");
    }
  }
  state.counters["clients"] = static_cast<double>(restored.statistics().clients);
}
BENCHMARK(state_load_million)->Unit(benchmark::kMillisecond);

std::vector<uint32_t> all_indices() {
  std::vector<uint32_t> indices(kBatch);
  std::iota(indices.begin(), indices.end(), 0U);
  return indices;
}

void block_encode(benchmark::State& state) {
  Traffic traffic(100'000);
  const auto& batch = traffic.next_batch();
  const auto indices = all_indices();
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    encode_block(batch, indices, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  state.counters["bytes_per_observation"] = static_cast<double>(bytes.size()) / kBatch;
}
BENCHMARK(block_encode)->Unit(benchmark::kMicrosecond);

void block_decode(benchmark::State& state) {
  Traffic traffic(100'000);
  std::string bytes;
  encode_block(traffic.next_batch(), all_indices(), bytes);
  ObservationBlock block;
  for (auto _ : state)
    benchmark::DoNotOptimize(decode_block(bytes, block).has_value());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
}
BENCHMARK(block_decode)->Unit(benchmark::kMicrosecond);

void alert_encode(benchmark::State& state) {
  Alert alert;
  alert.client = "customer-42";
  alert.evidence.emplace();
  alert.evidence->path = "/items";
  alert.evidence->hits.resize(3);
  for (EvidenceHit& hit : alert.evidence->hits) {
    hit.rule_id = "a-rule";
    hit.excerpt = std::string(120, 'x');
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(encode_ocsf(alert, {"0", kTopics}).size());
}
BENCHMARK(alert_encode);

void mask(benchmark::State& state) {
  const std::string text =
      "/products/12345?page=2&sort=name&session=0123456789abcdef&q=union+select+login+from+accounts&ts=1736942400123";
  for (auto _ : state)
    benchmark::DoNotOptimize(mask_text(text).size());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(mask);

}  // namespace
}  // namespace weir
