#include "app/notify/outbox.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace weir {
namespace {

constexpr double kMsPerMinute = 60'000;

size_t bytes_of(const Notice& notice) {
  return notice.body.size() + notice.id.size() + sizeof(Notice);
}

}  // namespace

bool RecentIds::add(const std::string& id) {
  if (!ids_.insert(id).second) return false;
  order_.push_back(id);
  if (order_.size() > max_) {
    ids_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

void RecentIds::clear() {
  order_.clear();
  ids_.clear();
}

Outbox::Outbox(const NotifyConfig& config, Time now)
    : per_minute_(config.messages_per_minute),
      tokens_(config.messages_per_minute),
      refilled_(now),
      retry_max_(config.retry_max),
      recent_(std::max<size_t>(config.remembered_ids, kWaitingMax)) {}

Outbox::Added Outbox::add(int32_t partition, int64_t offset, std::optional<Notice> notice) {
  Added added = notice ? Added::kWaits : Added::kNothing;
  if (notice && !recent_.add(notice->id)) {
    notice.reset();
    added = Added::kRepeat;
  }
  if (notice) {
    ++waiting_;
    bytes_ += bytes_of(*notice);
  }
  items_.push_back({partition, offset, std::move(notice)});
  take_out_done();
  return added;
}

/// A token each minute's part; as many as a minute's at most.
void Outbox::refill(Time now) {
  const double passed = std::chrono::duration<double, std::milli>(now - refilled_).count();
  tokens_ = std::min(per_minute_, tokens_ + std::max(passed, 0.0) * per_minute_ / kMsPerMinute);
  refilled_ = now;
}

std::optional<Outbox::Time> Outbox::due() const {
  if (waiting_ == 0) return std::nullopt;
  Time allowed = refilled_;
  if (tokens_ < 1) {
    const std::chrono::duration<double, std::milli> wait((1 - tokens_) * kMsPerMinute / per_minute_);
    allowed += std::chrono::ceil<Milliseconds>(wait);
  }
  return std::max(allowed, not_before_);
}

Outbox::Next Outbox::next(Time now) {
  WEIR_ASSERT(waiting_ > 0, "there is something to send");
  refill(now);
  Next next;
  // The last that is allowed for now tells of all: the others would wait.
  const bool is_summary = tokens_ < 2 && waiting_ > 1;
  told_ = is_summary ? waiting_ : 1;
  for (const Item& item : items_) {
    if (!item.notice) continue;
    const Notice& notice = *item.notice;
    if (!is_summary) {
      next.notice = &notice;
      return next;
    }
    ++next.summary.count;
    const auto severity = static_cast<size_t>(std::clamp<int64_t>(notice.severity, 0, 5));
    ++next.summary.by_severity[severity];
    next.summary.first = std::min(next.summary.first, notice.time);
    next.summary.last = std::max(next.summary.last, notice.time);
  }
  return next;
}

void Outbox::delivered(Time now) {
  refill(now);
  tokens_ = std::max(0.0, tokens_ - 1);
  pause_ = kFirstPause;
  tries_ = 0;
  take_out(told_);
}

void Outbox::refused(Time now) {
  delivered(now);
}

void Outbox::failed(Time now, std::optional<Milliseconds> wait) {
  ++tries_;
  not_before_ = now + std::max(pause_, wait.value_or(Milliseconds{0}));
  pause_ = std::min(2 * pause_, retry_max_);
}

void Outbox::take_out(size_t notices) {
  for (Item& item : items_) {
    if (notices == 0) break;
    if (!item.notice) continue;
    --notices;
    --waiting_;
    bytes_ -= bytes_of(*item.notice);
    item.notice.reset();
  }
  take_out_done();
}

void Outbox::take_out_done() {
  while (!items_.empty() && !items_.front().notice) {
    positions_[items_.front().partition] = items_.front().offset + 1;
    items_.pop_front();
  }
}

void Outbox::clear() {
  items_.clear();
  positions_.clear();
  recent_.clear();  // what waited must be sent when it comes again
  waiting_ = bytes_ = 0;
}

}  // namespace weir
