#include "base/topic_table.h"

#include <utility>

#include "base/assert.h"

namespace weir {
namespace {

/// Topics are added a few times in a process's life, so whoever adds waits for another who does by trying again.
class GrowLock {
 public:
  explicit GrowLock(std::atomic_flag& flag) : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire))
      flag_.wait(true, std::memory_order_relaxed);
  }
  ~GrowLock() {
    flag_.clear(std::memory_order_release);
    flag_.notify_one();
  }
  GrowLock(const GrowLock&) = delete;
  GrowLock& operator=(const GrowLock&) = delete;

 private:
  std::atomic_flag& flag_;
};

}  // namespace

TopicTable::TopicTable(std::span<const std::string> names) : TopicTable(names, {}, nullptr) {}

TopicTable::TopicTable(std::span<const std::string> names, std::vector<std::string> sources, Claim claim)
    : state_(std::make_shared<State>()) {
  WEIR_ASSERT(names.size() <= kTopicsMax, "the configuration names no more topics");
  state_->sources = std::move(sources);
  state_->claim = std::move(claim);
  for (const std::string& name : names)
    append(name, state_->claim ? state_->claim(name).value_or(TopicClaim{kNoSource, {}}) : TopicClaim{});
}

void TopicTable::append(std::string_view name, TopicClaim claim) {
  const size_t at = size();
  state_->entries[at] = {std::string(name), std::move(claim.remark), claim.source};
  state_->size.store(at + 1, std::memory_order_release);
}

const std::string& TopicTable::operator[](size_t topic) const {
  WEIR_ASSERT(topic < size(), "topics have numbers below the table's size");
  return entry(topic).name;
}

std::string_view TopicTable::name(size_t topic) const {
  return topic < size() ? std::string_view(entry(topic).name) : std::string_view();
}

std::optional<uint16_t> TopicTable::find(std::string_view name) const {
  const size_t count = size();
  for (size_t topic = 0; topic < count; ++topic)
    if (entry(topic).name == name) return static_cast<uint16_t>(topic);
  return std::nullopt;
}

std::optional<uint16_t> TopicTable::add(std::string_view name, Unclaimed unclaimed) {
  if (const auto known = find(name)) return known;
  std::optional<TopicClaim> claim = state_->claim ? state_->claim(name) : std::nullopt;
  if (!claim && unclaimed == Unclaimed::kRefuse) return std::nullopt;
  const GrowLock lock(state_->is_growing);
  if (const auto known = find(name)) return known;
  const size_t at = size();
  if (at == kTopicsMax) return std::nullopt;
  append(name, claim ? std::move(*claim) : TopicClaim{kNoSource, {}});
  return static_cast<uint16_t>(at);
}

std::string_view TopicTable::source_name(size_t topic) const {
  const uint16_t source = source_of(topic);
  return source < state_->sources.size() ? std::string_view(state_->sources[source]) : std::string_view();
}

}  // namespace weir
