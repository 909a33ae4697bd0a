#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <vector>

#include "base/time.h"
#include "lane/clients/recent_alerts.h"
#include "score/decisions/decision.h"
#include "score/orders/silences.h"
#include "score/report/client_report.h"

namespace weir {

/// Which client a person asks about: its partition of the observations topic and its two hashes.
struct ClientQuestion {
  int32_t partition = 0;
  uint64_t hash = 0;
  uint64_t check = 0;
};

/// What a score lane says to it.
struct ClientAnswer {
  enum class Here : uint8_t {
    kNo,         ///< the lane does not have the partition
    kRestoring,  ///< it has, and its state is still being restored
    kYes,
  };
  Here here = Here::kNo;
  int64_t next_offset = 0;             ///< of the partition: all before it is in the answer
  std::optional<EventTime> clock;      ///< the partition's event time
  std::optional<ClientReport> client;  ///< nothing: it is not known
  std::vector<Silence> silences;       ///< in force
  std::optional<ClientDecisions> decisions;
  std::vector<RecentAlert> alerts;  ///< the newest first
};

/// Where others leave questions for a score lane. The lane answers between two batches, by a copy: nobody else reads its state,
/// and it waits for nobody. Any thread may ask.
class ClientDesk {
 public:
  /// Questions that may wait; further ones get no answer.
  static constexpr size_t kWaitingMax = 16;

  /// The answer comes when the lane is between two batches: within a tenth of a second, unless it waits for Kafka. Nothing: too many
  /// questions wait.
  std::optional<std::future<ClientAnswer>> ask(const ClientQuestion& question);

  /// The lane's thread; costs one load while nobody asks.
  template <typename Answer>
  void answer_all(const Answer& answer) {
    if (!is_asked_.load(std::memory_order_acquire)) return;
    for (Waiting& waiting : take())
      waiting.answer.set_value(answer(waiting.question));
  }

 private:
  struct Waiting {
    ClientQuestion question;
    std::promise<ClientAnswer> answer;
  };
  std::deque<Waiting> take();

  std::atomic<bool> is_asked_{false};
  std::mutex mutex_;
  std::deque<Waiting> waiting_;  // guarded by mutex_
};

}  // namespace weir
