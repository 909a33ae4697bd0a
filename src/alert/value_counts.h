#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "alert/made_of.h"
#include "base/ip_address.h"

namespace weir {

/// What of a record is counted.
struct RecordValues {
  const IpAddress& address;
  uint16_t status = 0;
  std::string_view words;  ///< packed RecordWords
};

/// Which of a client's records are counted together.
enum class ValueGroup : uint8_t { kAll, kFailures, kErrors, kAttacks, kCount };

/// Which values records had, and how many had each: addresses, user agents, accounts, paths, statuses. Of each group and kind it
/// keeps the 8 values whose hashes are smallest. A value that is among them at the end was so from its first record on, so that its
/// count is exact, and neither the order of records nor how they were divided makes a difference (bottom-k sampling). Packed
/// into one text, as saved (docs/state-chunk.md).
class ValueCounts {
 public:
  static constexpr size_t kValuesMax = 8;
  static constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

  /// Counts a record. A value that would take more than `bytes_left` is left out.
  void add(ValueGroup group, const RecordValues& record, size_t bytes_left = kNoLimit);

  /// Adds what `other` counted for `group` to kAll.
  void merge(const ValueCounts& other, ValueGroup group);

  [[nodiscard]] ValueLists lists() const;  ///< of kAll
  [[nodiscard]] bool empty() const { return packed_.empty(); }
  [[nodiscard]] const std::string& packed() const { return packed_; }
  [[nodiscard]] size_t bytes() const { return packed_.size(); }
  bool operator==(const ValueCounts&) const = default;

  /// No value if these are no bytes of packed().
  static std::optional<ValueCounts> read(std::string_view packed);

 private:
  struct Entry;
  void add_value(uint8_t key, std::string_view value, uint32_t requests, size_t bytes_left);

  std::string packed_;  // entries by key and hash, ascending
};

}  // namespace weir
