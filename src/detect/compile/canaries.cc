#include "detect/compile/canaries.h"

#include <hs/hs.h>

#include <array>
#include <string>

#include "detect/compile/pattern_database.h"
#include "detect/rule_set.h"

namespace weir {
namespace {

/// One pattern, a text, and where it must be reported first (0: it must not be).
struct Canary {
  std::string_view name;
  std::string_view regex;
  LetterCase letter_case;
  std::string_view text;
  unsigned first_end;
};

using enum LetterCase;

// Kinds of expression that builds of the library are known to have got wrong, and the properties the scan relies on.
constexpr std::array kCanaries = {
    Canary{"gap between two literals", R"(curl.*\|\s*python)", kMatters, "curl http://h:8080/ 2>&1 | python", 33},
    Canary{"gap between two literals, caseless", R"(CURL.*\|[\x20]*PYTHON)", kIgnored,
           "x=curl http://h:8080/ 2>&1 |  python3\n", 36},
    Canary{"a dot stops at a line's end", "one.*two", kIgnored, "one\ntwo\n", 0},
    Canary{"the front of a later line", "^two", kIgnored, "one\ntwo\n", 7},
    Canary{"the end of an earlier line", "one$", kIgnored, "one\ntwo\n", 3},
    Canary{"a whole line", R"(^\x61b$)", kIgnored, "xab\nAB\nabx\n", 6},
    Canary{"not a whole line", R"(^\x61b$)", kIgnored, "xab\nabx\n", 0},
    Canary{"hexadecimal literal, caseless", R"(\x75\x6e\x69\x6f\x6e)", kIgnored, "id=1 UnIoN", 10},
    Canary{"hexadecimal literal, cased", R"(\x75\x6e\x69\x6f\x6e)", kMatters, "id=1 UnIoN", 0},
    Canary{"word boundary", R"(\bor\b)", kIgnored, "for or\n", 6},
    Canary{"negated class keeps to the line", R"(a[^b\n]c)", kIgnored, "a\nc\n", 0},
    Canary{"bounded repeat", R"(x.{3,5}y)", kIgnored, "xabcy\n", 5},
    Canary{"alternation behind a gap", R"(union.{0,20}(?:select|values))", kIgnored, "union all  select", 17},
    Canary{"long literal", R"(\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x61\x62)",
           kIgnored, "aaaaaaaaaaaaaaaaaaaaaaab", 24},
};

Status canary_failed(std::string_view name, const std::string& why) {
  return fail(ErrorCode::kInternal, "detect",
              "the matching library failed the self-test '" + std::string(name) + "': " + why +
                  "; its verdicts cannot be trusted");
}

}  // namespace

Status run_matcher_canaries() {
  return run_matcher_canaries("");
}

Status run_matcher_canaries(const std::string& cache_directory) {
  if (hs_valid_platform() != HS_SUCCESS)
    return fail(ErrorCode::kUnsupported, "detect", "the processor lacks what the matching library needs (SSSE3)");
  std::vector<Pattern> patterns;
  for (const auto& canary : kCanaries)
    patterns.push_back({std::string(canary.regex), canary.letter_case});
  PatternError error;
  const auto database = compile_database_cached(patterns, cache_directory, error);
  if (!database) return canary_failed("compile", error.message);
  HsScratch scratch;
  if (Status status = grow_scratch(*database, scratch); !status) return status;
  // All patterns in one database, as in production: together they take other code paths than alone.
  for (unsigned i = 0; i < kCanaries.size(); ++i) {
    struct Seen {
      unsigned id;
      unsigned long long end;
    } seen{i, 0};
    const auto report = [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
      auto* wanted = static_cast<Seen*>(context);
      if (id == wanted->id && (wanted->end == 0 || to < wanted->end)) wanted->end = to;
      return 0;
    };
    const Canary& canary = kCanaries[i];
    const hs_error_t code = hs_scan(database->get(), canary.text.data(), static_cast<unsigned>(canary.text.size()), 0,
                                    scratch.get(), report, &seen);
    if (code != HS_SUCCESS) return canary_failed(canary.name, "code " + std::to_string(code));
    if (seen.end != canary.first_end)
      return canary_failed(canary.name,
                           "found at " + std::to_string(seen.end) + " instead of " + std::to_string(canary.first_end));
  }
  return {};
}

std::string matching_library_version() {
  return hs_version();
}

}  // namespace weir
