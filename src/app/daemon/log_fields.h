#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// What a message of the log names, for a reader that filters: which part of weir speaks, and the lane, client, topic, partition,
/// offset, group, rule set it speaks of. Taken from the words that weir's own messages have in common ("lane detect-0", "topic
/// http.requests", "partition 3"), so a message says the same in both formats.
std::vector<std::pair<std::string_view, std::string>> log_fields(std::string_view message);

}  // namespace weir
