#include "alert/outcome.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/catch.h"

namespace weir {
namespace {

using enum Outcome;

struct Case {
  std::string what;
  EvidenceFacts facts;
  Category category;
  OutcomeHistory before;
  Outcome outcome;
};

// What a person would say of each, by the rules of docs/alerts.md.
// clang-format off
const std::vector<Case> kCases{
    {"unknown: the log says no status", {}, Category::kSqli, {}, kUnknown},
    {"unknown: informational 100", {.status = 100}, Category::kSqli, {}, kUnknown},
    {"unknown: switching protocols 101", {.status = 101}, Category::kRce, {}, kUnknown},
    {"blocked 401", {.status = 401}, Category::kSqli, {}, kBlocked},
    {"blocked 403", {.status = 403}, Category::kXss, {}, kBlocked},
    {"blocked 406, a firewall's", {.status = 406}, Category::kTraversal, {}, kBlocked},
    {"blocked 429", {.status = 429}, Category::kCmdi, {}, kBlocked},
    {"blocked 403 with a large page", {.status = 403, .response_bytes = 90'000}, Category::kSqli, {3, 100, 0}, kBlocked},
    {"blocked 403 though it took the delay", {.status = 403, .duration_ms = 5'200, .delay_ms = 5'000}, Category::kSqli, {}, kBlocked},
    {"blocked 401 after refusals", {.status = 401}, Category::kTraversal, {0, 0, mask_of(Category::kTraversal)}, kBlocked},
    {"failed 400", {.status = 400}, Category::kSqli, {}, kFailed},
    {"failed 404", {.status = 404}, Category::kTraversal, {}, kFailed},
    {"failed 405", {.status = 405}, Category::kRce, {}, kFailed},
    {"failed 410", {.status = 410}, Category::kRfi, {}, kFailed},
    {"failed 414, too long", {.status = 414}, Category::kSqli, {}, kFailed},
    {"failed 418", {.status = 418}, Category::kOther, {}, kFailed},
    {"failed 451", {.status = 451}, Category::kOther, {}, kFailed},
    {"failed 404 with a large page", {.status = 404, .response_bytes = 1'000'000}, Category::kTraversal, {3, 100, 0}, kFailed},
    {"failed 501", {.status = 501}, Category::kRce, {}, kFailed},
    {"failed 502 after SQL", {.status = 502}, Category::kSqli, {}, kFailed},
    {"failed 503", {.status = 503}, Category::kSqli, {}, kFailed},
    {"failed 504 without a delay", {.status = 504, .duration_ms = 60'000}, Category::kSqli, {}, kFailed},
    {"failed 500 after a script", {.status = 500}, Category::kXss, {}, kFailed},
    {"failed 500 after a path", {.status = 500}, Category::kTraversal, {}, kFailed},
    {"failed 500 after a command", {.status = 500}, Category::kCmdi, {}, kFailed},
    {"answered 200", {.status = 200, .response_bytes = 4'000}, Category::kSqli, {}, kAnswered},
    {"answered 200 without a size", {.status = 200}, Category::kXss, {}, kAnswered},
    {"answered 201", {.status = 201}, Category::kNosql, {}, kAnswered},
    {"answered 204", {.status = 204}, Category::kRce, {}, kAnswered},
    {"answered 206", {.status = 206, .response_bytes = 100}, Category::kTraversal, {}, kAnswered},
    {"answered 301", {.status = 301}, Category::kOther, {}, kAnswered},
    {"answered 302 to a login", {.status = 302}, Category::kSqli, {}, kAnswered},
    {"answered 304", {.status = 304}, Category::kXss, {}, kAnswered},
    {"answered 200: a first file, nothing to compare", {.status = 200, .response_bytes = 1'500}, Category::kTraversal, {}, kAnswered},
    {"likely: a quote broke the statement, 500", {.status = 500}, Category::kSqli, {}, kLikelyEffective},
    {"likely: an operator broke the query, 500", {.status = 500}, Category::kNosql, {}, kLikelyEffective},
    {"likely: a bracket broke the filter, 500", {.status = 500}, Category::kLdap, {}, kLikelyEffective},
    {"likely: 5 s asked for, 5.01 s taken", {.status = 200, .duration_ms = 5'010, .delay_ms = 5'000}, Category::kSqli, {}, kLikelyEffective},
    {"likely: 5 s asked for, 4.5 s taken by a coarse clock", {.status = 200, .duration_ms = 4'500, .delay_ms = 5'000}, Category::kSqli, {}, kLikelyEffective},
    {"answered: 5 s asked for, 4.4 s taken", {.status = 200, .duration_ms = 4'400, .delay_ms = 5'000}, Category::kSqli, {}, kAnswered},
    {"answered: 5 s asked for, 20 ms taken", {.status = 200, .duration_ms = 20, .delay_ms = 5'000}, Category::kSqli, {}, kAnswered},
    {"answered: 5 s asked for, no duration known", {.status = 200, .delay_ms = 5'000}, Category::kSqli, {}, kAnswered},
    {"answered: slow, but nothing asked it to be", {.status = 200, .duration_ms = 30'000}, Category::kSqli, {}, kAnswered},
    {"likely: a shell slept 6 s and then failed", {.status = 502, .duration_ms = 6'100, .delay_ms = 6'000}, Category::kCmdi, {}, kLikelyEffective},
    {"likely: the gateway gave up on a sleep of 60 s", {.status = 504, .duration_ms = 60'000, .delay_ms = 60'000}, Category::kSqli, {}, kLikelyEffective},
    {"likely: a delay in a 404", {.status = 404, .duration_ms = 10'020, .delay_ms = 10'000}, Category::kSqli, {}, kLikelyEffective},
    {"likely: no status, but the delay", {.duration_ms = 5'100, .delay_ms = 5'000}, Category::kSqli, {}, kLikelyEffective},
    {"answered: a delay below a second says nothing", {.status = 200, .duration_ms = 950, .delay_ms = 900}, Category::kSqli, {}, kAnswered},
    {"likely: a system file answered while its neighbours were not there", {.status = 200, .response_bytes = 1'700}, Category::kTraversal, {0, 0, mask_of(Category::kTraversal)}, kLikelyEffective},
    {"answered: the same without content", {.status = 200}, Category::kTraversal, {0, 0, mask_of(Category::kTraversal)}, kAnswered},
    {"answered: the same as a redirect", {.status = 302, .response_bytes = 300}, Category::kTraversal, {0, 0, mask_of(Category::kTraversal)}, kAnswered},
    {"answered: what was refused before was of another kind", {.status = 200, .response_bytes = 1'700}, Category::kTraversal, {0, 0, mask_of(Category::kSqli)}, kAnswered},
    {"answered: scripts refused before read no files", {.status = 200, .response_bytes = 1'700}, Category::kXss, {0, 0, mask_of(Category::kXss)}, kAnswered},
    {"likely: an entity read a file after refusals", {.status = 200, .response_bytes = 900}, Category::kXxe, {0, 0, mask_of(Category::kXxe)}, kLikelyEffective},
    {"likely: a remote file was included after refusals", {.status = 200, .response_bytes = 900}, Category::kRfi, {0, 0, mask_of(Category::kRfi)}, kLikelyEffective},
    {"likely: an answer far larger than the client's others", {.status = 200, .response_bytes = 900'000}, Category::kSqli, {2, 4'000, 0}, kLikelyEffective},
    {"answered: larger, but only once seen before", {.status = 200, .response_bytes = 900'000}, Category::kSqli, {1, 4'000, 0}, kAnswered},
    {"answered: three times as large", {.status = 200, .response_bytes = 30'000}, Category::kSqli, {5, 10'000, 0}, kAnswered},
    {"answered: many times as large, but small", {.status = 200, .response_bytes = 2'000}, Category::kSqli, {5, 100, 0}, kAnswered},
    {"likely: exactly four times, and 8 KiB more", {.status = 200, .response_bytes = 40'000}, Category::kSqli, {2, 10'000, 0}, kLikelyEffective},
    {"answered: a large redirect", {.status = 302, .response_bytes = 900'000}, Category::kSqli, {2, 4'000, 0}, kAnswered},
    {"failed: a large 404", {.status = 404, .response_bytes = 900'000}, Category::kSqli, {2, 4'000, 0}, kFailed},
};
// clang-format on

std::string capitalised(std::string_view text) {
  std::string out(text);
  out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

/// As it stands in docs/alerts.md.
std::string severity_table() {
  std::string table = "| level of the rules |";
  for (const std::string_view name : kNamesOf<Outcome>)
    table.append(" `").append(name).append("` |");
  table += "\n| --- |";
  for (size_t i = 0; i < kOutcomes; ++i)
    table += " --- |";
  for (size_t level = 0; level < kNamesOf<Level>.size(); ++level) {
    table.append("\n| ").append(kNamesOf<Level>[level]).append(" |");
    for (size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      const Level severity = severity_with(static_cast<Level>(level), static_cast<Outcome>(outcome));
      table.append(" ").append(capitalised(to_string(severity))).append(" |");
    }
  }
  return table + "\n";
}

}  // namespace

TEST_CASE("the outcome of written cases is what a person would say", "[alert][outcome]") {
  CHECK(kCases.size() >= 60);
  for (const Case& kCase : kCases) {
    CAPTURE(kCase.what);
    CHECK(to_string(outcome_of(kCase.facts, mask_of(kCase.category), kCase.before)) == to_string(kCase.outcome));
  }
}

TEST_CASE("the table of severities in the documentation is the code's", "[alert][outcome]") {
  const std::string path = std::string(WEIR_SOURCE_DIR) + "/docs/alerts.md";
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  std::string page = text.str();
  const std::string begin = "<!-- severities: begin -->\n", end = "<!-- severities: end -->";
  const size_t from = page.find(begin), to = page.find(end);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  const size_t first = from + begin.size();
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr) {
    page.replace(first, to - first, severity_table());
    std::ofstream(path, std::ios::binary) << page;
    return;
  }
  CHECK(page.substr(first, to - first) == severity_table());
}

}  // namespace weir
