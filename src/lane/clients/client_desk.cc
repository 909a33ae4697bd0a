#include "lane/clients/client_desk.h"

#include <utility>

namespace weir {

std::optional<std::future<ClientAnswer>> ClientDesk::ask(const ClientQuestion& question) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kWaitingMax) return std::nullopt;
  waiting_.push_back({question, {}});
  is_asked_.store(true, std::memory_order_release);
  return waiting_.back().answer.get_future();
}

std::deque<ClientDesk::Waiting> ClientDesk::take() {
  const std::lock_guard lock(mutex_);
  is_asked_.store(false, std::memory_order_release);
  return std::exchange(waiting_, {});
}

}  // namespace weir
