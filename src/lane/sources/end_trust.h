#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace weir {

/// Whether what a consumer has heard of the ends of its partitions still holds. After an interruption it does not: what came meanwhile
/// arrives for one partition sooner than for another, and a partition that was at its end before would seem to be there still. So the
/// brokers are asked where all of them end now, and a partition is at its end when it was read that far. One thread.
class EndTrust {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Milliseconds kPollGap{
      5'000};                                    ///< not polled for so long is an interruption, as a lost connection is
  static constexpr Milliseconds kAskAgain{500};  ///< after a question without an answer

  /// At each poll. `losses`: of connections, so far; `away`: no broker is reached.
  void look(uint64_t losses, bool away, Clock::time_point now) {
    if (losses != losses_ || away || is_gap(now)) {
      losses_ = losses;
      ++interruptions_;
      is_doubted_ = true;
    }
    is_away_ = away;
    looked_ = now;
  }

  /// The brokers are to be asked for the ends now: the number of the question. Nothing: there is no need, or it is asked already.
  [[nodiscard]] std::optional<uint64_t> ask(Clock::time_point now) {
    if (!is_doubted_ || is_away_ || is_asked_ || now < ask_from_) return std::nullopt;
    is_asked_ = true;
    return interruptions_;
  }
  /// The question is answered, or was given up. True: the answer holds. It does not if something has interrupted since.
  bool answered(uint64_t question, bool is_known, Clock::time_point now) {
    is_asked_ = false;
    if (is_known && question == interruptions_) {
      is_doubted_ = false;
      return true;
    }
    ask_from_ = is_known ? now : now + kAskAgain;
    return false;
  }

  /// The question will not be answered.
  void give_up_question() { is_asked_ = false; }

  [[nodiscard]] bool holds(Clock::time_point now) const { return !is_doubted_ && !is_gap(now); }

 private:
  [[nodiscard]] bool is_gap(Clock::time_point now) const {
    return looked_ != Clock::time_point() && now - looked_ > kPollGap;
  }

  uint64_t losses_ = 0, interruptions_ = 0;
  bool is_doubted_ = false, is_away_ = false, is_asked_ = false;
  Clock::time_point looked_{};
  Clock::time_point ask_from_{};
};

}  // namespace weir
