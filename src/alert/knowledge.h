#pragma once

#include <string_view>
#include <vector>

#include "alert/alert.h"

namespace weir {

/// What is known of kinds of attack, for people and for tools that sort by it.

/// "SQL injection".
std::string_view caption_of(Category category);

/// A technique of MITRE ATT&CK (enterprise, version 16) with its tactic; the sub-technique may be empty.
struct Technique {
  std::string_view uid, name, sub_uid, sub_name, tactic_uid, tactic_name;
};
/// At least one for an alert of every kind.
std::vector<Technique> techniques_of(const Alert& alert);

/// What to do about it.
std::string_view remediation_of(const Alert& alert);

/// How sure the finding is.
enum class Confidence : uint8_t { kLow = 1, kMedium, kHigh };
Confidence confidence_of(const Alert& alert);

}  // namespace weir
