#pragma once

#include <vector>

#include "base/diagnostic.h"
#include "rules/correlation.h"
#include "rules/rule.h"

namespace weir {

/// Finds what each correlation refers to, by id or name. Reports references to nothing, ids and names taken twice, cycles,
/// chains too long, aliases of unknown rules or that no group-by uses, and chains whose group-by differs (a result belongs to
/// its group's partition). Rules without a `weir` section that only feed correlations without `generate: true` lose their
/// weight: by themselves they make no alert (Sigma's default).
void link_correlations(std::vector<Correlation>& correlations, std::vector<Rule>& rules, Diagnostics& diagnostics);

}  // namespace weir
