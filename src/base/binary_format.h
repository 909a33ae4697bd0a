#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace weir {

/// The parts that the binary forms of weir share: little-endian fixed numbers, LEB128 varints, zigzag for numbers of either
/// sign, texts with their length in front.

inline constexpr size_t kVarintBytesMax = 10;

/// Writes a varint at `at`, which has room for kVarintBytesMax bytes, and returns where it ends.
inline char* put_varint(char* at, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

inline uint64_t zigzag_of(int64_t value) {
  // cppcheck-suppress shiftTooManyBitsSigned ; C++20 defines it
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

/// Writes the low `size` bytes of a number and returns where they end.
inline char* put_fixed(char* at, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i, value >>= 8)
    *at++ = static_cast<char>(value);
  return at;
}

/// Appends to a text.
class BinaryWriter {
 public:
  explicit BinaryWriter(std::string& out) : out_(out) {}

  void byte(uint8_t value) { out_ += static_cast<char>(value); }
  void varint(uint64_t value) {
    char bytes[kVarintBytesMax];
    out_.append(bytes, static_cast<size_t>(put_varint(bytes, value) - bytes));
  }
  /// Small numbers of either sign stay short.
  void zigzag(int64_t value) { varint(zigzag_of(value)); }
  void fixed64(uint64_t value) {
    char bytes[8];
    put_fixed(bytes, value, sizeof bytes);
    out_.append(bytes, sizeof bytes);
  }
  void bytes(const uint8_t* data, size_t size) { out_.append(reinterpret_cast<const char*>(data), size); }
  /// Bytes that know their own end.
  void raw(std::string_view value) { out_.append(value); }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }

 private:
  std::string& out_;
};

/// Reads from the front. After the first failure ok() is false and every value is zero; nothing is read past the end.
class BinaryReader {
 public:
  explicit BinaryReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t left() const { return rest_.size(); }
  /// What is still unread.
  [[nodiscard]] std::string_view rest() const { return rest_; }

  std::string_view take(size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  uint8_t byte() {
    const auto taken = take(1);
    return taken.empty() ? uint8_t{0} : static_cast<uint8_t>(taken[0]);
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t next = byte();
      if (shift == 63 && next > 1) break;
      value |= static_cast<uint64_t>(next & 0x7f) << shift;
      if ((next & 0x80) == 0) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
  }
  /// A varint that must fit the type.
  template <typename T>
  T number() {
    const uint64_t value = varint();
    if (value > std::numeric_limits<T>::max()) ok_ = false;
    return static_cast<T>(value);
  }
  template <typename T>
  T signed_number() {
    const uint64_t raw = varint();
    const auto value = static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) ok_ = false;
    return static_cast<T>(value);
  }
  /// A byte that must be below the count of an enumeration's values.
  template <typename E>
  E enumerator(unsigned count) {
    const uint8_t value = byte();
    if (value >= count) ok_ = false;
    return static_cast<E>(value);
  }
  uint64_t fixed(size_t size) {
    const auto taken = take(size);
    uint64_t value = 0;
    for (size_t i = taken.size(); i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(taken[i]);
    return value;
  }
  uint64_t fixed64() { return fixed(8); }
  std::string_view text() { return take(number<uint32_t>()); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace weir
