#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/rules/rules_command.h"
#include "app/demo/demo_traffic.h"
#include "app/input/line_reader.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/progress_bar.h"
#include "workbench/rule_cost.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSampleRecordsMax = 5'000;
constexpr size_t kCostRecords = 3'000;
constexpr size_t kSampleLineBytesMax = 1 << 20;
constexpr uint64_t kCostSeed = 7;

/// The first records of an NDJSON file.
Result<std::vector<std::string>> read_sample(const std::string& file) {
  LineReader reader(file, kSampleLineBytesMax);
  if (auto opened = reader.open(); !opened) return tl::unexpected(opened.error());
  std::vector<std::string> records;
  std::vector<std::string_view> lines;
  do {
    if (auto read = reader.read(kSampleRecordsMax - records.size(), lines); !read) return tl::unexpected(read.error());
    records.insert(records.end(), lines.begin(), lines.end());
  } while (!lines.empty() && records.size() < kSampleRecordsMax);
  return records;
}

/// Mostly ordinary requests with a few attacks, as in production, and of every rule the first examples, so that each rule meets
/// what it looks for and what resembles it.
std::vector<std::string> generated_sample(const std::vector<Rule>& rules) {
  std::vector<std::string> records;
  DemoTraffic traffic(kCostSeed);
  for (size_t i = 0; i < kCostRecords; ++i)
    records.push_back(traffic.next(EventTime(Milliseconds(1'736'942'400'000 + static_cast<int64_t>(i)))));
  for (const Rule& rule : rules) {
    for (const auto* examples : {&rule.positive_examples, &rule.negative_examples})
      if (!examples->empty()) records.push_back(examples->front().record_json);
  }
  return records;
}

/// Processor time of this thread: what other programs do meanwhile does not count.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Keeps compiled databases while the command runs: leaving out a rule changes one or two of them.
class TemporaryCache {
 public:
  TemporaryCache() {
    std::string name = (fs::temp_directory_path() / "weir-cost-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) directory_ = name;
  }
  ~TemporaryCache() {
    std::error_code ignored;
    if (!directory_.empty()) fs::remove_all(directory_, ignored);
  }
  TemporaryCache(const TemporaryCache&) = delete;
  TemporaryCache& operator=(const TemporaryCache&) = delete;
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

std::function<void()> start_in_thread(std::function<void()> work) {
  auto done = std::make_shared<std::future<void>>(std::async(std::launch::async, std::move(work)));
  return [done] { done->wait(); };
}

bool is_too_dear(const RuleCost& cost, double share_max_percent) {
  return share_max_percent > 0 && cost.share_low * 100 > share_max_percent;
}

std::string to_json(const RuleCosts& costs, double share_max_percent) {
  nlohmann::ordered_json json;
  json["records"] = costs.records;
  json["levels"] = nlohmann::ordered_json::array();
  for (const LevelCost& level : costs.levels) {
    json["levels"].push_back({{"level", to_string(level.level)},
                              {"rules", level.rules},
                              {"parse_and_decode_nanoseconds_per_record", level.prepare_nanoseconds_per_record},
                              {"match_nanoseconds_per_record", level.match_nanoseconds_per_record}});
  }
  json["rules"] = nlohmann::ordered_json::array();
  for (const RuleCost& cost : costs.rules) {
    json["rules"].push_back({{"id", cost.rule_id},
                             {"title", cost.title},
                             {"level", to_string(cost.level)},
                             {"percent", cost.share * 100},
                             {"percent_low", cost.share_low * 100},
                             {"percent_high", cost.share_high * 100},
                             {"nanoseconds_per_record", cost.nanoseconds_per_record},
                             {"measurements", cost.measurements},
                             {"too_dear", is_too_dear(cost, share_max_percent)}});
  }
  return json.dump(2) + "\n";
}

size_t print_table(const RuleCosts& costs, double share_max_percent) {
  size_t over = 0;
  std::printf("%8s  %17s  %9s  %-8s  %s\n", "share", "lowest to highest", "ns/record", "level", "rule");
  for (const RuleCost& cost : costs.rules) {
    const bool too_dear = is_too_dear(cost, share_max_percent);
    over += too_dear;
    std::printf("%6.2f %%  %6.2f to %7.2f  %9.1f  %-8s  %s  %s%s\n", cost.share * 100, cost.share_low * 100,
                cost.share_high * 100, cost.nanoseconds_per_record, std::string(to_string(cost.level)).c_str(),
                cost.rule_id.c_str(), cost.title.c_str(), too_dear ? "  <- too dear" : "");
  }
  return over;
}

int failed(const std::string& what) {
  std::fprintf(stderr, "weir rules cost: %s\n", what.c_str());
  return kExitFailed;
}

}  // namespace

int run_rules_cost(const RulesArguments& arguments) {
  auto loaded = load_named_rules(arguments);
  if (!loaded) {
    failed(loaded.error().to_string());
    return kExitUsage;
  }
  print_findings(loaded->diagnostics);
  if (has_errors(loaded->diagnostics)) return kExitFailed;
  auto sample = arguments.sample_file.empty() ? Result<std::vector<std::string>>(generated_sample(loaded->rules))
                                              : read_sample(arguments.sample_file);
  if (!sample) return failed(sample.error().to_string());

  const TemporaryCache cache;
  loaded->options.cache_directory = cache.directory();
  ProgressBar bar;
  RuleCostOptions options;
  options.share_max = arguments.share_max_percent / 100;
  options.only = arguments.only;
  options.background = &start_in_thread;
  const size_t to_measure = arguments.only.empty() ? loaded->rules.size() : arguments.only.size();
  options.progress = [&](size_t done) { bar.update_parts(done, to_measure); };
  const auto costs = measure_rule_costs(loaded->rules, loaded->options, *sample, &thread_seconds, options);
  bar.finish();
  if (!costs) {
    failed(costs.error().to_string());
    return costs.error().code == ErrorCode::kNotFound ? kExitUsage : kExitFailed;
  }
  const size_t over = print_table(*costs, arguments.share_max_percent);
  for (const LevelCost& level : costs->levels)
    std::printf("level %s: %.0f ns a record to parse and decode, %.0f ns to match with its %zu rules\n",
                std::string(to_string(level.level)).c_str(), level.prepare_nanoseconds_per_record,
                level.match_nanoseconds_per_record, level.rules);
  std::printf("%zu rules measured on %zu records; %zu above %.1f %%\n", costs->rules.size(), costs->records, over,
              arguments.share_max_percent);
  if (!arguments.json_file.empty() &&
      !write_file("rules cost", arguments.json_file, to_json(*costs, arguments.share_max_percent)))
    return kExitFailed;
  return over == 0 ? kExitFine : kExitFailed;
}

}  // namespace weir
