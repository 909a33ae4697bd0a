#include "event/json/pointer_table.h"

#include <algorithm>
#include <bit>
#include <optional>

namespace weir {
namespace {

// The 64-bit golden ratio: spreads the differences of short keys into the high bits, which choose the bucket.
constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15ULL;

uint64_t hash_of(const PointerTable::Ends& ends) {
  return (ends.head ^ std::rotl(ends.tail, 29) ^ ends.size) * kMultiplier;
}

// Splits "/a~1b/c" into "a/b" and "c"; nothing if it is not a pointer.
std::optional<std::vector<std::string>> tokens_of(std::string_view pointer) {
  if (pointer.empty() || pointer.front() != '/') return std::nullopt;
  std::vector<std::string> tokens(1);
  for (size_t i = 1; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      tokens.emplace_back();
    } else if (pointer[i] == '~') {
      if (i + 1 == pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')) return std::nullopt;
      tokens.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      tokens.back() += pointer[i];
    }
  }
  return tokens;
}

}  // namespace

Result<PointerTable> PointerTable::compile(std::span<const std::string> pointers) {
  const auto refuse = [](ErrorCode code, const std::string& what) { return fail(code, "input profile", what); };
  if (pointers.size() > kPointersMax) return refuse(ErrorCode::kLimit, "more than 512 pointers");
  PointerTable table;
  table.nodes_.emplace_back();
  for (size_t slot = 0; slot < pointers.size(); ++slot) {
    const auto tokens = tokens_of(pointers[slot]);
    if (!tokens)
      return refuse(ErrorCode::kInvalidArgument,
                    "'" + pointers[slot] + "' is no JSON pointer: write /name or /outer/name");
    if (tokens->size() > kTokensMax)
      return refuse(ErrorCode::kLimit, "'" + pointers[slot] + "' has more than 16 parts");
    uint16_t node = kRoot;
    std::string so_far;
    for (size_t i = 0; i < tokens->size(); ++i) {
      so_far += "/" + (*tokens)[i];
      const uint16_t id = table.add_key(node, (*tokens)[i], so_far);
      if (table.keys_.size() > kKeysMax) return refuse(ErrorCode::kLimit, "more than 1024 keys");
      auto& key = table.keys_[id];
      if (i + 1 == tokens->size()) {
        if (key.slot == kNone) key.slot = static_cast<uint16_t>(slot);
      } else if (key.child == kNone) {
        key.child = static_cast<uint16_t>(table.nodes_.size());
        table.nodes_.emplace_back();
      }
      node = key.child;
    }
  }
  for (auto& node : table.nodes_)
    table.build_buckets(node);
  return table;
}

uint16_t PointerTable::add_key(uint16_t node, std::string name, std::string pointer) {
  for (const uint16_t id : nodes_[node].keys) {
    if (keys_[id].text == name) return id;
  }
  const auto id = static_cast<uint16_t>(keys_.size());
  keys_.push_back(Key{.text = std::move(name), .pointer = std::move(pointer), .id = id});
  nodes_[node].keys.push_back(id);
  return id;
}

void PointerTable::build_buckets(Node& node) {
  const size_t size = std::bit_ceil(std::max<size_t>(node.keys.size() * 4, 4));
  node.shift = 64U - static_cast<unsigned>(std::countr_zero(size));
  node.buckets.assign(size, Bucket{});
  for (const uint16_t id : node.keys) {
    const Ends ends = ends_of(keys_[id].text);
    size_t at = hash_of(ends) >> node.shift;
    while (node.buckets[at].key != kNone)
      at = (at + 1) & (size - 1);
    node.buckets[at] = Bucket{ends, id};
  }
}

const PointerTable::Key* PointerTable::find(uint16_t node_index, std::string_view name, const Ends& ends) const {
  const Node& node = nodes_[node_index];
  const size_t mask = node.buckets.size() - 1;
  for (size_t at = hash_of(ends) >> node.shift; node.buckets[at].key != kNone; at = (at + 1) & mask) {
    if (node.buckets[at].ends != ends) continue;
    const Key& key = keys_[node.buckets[at].key];
    if (name.size() <= 2 * sizeof(uint64_t) || key.text == name) return &key;
  }
  return nullptr;
}

uint16_t PointerTable::slot_of(std::string_view pointer) const {
  const auto tokens = tokens_of(pointer);
  if (!tokens) return kNone;
  uint16_t node = kRoot;
  const Key* key = nullptr;
  for (const auto& token : *tokens) {
    key = node == kNone ? nullptr : find(node, token);
    if (key == nullptr) return kNone;
    node = key->child;
  }
  return key->slot;
}

}  // namespace weir
