#pragma once

namespace weir {

/// Asked by whatever waits for Kafka, several times a second: may it go on? Answering also proves to the watchdog that
/// the lane is waiting and does not hang.
class Patience {
 public:
  Patience() = default;
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;
  virtual ~Patience() = default;

  virtual bool may_wait() = 0;
};

}  // namespace weir
