#include "workbench/draft/rule_draft.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/hex.h"
#include "base/siphash.h"
#include "rules/loader.h"
#include "workbench/rule_check.h"

namespace weir {
namespace {

constexpr const char* kFileName = "the draft";
constexpr size_t kAlsoSharedMax = 8;
constexpr SipHashKey kIdKeys[] = {{1, 2}, {3, 4}};

/// A UUID of version 8 (RFC 9562) made of the text.
std::string id_of(std::string_view text) {
  std::string digits;
  for (const SipHashKey& key : kIdKeys)
    for (uint64_t hash = siphash(key, text), byte = 0; byte < sizeof(hash); ++byte)
      append_hex(digits, static_cast<uint8_t>(hash >> (8 * byte)));
  digits[12] = '8';
  digits[16] = 'a';
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) +
         "-" + digits.substr(20);
}

std::string list_of(const std::vector<DraftExample>& examples) {
  std::string lines;
  for (const DraftExample& example : examples) {
    if (example.is_masked) lines += "      # a secret in the next one was masked\n";
    if (example.is_cut) lines += "      # the next one was longer\n";
    lines += "      - " + example.yaml + "\n";
  }
  return lines.empty() ? "      []\n" : lines;
}

std::string comment_of(const RuleDraft& draft) {
  std::string text = "# A draft by weir rules new, of " + std::to_string(draft.records) +
                     (draft.records == 1 ? " record" : " records") +
                     ". Whatever says TODO is for you to decide.\n"
                     "# Then: weir rules test FILE; weir rules lint FILE; weir rules try FILE access.log\n";
  if (draft.also_shared.empty()) return text;
  text += "#\n# It looks for the first of what they share that is in no ordinary record. They also share:\n";
  for (size_t i = 0; i < draft.also_shared.size() && i < kAlsoSharedMax; ++i)
    text += "#   " + draft.also_shared[i].key() + ": " + draft.also_shared[i].value() + "\n";
  return text;
}

std::string detection_only(const Clue& clue, const std::string& id) {
  return "title: clue\nid: " + id + "\nlogsource: {category: webserver}\ndetection:\n  selection:\n    " + clue.key() +
         ": " + clue.value() + "\n  condition: selection\nlevel: high\n";
}

}  // namespace

std::string print_selection(const std::vector<Clue>& clues) {
  std::map<std::string, std::vector<std::string>> items;
  for (const Clue& clue : clues)
    items[clue.key()].push_back(clue.value());
  std::string lines;
  for (const auto& [key, values] : items) {
    if (values.size() == 1) {
      lines += "    " + key + ": " + values.front() + "\n";
      continue;
    }
    lines += "    " + key + "|all:\n";
    for (const auto& value : values)
      lines += "      - " + value + "\n";
  }
  return lines;
}

std::string print_draft(const RuleDraft& draft) {
  const std::string selection = print_selection(draft.looks_for);
  const bool has_category = draft.category != Category::kOther;
  return comment_of(draft) +
         "title: 'TODO: what it finds'\n"
         "id: " +
         id_of(selection) +
         "\n"
         "status: experimental\n"
         "description: 'TODO: what it finds, and why that is an attack.'\n"
         "references: []  # TODO: where the attack is described\n"
         "tags: []  # TODO: as attack.initial-access, attack.t1190, cwe.89\n"
         "logsource: {category: webserver}\n"
         "detection:\n"
         "  selection:\n" +
         selection +
         "  condition: selection\n"
         "falsepositives: ['TODO: which ordinary requests may hold this']\n"
         "level: medium  # TODO: low, medium, high, critical\n"
         "weir:\n"
         "  category: " +
         std::string(to_string(draft.category)) +
         (has_category ? "  # TODO: so says what the rules in force find in these records; is it?\n"
                       : "  # TODO: sqli xss cmdi traversal nosql ldap ssrf ssti xxe rce rfi crlf other\n") +
         "  weight: 4  # TODO: points towards a request's score; 10 decides alone, and then the description says why\n"
         "  examples:\n"
         "    positive:\n" +
         list_of(draft.positive) + "    negative:\n" + list_of(draft.negative);
}

Result<size_t> drop_false_examples(RuleDraft& draft) {
  const std::string text = print_draft(draft);
  Diagnostics diagnostics;
  const auto rules = parse_rules(text, kFileName, diagnostics);
  if (has_errors(diagnostics) || rules.size() != 1)
    return fail(ErrorCode::kInternal, "draft", diagnostics.empty() ? "it is no rule" : diagnostics.front().to_string());
  const auto report = test_rules(rules, RuleSetOptions{});
  if (!report) return tl::unexpected<Error>(report.error());
  size_t dropped = 0;
  const size_t positives = draft.positive.size();
  for (size_t i = report->examples.size(); i-- > 0;) {
    if (report->examples[i].passed) continue;
    auto& examples = i < positives ? draft.positive : draft.negative;
    examples.erase(examples.begin() + static_cast<std::ptrdiff_t>(i < positives ? i : i - positives));
    ++dropped;
  }
  return dropped;
}

Result<std::shared_ptr<const RuleSet>> compile_clues(const std::vector<Clue>& clues) {
  std::string text;
  for (size_t i = 0; i < clues.size(); ++i)
    text += (i == 0 ? "" : "---\n") + detection_only(clues[i], id_of(std::to_string(i)));
  Diagnostics diagnostics;
  const auto rules = parse_rules(text, "what the records share", diagnostics);
  if (has_errors(diagnostics)) return fail(ErrorCode::kInternal, "draft", diagnostics.front().to_string());
  return RuleSet::compile(rules, RuleSetOptions{}, diagnostics);
}

}  // namespace weir
