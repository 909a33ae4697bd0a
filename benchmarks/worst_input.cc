// Searches for the record that costs most for its bytes, all steps of the detect stage together, and prints the dearest found:
//
//   bench_worst_input [SECONDS [SEED]]        60 seconds and seed 1, if nothing is said
//
// A record is 64 KB of a unit again and again, in one of several places. Units are put together from what the rules' own expressions
// look for and from the bytes between; the search begins at random and goes on from the dearest. The figures are of processor time;
// what is found belongs into kWorstRecords of src/pipeline/worst_input_test.cc, which holds the caps to it. Expressions reported too often: src/detect/report_count_test.cc.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "detect/program/compiled_rules.h"
#include "pipeline/analyzer.h"
#include "pipeline/test_worst_record.h"
#include "rules/loader.h"

namespace weir {
namespace {

using testing::WorstPlace;
using testing::WorstRecord;

constexpr size_t kUnitsMax = 6;  // literals in a unit
constexpr size_t kKept = 24;     // the dearest, from which the search goes on
constexpr int kRepeats = 3;      // of a measurement; the least counts

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// What the expressions spell out: letters, digits and single escaped signs in a row.
std::vector<std::string> literals_of(const RuleSet& rules) {
  constexpr size_t kBytesMin = 2, kBytesMax = 16;
  std::set<std::string> found;
  for (const Pattern& pattern : rules.compiled().program.patterns) {
    std::string literal;
    bool in_class = false;
    const auto end_literal = [&] {
      if (literal.size() >= kBytesMin && literal.size() <= kBytesMax) found.insert(literal);
      literal.clear();
    };
    for (size_t i = 0; i < pattern.regex.size(); ++i) {
      const char c = pattern.regex[i];
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      const bool is_sign =
          !in_class && c == '\\' && i + 1 < pattern.regex.size() && !is_ascii_alphanumeric(pattern.regex[i + 1]);
      if (is_sign) {
        literal += pattern.regex[++i];
      } else if (!in_class &&
                 (is_ascii_alphanumeric(c) || c == '_' || c == '/' || c == '=' || c == '<' || c == '>' || c == '\'')) {
        literal += c;
      } else {
        end_literal();
        if (c == '\\') ++i;  // a class of bytes
      }
    }
    end_literal();
  }
  return {found.begin(), found.end()};
}

class Search {
 public:
  Search(std::shared_ptr<const RuleSet> rules, uint64_t seed)
      : literals_(literals_of(*rules)), slot_(std::move(rules)), random_(seed) {
    AnalyzerOptions options;
    options.input.profile = *InputProfile::built_in("flat");
    analyzer_ = std::make_unique<Analyzer>(options, slot_, counters_);
  }

  void run(double seconds) {
    const double begin = thread_seconds();
    while (thread_seconds() - begin < seconds) {
      const bool starts_afresh = kept_.size() < kKept || thread_seconds() - begin < seconds / 3;
      WorstRecord record = starts_afresh ? fresh() : changed(kept_[random_() % kept_.size()].record);
      keep({cost_of(record), std::move(record)});
      ++tried_;
    }
  }

  void print() const {
    std::printf("%zu records of %zu KB tried, %zu literals\n", tried_, testing::kWorstBytes >> 10, literals_.size());
    for (size_t i = 0; i < std::min<size_t>(kept_.size(), 12); ++i) {
      const auto place = static_cast<size_t>(kept_[i].record.place);
      std::printf("%6.1f ns a byte  %-10s %s\n", kept_[i].nanoseconds, testing::kWorstPlaceNames[place],
                  kept_[i].record.unit.c_str());
    }
  }

 private:
  struct Found {
    double nanoseconds = 0;  ///< a byte
    WorstRecord record;
  };

  std::string piece() {
    static constexpr std::array<const char*, 22> kBetween{" ", "'", "\"", "(", ")",  "<",  ">",  "=",   "/", "..", ";",
                                                          "|", "&", "${", "}", "--", "/*", "*/", "%27", "+", "\\", ","};
    return random_() % 3 == 0 ? kBetween[random_() % kBetween.size()] : literals_[random_() % literals_.size()];
  }
  WorstRecord fresh() {
    WorstRecord record{static_cast<WorstPlace>(random_() % testing::kWorstPlaceNames.size()), {}};
    for (size_t i = 1 + random_() % kUnitsMax; i > 0; --i)
      record.unit += piece();
    return record;
  }
  WorstRecord changed(WorstRecord record) {
    switch (random_() % 4) {
      case 0:
        record.place = static_cast<WorstPlace>(random_() % testing::kWorstPlaceNames.size());
        break;
      case 1:
        if (record.unit.size() < 64) record.unit.insert(random_() % (record.unit.size() + 1), piece());
        break;
      case 2: {
        const size_t at = random_() % record.unit.size();
        if (record.unit.size() > 2) record.unit.erase(at, 1 + random_() % 4);
        break;
      }
      default: {
        const size_t at = random_() % record.unit.size();
        record.unit.replace(at, 1 + random_() % 4, piece());
      }
    }
    return record;
  }

  double cost_of(const WorstRecord& record) {
    double least = 1e9;
    for (int i = 0; i < kRepeats; ++i) {
      // Each time another one: what is remembered of lines and texts must not help.
      const std::string payload = testing::payload_of(record, ++serial_);
      const RawRecord raw{payload, EventTime::max(), {0, 0, static_cast<int64_t>(serial_)}};
      const double begin = thread_seconds();
      const auto analyzed = analyzer_->analyze({&raw, 1}, batch_);
      const double took = thread_seconds() - begin;
      if (!analyzed || batch_.observations.empty()) return 0;
      least = std::min(least, took * 1e9 / static_cast<double>(payload.size()));
    }
    return least;
  }
  void keep(Found found) {
    const auto same = [&](const Found& item) {
      return item.record.unit == found.record.unit && item.record.place == found.record.place;
    };
    if (std::any_of(kept_.begin(), kept_.end(), same)) return;
    const auto at = std::upper_bound(kept_.begin(), kept_.end(), found,
                                     [](const Found& a, const Found& b) { return a.nanoseconds > b.nanoseconds; });
    kept_.insert(at, std::move(found));
    if (kept_.size() > kKept) kept_.pop_back();
  }

  std::vector<std::string> literals_;
  RuleSlot slot_;
  DetectCounters counters_;
  std::mt19937_64 random_;
  std::unique_ptr<Analyzer> analyzer_;
  AnalyzedBatch batch_;
  std::vector<Found> kept_;
  uint64_t serial_ = 0;
  size_t tried_ = 0;
};

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  weir::Diagnostics diagnostics;
  const auto rules = weir::load_rules({WEIR_SOURCE_DIR "/rules"}, diagnostics);
  const auto compiled = weir::RuleSet::compile(rules, {}, diagnostics);
  if (!compiled) {
    std::fprintf(stderr, "bench_worst_input: the rules do not compile\n");
    return 1;
  }
  weir::Search search(*compiled, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  search.run(argc > 1 ? std::strtod(argv[1], nullptr) : 60);
  search.print();
}
