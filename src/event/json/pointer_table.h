#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir {

/// The JSON pointers of a profile as a tree of keys, so that each key of a record is looked up once, however many fields
/// a profile has. Built once; a look-up costs a few nanoseconds and does not allocate.
class PointerTable {
 public:
  static constexpr uint16_t kNone = 0xffff;
  static constexpr uint16_t kRoot = 0;
  static constexpr size_t kPointersMax = 512;
  static constexpr size_t kKeysMax = 1024;
  static constexpr size_t kTokensMax = 16;  ///< tokens of one pointer

  struct Key {
    std::string text;
    std::string pointer;     ///< the pointer up to here, for messages
    uint16_t id = 0;         ///< dense over the whole table, below kKeysMax
    uint16_t slot = kNone;   ///< index of the pointer that ends here
    uint16_t child = kNone;  ///< the node of the keys below
  };

  /// The first and the last bytes of a name, and its length: all of it up to 16 bytes.
  struct Ends {
    uint64_t head = 0, tail = 0;
    size_t size = 0;
    bool operator==(const Ends&) const = default;
  };

  /// Slot i is pointers[i]; a pointer that repeats shares the slot of its first occurrence. Errors: a pointer that is not
  /// one by RFC 6901, the empty pointer, too many pointers or tokens.
  static Result<PointerTable> compile(std::span<const std::string> pointers);

  static Ends ends_of(std::string_view name);

  /// The key of that name directly below the node, or null.
  [[nodiscard]] const Key* find(uint16_t node, std::string_view name) const { return find(node, name, ends_of(name)); }
  [[nodiscard]] const Key* find(uint16_t node, std::string_view name, const Ends& ends) const;

  [[nodiscard]] uint16_t slot_of(std::string_view pointer) const;

 private:
  struct Bucket {
    Ends ends;
    uint16_t key = kNone;
  };
  struct Node {
    std::vector<uint16_t> keys;
    std::vector<Bucket> buckets;  // open addressing, linear probing, at most a quarter full; the size is a power of two
    unsigned shift = 0;
  };

  uint16_t add_key(uint16_t node, std::string name, std::string pointer);
  void build_buckets(Node& node);

  std::vector<Key> keys_;
  std::vector<Node> nodes_;
};

inline PointerTable::Ends PointerTable::ends_of(std::string_view name) {
  const auto load = [](const char* from, auto word) {
    std::memcpy(&word, from, sizeof word);
    return uint64_t{word};
  };
  const char* data = name.data();
  const size_t size = name.size();
  if (size >= 8) return {load(data, uint64_t{}), load(data + size - 8, uint64_t{}), size};
  if (size >= 4) return {load(data, uint32_t{}), load(data + size - 4, uint32_t{}), size};
  if (size == 0) return {};
  return {load(data, uint8_t{}) | load(data + size / 2, uint8_t{}) << 8 | load(data + size - 1, uint8_t{}) << 16, 0,
          size};
}

/// Looks keys up in the order in which a record has them. A log's records have the same keys in the same order, so that the key
/// found at this place in the last record is nearly always the one: then no table is searched.
class KeySequence {
 public:
  /// The table must outlive this.
  explicit KeySequence(const PointerTable& table) : table_(&table) {}

  void begin_record() { next_ = 0; }

  /// As PointerTable::find.
  [[nodiscard]] const PointerTable::Key* find(uint16_t node, std::string_view name) {
    const PointerTable::Ends ends = PointerTable::ends_of(name);
    if (next_ == kKeysMax) return table_->find(node, name, ends);
    Found& expected = found_[next_++];
    // The ends say all of a short name; what a longer one is must be compared, and is not known where there is no key.
    if (expected.node == node && expected.ends == ends &&
        (name.size() <= 2 * sizeof(uint64_t) || (expected.key != nullptr && expected.key->text == name))) [[likely]]
      return expected.key;
    expected = {ends, table_->find(node, name, ends), node};
    return expected.key;
  }

 private:
  static constexpr size_t kKeysMax = 64;  ///< further keys of a record are looked up each
  struct Found {
    PointerTable::Ends ends;
    const PointerTable::Key* key = nullptr;
    uint16_t node = PointerTable::kNone;
  };

  const PointerTable* table_;
  size_t next_ = 0;
  std::array<Found, kKeysMax> found_;
};

}  // namespace weir
