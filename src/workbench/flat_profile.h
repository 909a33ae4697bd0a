#pragma once

#include "pipeline/record_judge.h"

namespace weir {

/// How records of rule files and samples are judged: in the flat profile, with every other option as it comes.
JudgeOptions flat_profile();

}  // namespace weir
