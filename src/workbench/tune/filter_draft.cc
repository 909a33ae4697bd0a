#include "workbench/tune/filter_draft.h"

#include <algorithm>
#include <numeric>

#include "workbench/draft/rule_draft.h"

namespace weir {
namespace {

size_t bytes_of(const Clue& clue) {
  return std::accumulate(clue.pieces.begin(), clue.pieces.end(), size_t{0},
                         [](size_t sum, const std::string& piece) { return sum + piece.size(); });
}

}  // namespace

std::string print_filter(const FilterDraft& draft) {
  std::string text = "title: " + yaml_scalar(draft.title) +
                     "\nlogsource: {category: webserver}\n"
                     "filter:\n"
                     "  rules:\n";
  for (const auto& rule : draft.rules)
    text += "    - " + rule + "\n";
  text += "  selection:\n";
  if (!draft.method.empty()) text += "    cs-method: " + yaml_scalar(draft.method) + "\n";
  if (!draft.host.empty()) text += "    cs-host: " + yaml_scalar(draft.host) + "\n";
  return text + print_selection(draft.clues) + "  condition: not selection\n";
}

void sort_for_filter(std::vector<Clue>& clues) {
  std::stable_sort(clues.begin(), clues.end(), [](const Clue& a, const Clue& b) {
    const bool single_a = a.pieces.size() == 1, single_b = b.pieces.size() == 1;
    if (a.as_word != b.as_word) return b.as_word;
    return single_a != single_b ? single_a : bytes_of(a) > bytes_of(b);
  });
}

}  // namespace weir
