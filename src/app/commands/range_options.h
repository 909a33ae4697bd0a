#pragma once

#include "app/replay/range_arguments.h"

namespace CLI {
class App;
}

namespace weir {

/// Adds the options that say which records of the requests topics are meant, and how they are read.
void add_range_options(CLI::App& command, RangeArguments& arguments);

}  // namespace weir
