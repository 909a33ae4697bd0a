#pragma once

#include <string_view>
#include <vector>

#include "base/topic_table.h"
#include "config/config.h"

namespace weir {

/// The sources that claim a topic, by name or pattern, in the order of the list: the first one reads it.
std::vector<size_t> claiming_sources(const std::vector<SourceConfig>& sources, std::string_view topic);

/// The topics that the configuration names, with their sources; others join when they match a pattern.
TopicTable topic_table(const Config& config);

/// What to say of a topic that several sources claim: which of them reads it, and why. Empty for one source or none.
std::string remark_on_claims(const std::vector<SourceConfig>& sources, std::string_view topic);

}  // namespace weir
