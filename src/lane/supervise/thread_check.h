#pragma once

#include <thread>

#include "base/assert.h"

namespace weir {

/// Of an object that belongs to one thread: the first that comes.
class ThreadCheck {
 public:
  /// Aborts on any thread but the first that called this.
  void assert_here() {
    if (owner_ == std::thread::id()) owner_ = std::this_thread::get_id();
    WEIR_ASSERT(owner_ == std::this_thread::get_id(), "a lane belongs to one thread");
  }

 private:
  std::thread::id owner_;
};

}  // namespace weir
