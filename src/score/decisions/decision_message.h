#pragma once

#include <string>
#include <string_view>

#include "score/decisions/decision.h"

namespace weir {

/// A decision as a message of its topic (docs/decisions.md): compaction keeps the last one of each key.

/// The client's kind and identity. One partition of the observations alone writes to it.
std::string decision_key(const Decision& decision);
/// JSON, without a line's end.
std::string decision_value(const Decision& decision);

/// The same with what happened in front, for files: `{"change":"made",…}`.
std::string decision_line(const DecisionChange& change);

/// "ip", "range", "api_key" or "customer".
std::string_view scope_of(const Decision& decision);

/// The message's headers: what happened, and to which decision; all that a tombstone says.
inline constexpr std::string_view kDecisionChangeHeader = "weir-decision-change",
                                  kDecisionIdHeader = "weir-decision-id";

}  // namespace weir
