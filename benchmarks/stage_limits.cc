// What each step of the detect stage takes beside the least that its task could take, in the same run over the same records:
//
//   bench_stage_limits FILE [ROUNDS]          NDJSON in the flat profile; 7 rounds, if nothing is said
//
//   copy      the record's bytes copied once
//   structure where the JSON's strings and brackets are (simdjson's first stage), against weir's parse
//   parse     a record to an event
//   copy text the decoded lines copied once, against weir's decode
//   decode    an event to its decoded lines
//   one scan  those lines scanned by the matching library with the same patterns in one database, nothing done with what it reports
//   match     weir's: lines known from before, gates, confirmation, the rules' conditions
//
// Sixteen records at a time pass all steps, as in the daemon; each round begins without known lines. Processor time of the thread, the
// median of the rounds and their spread; the last line is JSON.
#include <hs/hs.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "detect/compile/pattern_database.h"
#include "detect/match/matcher.h"
#include "detect/program/compiled_rules.h"
#include "event/event_parser.h"
#include "rules/loader.h"

namespace weir {
namespace {

constexpr size_t kGroup = 16;

enum Step : uint8_t { kCopy, kStructure, kParse, kCopyText, kDecode, kOneScan, kMatch, kSteps };
constexpr std::array<const char*, kSteps> kStepNames{"copy",   "structure", "parse", "copy text",
                                                     "decode", "one scan",  "match"};

double thread_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench_stage_limits: %s\n", why.c_str());
  std::exit(1);
}

std::shared_ptr<const RuleSet> shipped_rules() {
  Diagnostics diagnostics;
  auto rules = RuleSet::compile(load_rules({WEIR_SOURCE_DIR "/rules"}, diagnostics), RuleSetOptions{}, diagnostics);
  if (!rules) give_up("the rules do not compile");
  return *rules;
}

/// One record on its way.
struct Passenger {
  EventStorage storage;
  Event event;
  DecodedRecord decoded;
  Detection detection;
};

class StageLimits {
 public:
  explicit StageLimits(std::shared_ptr<const RuleSet> rules)
      : rules_(std::move(rules)), patterns_(rules_->compiled().program.patterns), passengers_(kGroup) {
    PatternError error;
    auto database = compile_database(patterns_, error);
    if (!database) give_up("one database of all patterns: " + error.message);
    database_ = std::move(*database);
    if (Status status = grow_scratch(database_, scratch_); !status) give_up(status.error().detail);
    options_.profile = *InputProfile::built_in("flat");
    decode_options_.raw_places = rules_->raw_places();
  }

  /// Nanoseconds a record, by step.
  std::array<double, kSteps> round(const std::vector<std::string>& records) {
    auto matcher = Matcher::create(rules_);
    if (!matcher) give_up(matcher.error().detail);
    EventParser parser(options_);
    Decoder decoder(decode_options_);
    const MatchPolicy policy = matcher->own_level();
    std::array<double, kSteps> spent{};
    double last = 0;
    const auto lap = [&](Step step) {
      const double now = thread_nanoseconds();
      spent[step] += now - last;
      last = now;
    };
    for (size_t first = 0; first < records.size(); first += kGroup) {
      const size_t count = std::min(kGroup, records.size() - first);
      last = thread_nanoseconds();
      for (size_t i = 0; i < count; ++i)
        copy(records[first + i]);
      lap(kCopy);
      for (size_t i = 0; i < count; ++i)
        find_structure(records[first + i]);
      lap(kStructure);
      for (size_t i = 0; i < count; ++i)
        if (!parser.parse(records[first + i], passengers_[i].storage, passengers_[i].event).ok())
          give_up("not a record of the flat profile: " + records[first + i].substr(0, 100));
      lap(kParse);
      for (size_t i = 0; i < count; ++i)
        decoder.decode(passengers_[i].event, passengers_[i].decoded);
      lap(kDecode);
      for (size_t i = 0; i < count; ++i)
        copy(passengers_[i].decoded.text);
      lap(kCopyText);
      for (size_t i = 0; i < count; ++i)
        scan(passengers_[i].decoded.text);
      lap(kOneScan);
      std::array<MatchTask, kGroup> tasks;
      for (size_t i = 0; i < count; ++i)
        tasks[i] = {&passengers_[i].event, &passengers_[i].decoded, &policy, &passengers_[i].detection};
      last = thread_nanoseconds();
      matcher->match(std::span(tasks).first(count));
      lap(kMatch);
    }
    for (double& nanoseconds : spent)
      nanoseconds /= static_cast<double>(records.size());
    return spent;
  }

 private:
  void copy(std::string_view bytes) {
    if (copied_.size() < bytes.size()) copied_.resize(bytes.size() * 2);
    std::memcpy(copied_.data(), bytes.data(), bytes.size());
  }

  void find_structure(std::string_view record) {
    if (padded_.size() < record.size() + simdjson::SIMDJSON_PADDING)
      padded_.resize(2 * record.size() + simdjson::SIMDJSON_PADDING);
    std::memcpy(padded_.data(), record.data(), record.size());
    if (json_.capacity() < record.size() && json_.allocate(2 * record.size()) != simdjson::SUCCESS)
      give_up("no memory");
    if (json_.implementation->stage1(reinterpret_cast<const uint8_t*>(padded_.data()), record.size(),
                                     simdjson::stage1_mode::regular) != simdjson::SUCCESS)
      give_up("not JSON: " + std::string(record.substr(0, 100)));
  }

  void scan(std::string_view text) {
    const auto ignore = [](unsigned, unsigned long long, unsigned long long, unsigned, void*) { return 0; };
    if (hs_scan(database_.get(), text.data(), static_cast<unsigned>(text.size()), 0, scratch_.get(), ignore, nullptr) !=
        HS_SUCCESS)
      give_up("the matching library failed");
  }

  std::shared_ptr<const RuleSet> rules_;
  std::vector<Pattern> patterns_;
  HsDatabase database_;
  HsScratch scratch_;
  InputOptions options_;
  DecodeOptions decode_options_;
  std::vector<Passenger> passengers_;
  std::string copied_, padded_;
  simdjson::dom::parser json_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// A step's time over that of its limit, round by round.
void print_ratio(const char* what, const std::vector<std::array<double, kSteps>>& rounds, Step step, Step limit,
                 bool is_last) {
  std::vector<double> ratios;
  for (const auto& round : rounds)
    ratios.push_back(round[step] / round[limit]);
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  std::fprintf(stderr, "%-22s %.2f (%.2f to %.2f)\n", what, median(ratios), *least, *most);
  std::printf("\"%s\": %.3f%s", what, median(ratios), is_last ? "}\n" : ", ");
}

int run(const char* file, int rounds_wanted) {
  std::ifstream in(file);
  if (!in) give_up(std::string("cannot read ") + file);
  std::vector<std::string> records;
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) records.push_back(line);
  if (records.empty()) give_up(std::string("no records in ") + file);
  StageLimits limits(shipped_rules());
  std::vector<std::array<double, kSteps>> rounds;
  for (int i = 0; i < rounds_wanted; ++i) {
    rounds.push_back(limits.round(records));
    std::fprintf(stderr, "\rround %d of %d", i + 1, rounds_wanted);
  }
  std::fprintf(stderr, "\r%zu records, %d rounds: nanoseconds a record, median (least to most)\n", records.size(),
               rounds_wanted);
  std::printf("{\"records\": %zu, \"rounds\": %d, ", records.size(), rounds_wanted);
  for (size_t step = 0; step < kSteps; ++step) {
    std::vector<double> times;
    for (const auto& round : rounds)
      times.push_back(round[step]);
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    std::fprintf(stderr, "%-22s %.0f (%.0f to %.0f)\n", kStepNames[step], median(times), *least, *most);
    std::printf("\"%s_ns\": %.1f, ", kStepNames[step], median(times));
  }
  print_ratio("parse / structure", rounds, kParse, kStructure, false);
  print_ratio("parse / copy", rounds, kParse, kCopy, false);
  print_ratio("decode / copy text", rounds, kDecode, kCopyText, false);
  print_ratio("match / one scan", rounds, kMatch, kOneScan, true);
  return 0;
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  constexpr int kRounds = 7;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : kRounds;
  if (argc < 2 || argc > 3 || rounds < 1) {
    std::fprintf(stderr, "usage: bench_stage_limits FILE [ROUNDS]\n");
    return 2;
  }
  return weir::run(argv[1], rounds);
}
