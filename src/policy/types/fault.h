#pragma once

#include <string_view>

namespace weir {

/// What is wrong with a value: a static text such as "longer than allowed"; empty when nothing is.
using Fault = std::string_view;

}  // namespace weir
