#include "event/directive/directive_template.h"

#include <algorithm>

namespace weir {

void DirectiveTemplate::add_literal(size_t offset, std::string_view text) {
  if (text.empty()) return;
  if (!pieces.empty() && !pieces.back().variable) {
    pieces.back().literal += text;
    return;
  }
  pieces.push_back({offset, std::string(text), std::nullopt});
}

void DirectiveTemplate::add_variable(size_t offset, DirectiveVariable variable) {
  if (!variable.note.empty() && std::find(notes.begin(), notes.end(), variable.note) == notes.end())
    notes.push_back(variable.note);
  pieces.push_back({offset, {}, std::move(variable)});
}

}  // namespace weir
