#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "app/notify/notice.h"
#include "base/time.h"

namespace weir {

/// What a message says that stands for many alerts.
struct NoticeSummary {
  uint64_t count = 0;
  std::array<uint64_t, 6> by_severity{};
  EventTime first = EventTime::max();
  EventTime last = EventTime::min();
};

/// The ids of the latest alerts, so many at most; the oldest is forgotten first.
class RecentIds {
 public:
  explicit RecentIds(size_t max) : max_(max) {}
  /// False if it is among them already.
  bool add(const std::string& id);
  void clear();

 private:
  size_t max_;
  std::deque<std::string> order_;
  std::unordered_set<std::string> ids_;
};

/// What is read and not yet done with, in order: when which message goes out, and how far the group has come. Decides by the times it
/// is given; sends nothing itself.
///
/// Messages go one at a time and in order. Beyond the rate the last message that is allowed tells of all that wait. What failed is
/// tried again after a pause that doubles; what it stands for may have grown by then.
class Outbox {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  static constexpr size_t kWaitingMax = 10'000;      ///< alerts; then no more are read
  static constexpr size_t kBytesMax = 64 << 20;      ///< of their messages; likewise
  static constexpr Milliseconds kFirstPause{1'000};  ///< before a second try

  Outbox(const NotifyConfig& config, Time now);

  /// A record that was read: with a notice, or with nothing to send. One whose id is among the latest is done with.
  enum class Added : uint8_t { kWaits, kNothing, kRepeat };
  Added add(int32_t partition, int64_t offset, std::optional<Notice> notice);

  [[nodiscard]] bool is_full() const {
    return waiting_ >= kWaitingMax || bytes_ >= kBytesMax || items_.size() >= 4 * kWaitingMax;
  }
  [[nodiscard]] size_t waiting() const { return waiting_; }

  /// When the next message may go; none while there is nothing to send.
  [[nodiscard]] std::optional<Time> due() const;

  /// The next message: of one alert, or a summary.
  struct Next {
    const Notice* notice = nullptr;
    NoticeSummary summary;
  };
  [[nodiscard]] Next next(Time now);

  /// What became of the message that next() gave.
  void delivered(Time now);
  void refused(Time now);  ///< for good: it is left out
  void failed(Time now, std::optional<Milliseconds> wait);
  [[nodiscard]] uint32_t tries() const { return tries_; }

  /// By partition where reading would go on if everything that waits were lost: what may be committed.
  [[nodiscard]] const std::map<int32_t, int64_t>& positions() const { return positions_; }
  /// Forgets all that waits: it is another member's now.
  void clear();

 private:
  struct Item {
    int32_t partition = 0;
    int64_t offset = 0;
    std::optional<Notice> notice;
  };

  void refill(Time now);
  void take_out(size_t notices);
  void take_out_done();

  double per_minute_;
  double tokens_;
  Time refilled_;
  Milliseconds retry_max_, pause_{kFirstPause};
  uint32_t tries_ = 0;
  Time not_before_{};
  RecentIds recent_;
  std::deque<Item> items_;
  size_t waiting_ = 0, bytes_ = 0;
  size_t told_ = 1;  // notices that the message under way tells of
  std::map<int32_t, int64_t> positions_;
};

}  // namespace weir
