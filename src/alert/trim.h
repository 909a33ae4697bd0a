#pragma once

#include "alert/alert.h"

namespace weir {

/// Takes the least telling part of an alert out that is still there, for one that is larger than its topic allows, and marks it
/// (Alert::trimmed): first the excerpts of its hits, then all hits but the heaviest, then the evidence, then a correlation's group
/// values. False: nothing is left that can be missed.
bool trim(Alert& alert);

}  // namespace weir
