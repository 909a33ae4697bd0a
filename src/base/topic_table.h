#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Whether the configuration means a pattern (POSIX extended, as the client library has it) and no topic's name.
inline bool is_topic_pattern(std::string_view name_or_pattern) {
  return name_or_pattern.starts_with('^');
}

/// The source that a topic's records are read as.
struct TopicClaim {
  uint16_t source = 0;
  std::string remark;  ///< for the log, where a further source claims the topic; else empty
};

/// The topics that requests come from, by the numbers that stand for them in RecordCoordinates and InputRecord. The numbers are
/// this process's own: whatever leaves it carries names. A topic that matches a pattern of the configuration gets its number
/// when it is first seen; none loses it again.
///
/// A handle: copies are one table. Any thread may read and add; reading waits for nobody.
class TopicTable {
 public:
  static constexpr size_t kTopicsMax = 256;
  static constexpr size_t kSourcesMax = 32;
  static constexpr uint16_t kNoSource = 0xffff;
  static constexpr uint16_t kNoTopic = 0xffff;  ///< for a topic whose name is not known

  /// Says which source claims a topic; nothing: none.
  using Claim = std::function<std::optional<TopicClaim>(std::string_view topic)>;

  /// Whether a topic that no source claims gets a number all the same: what is under way knows topics that the configuration
  /// no longer names.
  enum class Unclaimed : uint8_t { kRefuse, kTake };

  /// Only these topics, all of one source without a name.
  TopicTable(std::span<const std::string> names = {});
  TopicTable(const std::vector<std::string>& names) : TopicTable(std::span<const std::string>(names)) {}
  TopicTable(std::initializer_list<std::string> names)
      : TopicTable(std::span<const std::string>(names.begin(), names.size())) {}
  /// These topics in this order, and others as `claim` says. `sources` are the names that claims refer to.
  TopicTable(std::span<const std::string> names, std::vector<std::string> sources, Claim claim);

  [[nodiscard]] size_t size() const { return state_->size.load(std::memory_order_acquire); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// The name of a topic there is.
  [[nodiscard]] const std::string& operator[](size_t topic) const;
  /// Empty for a number that stands for no topic.
  [[nodiscard]] std::string_view name(size_t topic) const;
  [[nodiscard]] std::optional<uint16_t> find(std::string_view name) const;
  /// The number of a topic, new or not. Nothing when the table is full, or when no source claims it and that is asked for.
  std::optional<uint16_t> add(std::string_view name, Unclaimed unclaimed);

  /// kNoSource when no source claims it.
  [[nodiscard]] uint16_t source_of(size_t topic) const { return topic < size() ? entry(topic).source : kNoSource; }
  /// Empty without one, or when sources have no names here.
  [[nodiscard]] std::string_view source_name(size_t topic) const;
  [[nodiscard]] const std::string& remark(size_t topic) const { return entry(topic).remark; }

 private:
  struct Entry {
    std::string name, remark;
    uint16_t source = kNoSource;
  };
  struct State {
    std::array<Entry, kTopicsMax> entries;
    std::atomic<size_t> size{0};  ///< entries below it are whole and never change
    std::atomic_flag is_growing;
    std::vector<std::string> sources;
    Claim claim;
  };

  [[nodiscard]] const Entry& entry(size_t topic) const { return state_->entries[topic]; }
  void append(std::string_view name, TopicClaim claim);

  std::shared_ptr<State> state_;
};

}  // namespace weir
