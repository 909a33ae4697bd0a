#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "event/input_profile.h"
#include "event/profile/column_facts.h"

namespace weir {

/// A profile for JSON records made up from the records: where each field stands is told from the keys' names, at any depth
/// and in any spelling, and from what their values look like. Nothing if none says what was requested.
std::optional<InputProfile> infer_json_form(std::span<const std::string_view> lines, const KnownNames& names);

}  // namespace weir
