#include "alert/value_counts.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "base/binary_format.h"
#include "evidence/record_words.h"

namespace weir {
namespace {

// An entry: key, hash and count of four bytes each, the value's length, the value.
constexpr size_t kCountAt = 5, kLengthAt = 9, kHeadBytes = 10;
constexpr size_t kAddressBytes = 16, kStatusBytes = 2;

uint8_t key_of(ValueGroup group, ValueKind kind) {
  return static_cast<uint8_t>(static_cast<size_t>(group) * kValueKinds + static_cast<size_t>(kind));
}
ValueKind kind_of(uint8_t key) {
  return static_cast<ValueKind>(key % kValueKinds);
}

uint32_t hash_of(std::string_view value) {
  return static_cast<uint32_t>(XXH3_64bits(value.data(), value.size()));
}

bool has_length_of(ValueKind kind, size_t size) {
  if (kind == ValueKind::kAddress) return size == kAddressBytes;
  if (kind == ValueKind::kStatus) return size == kStatusBytes;
  return size > 0 && size <= RecordWords::kBytesMax;
}

std::string text_of(ValueKind kind, std::string_view value) {
  if (kind == ValueKind::kStatus) return std::to_string(BinaryReader(value).fixed(kStatusBytes));
  if (kind != ValueKind::kAddress) return std::string(value);
  std::array<uint8_t, kAddressBytes> bytes{};
  std::copy(value.begin(), value.end(), bytes.begin());
  return IpAddress::from_bytes(bytes).to_string();
}

}  // namespace

struct ValueCounts::Entry {
  uint8_t key = 0;
  uint32_t hash = 0, requests = 0;
  std::string_view value;

  [[nodiscard]] size_t size() const { return kHeadBytes + value.size(); }

  /// The one that begins here. The bytes were read before.
  static Entry at(std::string_view packed, size_t begin) {
    BinaryReader in(packed.substr(begin));
    Entry entry;
    entry.key = in.byte();
    entry.hash = static_cast<uint32_t>(in.fixed(4));
    entry.requests = static_cast<uint32_t>(in.fixed(4));
    entry.value = in.take(in.byte());
    return entry;
  }
};

void ValueCounts::add(ValueGroup group, const RecordValues& record, size_t bytes_left) {
  const auto add_one = [&](ValueKind kind, std::string_view value) {
    const size_t before = packed_.size();
    if (!value.empty()) add_value(key_of(group, kind), value, 1, bytes_left);
    bytes_left -= std::min(bytes_left, packed_.size() - std::min(before, packed_.size()));
  };
  const auto& address = record.address.bytes();
  if (!record.address.is_unspecified())
    add_one(ValueKind::kAddress, {reinterpret_cast<const char*>(address.data()), address.size()});
  std::array<char, kStatusBytes> status{};
  put_fixed(status.data(), record.status, status.size());
  if (record.status != 0) add_one(ValueKind::kStatus, {status.data(), status.size()});
  const RecordWords words = unpack_words(record.words);
  add_one(ValueKind::kAgent, words.agent);
  add_one(ValueKind::kAccount, words.account);
  add_one(ValueKind::kPath, words.path);
}

void ValueCounts::add_value(uint8_t key, std::string_view value, uint32_t requests, size_t bytes_left) {
  const uint32_t hash = hash_of(value);
  size_t at = 0, values = 0, last = 0;  // of the same key
  size_t place = std::string::npos;
  for (; at < packed_.size();) {
    const Entry entry = Entry::at(packed_, at);
    if (entry.key > key) break;
    if (place == std::string::npos && entry.key == key && entry.hash >= hash) place = at;
    if (entry.key == key) {
      if (entry.hash == hash) {
        const uint32_t room = std::numeric_limits<uint32_t>::max() - entry.requests;
        put_fixed(packed_.data() + at + kCountAt, entry.requests + std::min(room, requests), 4);
        return;
      }
      ++values;
      last = at;
    }
    at += entry.size();
  }
  if (place == std::string::npos) place = at;  // behind all of the key
  const bool is_full = values == kValuesMax;
  if (is_full && place > last) return;
  const size_t freed = is_full ? Entry::at(packed_, last).size() : 0;
  const size_t size = kHeadBytes + value.size();
  if (size > freed && size - freed > bytes_left) return;
  if (is_full) packed_.erase(last, freed);
  std::array<char, kHeadBytes> head{};
  head[0] = static_cast<char>(key);
  put_fixed(head.data() + 1, hash, 4);
  put_fixed(head.data() + kCountAt, requests, 4);
  head[kLengthAt] = static_cast<char>(value.size());
  packed_.insert(place, value);
  packed_.insert(place, head.data(), head.size());
}

void ValueCounts::merge(const ValueCounts& other, ValueGroup group) {
  for (size_t at = 0; at < other.packed_.size();) {
    const Entry entry = Entry::at(other.packed_, at);
    at += entry.size();
    const ValueKind kind = kind_of(entry.key);
    if (entry.key == key_of(group, kind))
      add_value(key_of(ValueGroup::kAll, kind), entry.value, entry.requests, kNoLimit);
  }
}

ValueLists ValueCounts::lists() const {
  ValueLists lists;
  for (size_t at = 0; at < packed_.size();) {
    const Entry entry = Entry::at(packed_, at);
    at += entry.size();
    const ValueKind kind = kind_of(entry.key);
    if (entry.key != key_of(ValueGroup::kAll, kind)) break;
    lists[static_cast<size_t>(kind)].push_back({text_of(kind, entry.value), entry.requests});
  }
  for (auto& list : lists) {
    std::sort(list.begin(), list.end(), [](const ValueCount& a, const ValueCount& b) {
      return std::tie(b.requests, a.value) < std::tie(a.requests, b.value);
    });
  }
  return lists;
}

std::optional<ValueCounts> ValueCounts::read(std::string_view packed) {
  BinaryReader in(packed);
  size_t values = 0;
  std::pair<uint8_t, uint32_t> before{};
  for (bool is_first = true; in.left() > 0; is_first = false) {
    const uint8_t key = in.byte();
    const auto hash = static_cast<uint32_t>(in.fixed(4));
    const auto requests = in.fixed(4);
    const std::string_view value = in.take(in.byte());
    const bool is_known = key < static_cast<size_t>(ValueGroup::kCount) * kValueKinds;
    if (!in.ok() || !is_known || requests == 0 || !has_length_of(kind_of(key), value.size())) return std::nullopt;
    if (hash != hash_of(value) || (!is_first && std::pair(key, hash) <= before)) return std::nullopt;
    values = !is_first && key == before.first ? values + 1 : 1;
    if (values > kValuesMax) return std::nullopt;
    before = {key, hash};
  }
  ValueCounts counts;
  counts.packed_ = packed;
  return counts;
}

}  // namespace weir
