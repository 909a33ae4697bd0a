#pragma once

#include "app/terminal/interruption.h"
#include "lane/patience.h"

namespace weir {

/// Waits for Kafka until somebody presses Ctrl-C.
class UntilInterrupted : public Patience {
 public:
  explicit UntilInterrupted(Interruption& interruption) : interruption_(interruption) {}
  bool may_wait() override { return !interruption_.requested(); }

 private:
  Interruption& interruption_;
};

}  // namespace weir
