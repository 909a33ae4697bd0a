#pragma once

#include <CLI/CLI.hpp>

namespace weir {

/// An option that may be given several times, with one value each: what follows a value is not another one.
inline CLI::Option* repeatable(CLI::Option* option) {
  return option->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace weir
