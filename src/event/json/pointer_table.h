#pragma once

#include <cstdint>
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

  /// The key of that name directly below the node, or null.
  [[nodiscard]] const Key* find(uint16_t node, std::string_view name) const;

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

}  // namespace weir
