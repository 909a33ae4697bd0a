#pragma once

#include <string>
#include <vector>

#include "workbench/draft/clue.h"

namespace weir {

/// A Sigma filter by what false alarms say and attacks do not.
struct FilterDraft {
  std::string title;
  std::vector<std::string> rules;  ///< ids
  std::string method, host;        ///< of all the false alarms; empty: not the same in all
  std::vector<Clue> clues;         ///< all of them in one request
};

/// The filter as a file of a rule directory.
std::string print_filter(const FilterDraft& draft);

/// Clues in the order in which a filter wants them: what is longest is narrowest, whatever it looks like.
void sort_for_filter(std::vector<Clue>& clues);

}  // namespace weir
