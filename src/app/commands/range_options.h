#pragma once

#include "app/replay/range_arguments.h"

namespace CLI {
class App;
}

namespace weir {

/// Adds the options that say which records of the requests topics are meant, and how they are read.
void add_range_options(CLI::App& command, RangeArguments& arguments);

/// Lets daemons on the same machine go first: a question about the past can wait. To be called before there are other threads, which
/// take their priority from this one.
void give_way_to_daemons();

}  // namespace weir
