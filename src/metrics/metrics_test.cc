#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/catch.h"
#include "metrics/process_metrics.h"
#include "metrics/registry.h"

namespace weir {
namespace {

std::shared_ptr<const RuleSet> no_rules() {
  Diagnostics diagnostics;
  return RuleSet::compile({}, {}, diagnostics).value();
}

/// What a lane of each stage counts, and the registry over them.
struct Process {
  DetectCounters detect;
  ScoreCounters score;
  KafkaCounters detect_kafka;
  KafkaCounters score_kafka;
  RuntimeCounters runtime;
  RuleSlot rules{no_rules()};
  bool is_ready = false;
  MetricsRegistry registry{BuildInfo{"1.2.3", "2.0.2", "5.4.0"}};

  Process() {
    registry.add(
        {.lane = "detect-0", .topics = {"http.requests"}, .detect = &detect, .score = nullptr, .kafka = &detect_kafka});
    registry.add({.lane = "score-0",
                  .topics = {"weir.observations"},
                  .detect = nullptr,
                  .score = &score,
                  .kafka = &score_kafka});
    registry.set_runtime(runtime);
    registry.set_rules(rules);
    registry.set_sources({"api", "web"});
    registry.set_questions({[this] { return is_ready; }, [] { return std::optional(1.9e9); },
                            [] {
                              return std::vector<RuleVerdicts>{{"r1", "One", 3, 1}};
                            }});
  }
};

/// The samples of an exposition: "name{labels}" → value.
std::map<std::string, double> samples_of(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t space = line.rfind(' ');
    const bool is_new = samples.emplace(line.substr(0, space), std::strtod(line.c_str() + space, nullptr)).second;
    INFO(line);
    CHECK(is_new);  // Prometheus refuses a series that comes twice
  }
  return samples;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("what is counted of a source stands under its name, summed over the lanes") {
  Process process;
  DetectCounters other;
  process.registry.add({.lane = "detect-1", .topics = {}, .detect = &other, .score = nullptr, .kafka = nullptr});
  process.detect.sources[1].records.add(3);
  other.sources[1].records.add(4);
  other.sources[0].malicious.add();
  process.detect.sources[1].fields_read[kFieldQuery].add(2);
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at("weir_source_records_total{source=\"web\"}") == 7);
  CHECK(samples.at("weir_source_records_total{source=\"api\"}") == 0);
  CHECK(samples.at("weir_source_malicious_total{source=\"api\"}") == 1);
  CHECK(samples.at("weir_source_fields_read_total{source=\"web\",field=\"query\"}") == 2);
  CHECK_FALSE(samples.contains("weir_source_records_total{source=\"\"}"));
}

TEST_CASE("a counter is summed over the lanes") {
  Process process;
  DetectCounters other;
  process.registry.add({.lane = "detect-1", .topics = {}, .detect = &other, .score = nullptr, .kafka = nullptr});
  process.detect.records.add(5);
  other.records.add(7);
  other.rule_hits[static_cast<size_t>(Category::kSqli)].add(3);
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at("weir_records_total") == 12);
  CHECK(samples.at(R"(weir_rule_hits_total{category="sqli"})") == 3);
}

TEST_CASE("every value of a label is there from the first scrape, so that rates exist before the first event") {
  const Process process;
  const auto samples = samples_of(process.registry.render());
  for (size_t i = 1; i < static_cast<size_t>(RejectReason::kCount); ++i) {
    const std::string reason(to_string(static_cast<RejectReason>(i)));
    CHECK(samples.at("weir_parse_errors_total{reason=\"" + reason + "\"}") == 0);
  }
  CHECK(samples.at(R"(weir_alerts_total{kind="attack",severity="critical"})") == 0);
  CHECK(samples.at(R"(weir_alerts_total{kind="abuse",severity="informational"})") == 0);
  CHECK(samples.at(R"(weir_rule_reloads_total{result="failure"})") == 0);
  CHECK(samples.at(R"(weir_build_info{version="1.2.3",librdkafka="2.0.2",hyperscan="5.4.0"})") == 1);
}

TEST_CASE("alerts are counted by kind and severity") {
  Process process;
  process.score.alerts[static_cast<size_t>(AlertKind::kAbuse)][static_cast<size_t>(Level::kHigh)].add(4);
  CHECK(samples_of(process.registry.render()).at(R"(weir_alerts_total{kind="abuse",severity="high"})") == 4);
}

TEST_CASE("nanoseconds are exported as seconds") {
  Process process;
  process.detect.match_ns.add(1'500'000'000);
  process.score.score_ns.add(250'000'000);
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at(R"(weir_stage_seconds_total{stage="match"})") == Approx(1.5));
  CHECK(samples.at(R"(weir_stage_seconds_total{stage="score"})") == Approx(0.25));
}

TEST_CASE("histogram buckets are cumulative and end with +Inf, which equals the count") {
  Process process;
  process.score_kafka.alert_latency_seconds.observe(0.02, 2);
  process.score_kafka.alert_latency_seconds.observe(1000.0);
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at(R"(weir_end_to_end_seconds_bucket{le="0.01"})") == 0);
  CHECK(samples.at(R"(weir_end_to_end_seconds_bucket{le="0.025"})") == 2);
  CHECK(samples.at(R"(weir_end_to_end_seconds_bucket{le="300"})") == 2);
  CHECK(samples.at(R"(weir_end_to_end_seconds_bucket{le="+Inf"})") == 3);
  CHECK(samples.at("weir_end_to_end_seconds_count") == 3);
  CHECK(samples.at("weir_end_to_end_seconds_sum") == Approx(1000.04));
}

TEST_CASE("a lane's last commit and its brokers' clock are told when they are known") {
  Process process;
  const auto before = samples_of(process.registry.render());
  CHECK_FALSE(before.contains(R"(weir_last_commit_timestamp_seconds{lane="score-0"})"));
  CHECK_FALSE(before.contains(R"(weir_clock_skew_seconds{lane="score-0"})"));
  process.score_kafka.committed_at.set(1'700'000'000);
  process.score_kafka.clock_skew_ms.set(-2'500);
  process.detect_kafka.clock_skew_ms.set(0);
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at(R"(weir_last_commit_timestamp_seconds{lane="score-0"})") == 1.7e9);
  CHECK(samples.at(R"(weir_clock_skew_seconds{lane="score-0"})") == Approx(-2.5));
  CHECK(samples.at(R"(weir_clock_skew_seconds{lane="detect-0"})") == 0);
}

TEST_CASE("Kafka counters are kept apart by stage") {
  Process process;
  process.detect_kafka.commits.add(3);
  process.score_kafka.commits.add(2);
  process.score_kafka.rebalances.add();
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at(R"(weir_commits_total{stage="detect"})") == 3);
  CHECK(samples.at(R"(weir_commits_total{stage="score"})") == 2);
  CHECK(samples.at(R"(weir_rebalances_total{stage="detect"})") == 0);
  CHECK(samples.at(R"(weir_rebalances_total{stage="score"})") == 1);
}

TEST_CASE("a stage that does not run in this process has no Kafka series") {
  const KafkaCounters kafka;
  const DetectCounters detect;
  MetricsRegistry registry{BuildInfo{}};
  registry.add({.lane = "detect-0", .topics = {}, .detect = &detect, .score = nullptr, .kafka = &kafka});
  const auto samples = samples_of(registry.render());
  CHECK(samples.count(R"(weir_commits_total{stage="detect"})") == 1);
  CHECK(samples.count(R"(weir_commits_total{stage="score"})") == 0);
}

TEST_CASE("lag stands by topic and partition, and a partition in two lanes' tables comes once") {
  Process process;
  DetectCounters other_detect;
  KafkaCounters other;
  process.registry.add(
      {.lane = "detect-1", .topics = {"http.requests"}, .detect = &other_detect, .score = nullptr, .kafka = &other});
  process.detect_kafka.lag.set(0, {0, 3, 120});
  process.score_kafka.lag.set(0, {0, 3, 7});
  other.lag.set(0, {0, 3, 130});
  other.lag.set(1, {9, 4, 1});  // a topic index that the lane does not name
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at(R"(weir_consumer_lag_records{topic="http.requests",partition="3"})") == 130);
  CHECK(samples.at(R"(weir_consumer_lag_records{topic="weir.observations",partition="3"})") == 7);
  CHECK(samples.count(R"(weir_consumer_lag_records{topic="http.requests",partition="4"})") == 0);
}

TEST_CASE("readiness and the end of the certificate are asked for at each scrape, and not told where nobody answers") {
  Process process;
  CHECK(samples_of(process.registry.render()).at("weir_ready") == 0);
  process.is_ready = true;
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at("weir_ready") == 1);
  CHECK(samples.at("weir_certificate_end_timestamp_seconds") == 1.9e9);
  CHECK(samples.at(R"(weir_rule_verdicts{rule_id="r1",title="One",verdict="false"})") == 3);
  CHECK(samples.at(R"(weir_rule_verdicts{rule_id="r1",title="One",verdict="true"})") == 1);
  const auto others = samples_of(MetricsRegistry{BuildInfo{}}.render());
  CHECK_FALSE(others.contains("weir_ready"));
  CHECK_FALSE(others.contains("weir_certificate_end_timestamp_seconds"));
}

TEST_CASE("the memory limit is the least of the control group and those above it") {
  const auto root = std::filesystem::temp_directory_path() / ("weir_cgroup_" + std::to_string(::getpid()));
  std::filesystem::create_directories(root / "system.slice" / "weir.service");
  CHECK_FALSE(memory_limit_of(root, "/system.slice/weir.service").has_value());
  std::ofstream(root / "system.slice" / "weir.service" / "memory.max") << "max\n";
  CHECK_FALSE(memory_limit_of(root, "/system.slice/weir.service").has_value());
  std::ofstream(root / "system.slice" / "memory.max") << "2147483648\n";
  CHECK(memory_limit_of(root, "/system.slice/weir.service") == 2147483648);
  std::ofstream(root / "system.slice" / "weir.service" / "memory.max") << "1073741824\n";
  CHECK(memory_limit_of(root, "/system.slice/weir.service") == 1073741824);
  std::filesystem::remove_all(root);
}

TEST_CASE("the number of series does not depend on the traffic") {
  Process process;
  const size_t before = samples_of(process.registry.render()).size();
  for (auto& reason : process.detect.rejected)
    reason.add(10);
  for (auto& category : process.detect.rule_hits)
    category.add(10);
  process.score.clients.set(1'000'000);
  process.detect.seconds_per_record.observe(1e-6, 100);
  CHECK(samples_of(process.registry.render()).size() == before);
}

TEST_CASE("process metrics tell of this process") {
  const Process process;
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at("process_resident_memory_bytes") > 1e6);
  CHECK(samples.at("process_virtual_memory_bytes") >= samples.at("process_resident_memory_bytes"));
  CHECK(samples.at("process_open_fds") >= 3);
  CHECK(samples.at("process_max_fds") >= samples.at("process_open_fds"));
  CHECK(samples.at("process_threads") >= 1);
  const auto now = static_cast<double>(std::time(nullptr));
  CHECK(samples.at("process_start_time_seconds") <= now + 1);
  CHECK(samples.at("process_start_time_seconds") > now - 3600);
}

TEST_CASE("a command with spaces and parentheses does not shift the fields of /proc/self/stat") {
  const auto stat = parse_proc_stat("42 (a b) c) R 1 2 3 4 5 6 7 8 9 10 111 222 13 14 15 16 17 18 900 8192 77 1\n");
  REQUIRE(stat);
  CHECK(stat->user_ticks == 111);
  CHECK(stat->system_ticks == 222);
  CHECK(stat->threads == 17);
  CHECK(stat->start_ticks == 900);
  CHECK(stat->virtual_bytes == 8192);
  CHECK(stat->resident_pages == 77);
}

TEST_CASE("a stat line that is cut or holds no numbers gives nothing") {
  CHECK_FALSE(parse_proc_stat(""));
  CHECK_FALSE(parse_proc_stat("42 (weir) R 1 2 3"));
  CHECK_FALSE(parse_proc_stat("42 (weir) R 1 2 3 4 5 6 7 8 9 10 x 222 13 14 15 16 17 18 900 8192 77 1"));
}

TEST_CASE("a scrape during writes sees whole values") {
  Process process;
  std::thread lane([&process] {
    for (int i = 0; i < 100'000; ++i) {
      process.detect.records.add();
      process.detect.seconds_per_record.observe(3e-6);
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto samples = samples_of(process.registry.render());
    CHECK(samples.at("weir_record_seconds_count") == samples.at(R"(weir_record_seconds_bucket{le="+Inf"})"));
  }
  lane.join();
  CHECK(samples_of(process.registry.render()).at("weir_records_total") == 100'000);
}

TEST_CASE("promtool finds nothing to say about the metrics") {
  if (std::system("promtool --version >/dev/null 2>&1") != 0) {
    WARN("promtool (package prometheus) is not installed: not checked");
    return;
  }
  const Process process;
  std::string output;
  std::string path = "/tmp/weir_metrics_test.XXXXXX";
  const int fd = mkstemp(path.data());
  REQUIRE(fd >= 0);
  close(fd);
  std::ofstream(path) << process.registry.render();
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("promtool check metrics <" + path + " 2>&1").c_str(), "r"),
                                                   pclose);
  REQUIRE(pipe);
  for (int c = fgetc(pipe.get()); c != EOF; c = fgetc(pipe.get()))
    output += static_cast<char>(c);
  std::remove(path.c_str());
  CHECK(output.empty());
}

TEST_CASE("the rule set in force is named, also after a change of rules") {
  Process process;
  const auto name_of = [](const RuleSet& rules) {
    return "weir_rules_info{fingerprint=\"" + rules.fingerprint() + "\"}";
  };
  CHECK(samples_of(process.registry.render()).at(name_of(*process.rules.load())) == 1);
  Diagnostics diagnostics;
  RuleSetOptions other;
  other.threshold = 99;
  process.rules.store(RuleSet::compile({}, other, diagnostics).value());
  const auto samples = samples_of(process.registry.render());
  CHECK(samples.at(name_of(*process.rules.load())) == 1);
}

TEST_CASE("docs/metrics.md names every metric, and no other") {
  const Process process;
  std::set<std::string> exported;
  std::istringstream text(process.registry.render());
  for (std::string word; text >> word;) {
    if (word == "HELP") text >> word, exported.insert(word);
  }
  std::set<std::string> documented;
  std::istringstream lines(read_file(WEIR_SOURCE_DIR "/docs/metrics.md"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## `weir decisions serve`")) break;  // of a process of its own: tests/e2e/test_decisions.py
    if (line.starts_with("| `")) documented.insert(line.substr(3, line.find_first_of("`{", 3) - 3));
  }
  CHECK(exported == documented);
}

}  // namespace weir
