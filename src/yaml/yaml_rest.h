#pragma once

#include <string>

namespace weir {

/// yaml-cpp 0.7 takes what it cannot read for the end of a document: YAML::Load then drops the rest without a word, and
/// YAML::LoadAll makes empty documents of it for ever. Gives the line (from 1) of a second document or of such a rest, 0 when
/// there is none. Throws YAML::Exception on text that is not YAML.
int line_behind_first_document(const std::string& text);

}  // namespace weir
