#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

/// One value of a record as its source wrote it, before it is known what it means.
struct RawValue {
  enum class Kind : uint8_t {
    kText,
    kInteger,   ///< number
    kUnsigned,  ///< number, above every int64
    kReal,      ///< real
    kBoolean,   ///< number is 0 or 1
    kNested,    ///< an object or a list; number is the source's handle for it
  };

  Kind kind = Kind::kText;
  std::string_view text{};
  union {
    int64_t number = 0;
    double real;
  };

  static RawValue of_text(std::string_view text) {
    RawValue value;
    value.text = text;
    return value;
  }
  [[nodiscard]] bool is_text() const { return kind == Kind::kText; }
};

/// What every source writes for "nothing".
inline bool is_absent(std::string_view text) {
  return text.empty() || (text.size() == 1 && text.front() == '-');
}

}  // namespace weir
