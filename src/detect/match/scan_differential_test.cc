// What the scan finds through its gates, its several databases and its cache of neighbours is what PCRE2 finds when it searches each
// line for each expression, one at a time: on the texts of the pack's own examples, mutated.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"
#include "decode/decoder.h"
#include "detect/match/hit_confirmer.h"
#include "detect/match/line_scanner.h"
#include "detect/rule_set.h"
#include "detect/test_record.h"
#include "rules/loader.h"

namespace weir {
namespace {

constexpr size_t kTogether = 16;  // records in one call of the scanner, as in the analyzer
constexpr size_t kTextBytesMin = 5, kTextBytesMax = 400;

size_t records_wanted() {
  const char* wanted = std::getenv("WEIR_DIFFERENTIAL_RECORDS");
  return wanted == nullptr ? 1'500 : std::strtoul(wanted, nullptr, 10);
}

void take_texts(const nlohmann::json& value, std::vector<std::string>& texts) {
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) texts.push_back(value.get<std::string>());
  if (value.is_structured())
    for (const auto& item : value)
      take_texts(item, texts);
}

/// As the client wrote them and as they read when they are decoded, which is what most expressions look at.
std::vector<std::string> texts_of_examples(const std::vector<Rule>& rules) {
  std::vector<std::string> written;
  for (const Rule& rule : rules)
    for (const auto* examples : {&rule.positive_examples, &rule.negative_examples})
      for (const RuleExample& example : *examples)
        take_texts(nlohmann::json::parse(example.record_json), written);
  std::vector<std::string> texts;
  Decoder decoder;
  DecodedRecord decoded;
  for (const std::string& text : written) {
    Event event;
    event.path = event.query = event.user_agent = text;
    decoder.decode(event, decoded);
    for (const Line& line : decoded.lines)
      if (const auto read = decoded.value_of(line); read.size() >= kTextBytesMin) texts.emplace_back(read);
  }
  return texts;
}

/// Lines of attacks, and what becomes of them by cutting, joining, repeating and changing bytes.
class Mutator {
 public:
  Mutator(std::vector<std::string> texts, uint32_t seed) : texts_(std::move(texts)), random_(seed) {}

  DecodedRecord record() {
    std::vector<std::pair<Place, std::string>> lines;
    for (size_t count = 1 + below(5); lines.size() < count;) {
      // Most expressions look at parameters.
      const auto place = below(2) == 0 ? Place::kQuery : static_cast<Place>(below(static_cast<size_t>(Place::kCount)));
      lines.emplace_back(place, (has_names(place) ? "q=" : "") + text());
    }
    DecodedRecord record = testing::record_of(lines);
    if (below(2) == 0) record.evasions = static_cast<Evasions>(~Evasions{0});
    return record;
  }

 private:
  size_t below(size_t bound) { return random_() % bound; }
  std::string part(size_t bytes_max) {
    const std::string& from = texts_[below(texts_.size())];
    return from.substr(below(from.size()), 1 + below(bytes_max));
  }
  std::string text() {
    std::string text = texts_[below(texts_.size())];
    for (size_t changes = below(5); changes > 0; --changes)
      change(text);
    text.resize(std::min(text.size(), kTextBytesMax));
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }
  void change(std::string& text) {
    const size_t at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        text.insert(at, part(12));
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ 0x20);
        break;
      case 4:
        text.insert(at, text.substr(at, 1 + below(6)));
        break;
      default:
        text += part(80);
    }
  }

  std::vector<std::string> texts_;
  std::mt19937 random_;
};

/// Searches line by line, expression by expression.
class Reference {
 public:
  explicit Reference(const CompiledRules& rules) : rules_(rules) {
    for (const Pattern& pattern : rules.program.patterns) {
      auto compiled = Pcre::compile(pattern.regex, pattern.letter_case);
      REQUIRE(compiled);
      expressions_.push_back(std::move(*compiled));
    }
    const RuleProgram& program = rules.program;
    places_.resize(program.patterns.size());
    for (const Atom& atom : program.atoms)
      places_[atom.pattern] |= atom.places;
    for (const ScanGroup& group : rules.groups)
      if (group.gate == Gate::kEvasion) needs_evasion_.insert(group.patterns.begin(), group.patterns.end());
  }

  enum class Says : uint8_t { kNo, kYes, kNothing };
  Says ask(uint32_t pattern, const DecodedRecord& record, const Line& line) {
    const bool shows_evasion = (record.evasions & rules_.evasions) != 0;
    if (needs_evasion_.count(pattern) != 0 && !shows_evasion) return Says::kNo;
    const std::string_view text = record.line_text(line);
    const auto found = expression_for(pattern, text).find(text, scratch_);
    if (found.outcome == Pcre::Outcome::kLimit) return Says::kNothing;
    return found.outcome == Pcre::Outcome::kMatch ? Says::kYes : Says::kNo;
  }
  [[nodiscard]] PlaceMask places(uint32_t pattern) const { return places_[pattern]; }

 private:
  /// Beyond ASCII a word boundary is not what PCRE2 takes for one byte by byte: the compiler has written that expression anew.
  const Pcre& expression_for(uint32_t pattern, std::string_view text) {
    const auto beyond_ascii = [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; };
    const bool is_rewritten =
        rules_.program.patterns[pattern].word_boundary && std::any_of(text.begin(), text.end(), beyond_ascii);
    return is_rewritten ? *rules_.program.spans[pattern] : expressions_[pattern];
  }

  const CompiledRules& rules_;
  std::vector<Pcre> expressions_;
  std::vector<PlaceMask> places_;
  std::set<uint32_t> needs_evasion_;
  Pcre::Scratch scratch_;
};

/// By line and pattern, of atoms that no tokenizer has to confirm, and of the others.
struct Confirmed {
  std::set<std::pair<uint32_t, uint32_t>> alone, with_tokenizer;
};

Confirmed confirmed_of(const CompiledRules& rules, const std::vector<RecordHit>& hits) {
  Confirmed out;
  for (const RecordHit& hit : hits) {
    const Atom& atom = rules.program.atoms[hit.hit.atom];
    auto& to = atom.confirmation == Confirmation::kNone ? out.alone : out.with_tokenizer;
    to.emplace(hit.line, atom.pattern);
  }
  return out;
}

/// Per pattern: some atom of it counts in this place without a tokenizer.
bool counts_alone(const RuleProgram& program, uint32_t pattern, Place place) {
  const auto begin = program.pattern_atoms.begin();
  return std::any_of(begin + program.pattern_first_atom[pattern], begin + program.pattern_first_atom[pattern + 1],
                     [&](uint32_t index) {
                       const Atom& atom = program.atoms[index];
                       return atom.confirmation == Confirmation::kNone && (atom.places & mask_of(place)) != 0;
                     });
}

}  // namespace

TEST_CASE("whatever gates and databases a line goes through, what is found is what PCRE2 finds",
          "[detect][differential]") {
  Diagnostics diagnostics;
  const auto rules = load_rules({WEIR_SOURCE_DIR "/rules"}, diagnostics);
  RuleSetOptions options;
  options.security_level = SecurityLevel::kStrict;
  const auto set = RuleSet::compile(rules, options, diagnostics);
  REQUIRE(set);
  const CompiledRules& compiled = (*set)->compiled();
  Reference reference(compiled);
  auto scanner = LineScanner::create(compiled, LineSecret());
  REQUIRE(scanner);
  HitConfirmer confirmer(compiled.program);
  Mutator mutator(texts_of_examples(rules), 1);
  const Event event;
  MatchPolicy policy;
  policy.level = SecurityLevel::kStrict;

  size_t found = 0;
  for (size_t done = 0; done < records_wanted(); done += kTogether) {
    std::vector<DecodedRecord> records;
    std::vector<Detection> detections(kTogether);
    std::vector<MatchTask> tasks;
    std::vector<RecordScan> scans(kTogether);
    for (size_t i = 0; i < kTogether; ++i)
      records.push_back(mutator.record());
    for (size_t i = 0; i < kTogether; ++i)
      tasks.push_back({&event, &records[i], &policy, &detections[i]});
    scanner->scan(tasks, scans);
    for (size_t i = 0; i < kTogether; ++i) {
      REQUIRE_FALSE(scans[i].failed);
      REQUIRE_FALSE(scans[i].capped);
      std::vector<RecordHit> hits;
      confirmer.confirm(records[i], scans[i].reports, hits);
      const Confirmed confirmed = confirmed_of(compiled, hits);
      for (uint32_t line = 0; line < records[i].lines.size(); ++line) {
        const Line& at = records[i].lines[line];
        for (uint32_t pattern = 0; pattern < compiled.program.patterns.size(); ++pattern) {
          if ((reference.places(pattern) & mask_of(at.place)) == 0) continue;
          const auto says = reference.ask(pattern, records[i], at);
          if (says == Reference::Says::kNothing) continue;
          const bool alone = confirmed.alone.count({line, pattern}) != 0;
          const bool any = alone || confirmed.with_tokenizer.count({line, pattern}) != 0;
          const bool wanted = says == Reference::Says::kYes;
          found += wanted ? 1 : 0;
          if (wanted ? alone || !counts_alone(compiled.program, pattern, at.place) : !any) continue;
          const std::string text(records[i].line_text(at));
          CAPTURE(done + i, to_string(at.place), text, compiled.program.patterns[pattern].regex, wanted);
          CHECK(any == wanted);
        }
      }
    }
  }
  CHECK(found > records_wanted() / 2);  // or the texts say nothing
}

}  // namespace weir
