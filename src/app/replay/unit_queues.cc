#include "app/replay/unit_queues.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

constexpr size_t kUnitsOfQueueMax = 8;
constexpr std::chrono::milliseconds kLook{100};

}  // namespace

UnitQueues::UnitQueues(size_t ranges, size_t judgements)
    : judgements_(judgements),
      units_max_(std::clamp<size_t>(kUnitsMax / std::max<size_t>(ranges, 1), 1, kUnitsOfQueueMax)),
      queues_(ranges) {}

bool UnitQueues::has_room(uint32_t range) const {
  const std::lock_guard lock(mutex_);
  return queues_[range].units.size() < units_max_;
}

void UnitQueues::wait_for_room(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  if (!is_stopped_) went_.wait_for(lock, time);
}

UnitQueues::Unit UnitQueues::obtain() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Unit unit = std::move(free_.back());
      free_.pop_back();
      return unit;
    }
  }
  auto unit = std::make_unique<JudgedUnit>();
  unit->judged.resize(judgements_);
  return unit;
}

void UnitQueues::push(Unit unit) {
  const std::lock_guard lock(mutex_);
  queues_[unit->range].units.push_back(std::move(unit));
  came_.notify_one();
}

void UnitQueues::finish(uint32_t range) {
  const std::lock_guard lock(mutex_);
  queues_[range].is_finished = true;
  came_.notify_one();
}

void UnitQueues::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (failure_) failure_ = tl::unexpected(error);
  is_stopped_ = true;
  came_.notify_all();
  went_.notify_all();
}

bool UnitQueues::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return is_stopped_;
}

UnitQueues::Unit UnitQueues::next(uint32_t range, const std::function<void()>& waiting) {
  std::unique_lock lock(mutex_);
  Queue& queue = queues_[range];
  while (queue.units.empty() && !queue.is_finished && !is_stopped_) {
    came_.wait_for(lock, kLook);
    lock.unlock();
    waiting();
    lock.lock();
  }
  if (queue.units.empty() || is_stopped_) return nullptr;
  Unit unit = std::move(queue.units.front());
  queue.units.pop_front();
  went_.notify_all();
  return unit;
}

void UnitQueues::give_back(std::vector<Unit>& units) {
  const std::lock_guard lock(mutex_);
  for (Unit& unit : units)
    free_.push_back(std::move(unit));
  units.clear();
}

void UnitQueues::stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  came_.notify_all();
  went_.notify_all();
}

Status UnitQueues::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace weir
