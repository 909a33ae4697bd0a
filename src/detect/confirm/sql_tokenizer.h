#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "detect/confirm/sql_token.h"

namespace weir {

/// Where an application may have put the value into its statement.
enum class SqlContext : uint8_t {
  kRaw,           ///< where a number stands: … WHERE id = VALUE
  kSingleQuoted,  ///< … WHERE name = 'VALUE'
  kDoubleQuoted,
};

/// The value as a short sequence of tokens: unary operators, brackets around operands and lists are folded away.
struct SqlFingerprint {
  static constexpr size_t kTokensMax = 8;
  std::array<char, kTokensMax> tokens{};
  uint8_t size = 0;
  bool ends = false;         ///< the value holds no more tokens than these
  bool open_string = false;  ///< the last string has no closing quote: the statement's own quote closes it
  bool elided =
      false;  ///< the quote that closes the first string reads as the apostrophe of a Romance elision ("d'or")
  size_t first_string_size = 0;  ///< bytes before the quote that closes the statement's string
  size_t last_string_size = 0;   ///< bytes, with a closing quote
  [[nodiscard]] std::string_view text() const { return {tokens.data(), size}; }
};

/// Reads at most the first tokens of the value; linear in its length.
SqlFingerprint sql_fingerprint(std::string_view value, SqlContext context);

/// Would the value, put into a statement in this context, change the statement's shape as injections do?
bool is_sql_injection(const SqlFingerprint& fingerprint, SqlContext context);

/// In any context that the value can be in. Linear in its length.
bool is_sql_injection(std::string_view value);

}  // namespace weir
