#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "event/input_profile.h"
#include "event/profile/column_facts.h"

namespace weir {

/// A form of text lines made up from the lines: how the profile's `text` would say it, and that compiled.
struct InferredText {
  std::string pattern;  ///< "{client_ip} - {} [{time}] \"{target}\" {status} …"
  std::string escape;   ///< "backslash", "hash" or "quotes"
  InputProfile profile;
};

/// Finds what most of the lines have in common: the text between the values (spaces, tabs, bars, quotes, brackets, "key="),
/// and what each value is. Values that are not needed but could come from a client are looked at as headers. Nothing if the
/// lines differ, or no column says what was requested. `lines` are as they are without the prefixes of shippers.
std::optional<InferredText> infer_text_form(std::span<const std::string_view> lines, const KnownNames& names);

}  // namespace weir
