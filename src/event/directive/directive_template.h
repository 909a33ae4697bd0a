#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "event/text/text_format.h"

namespace weir {

/// A variable of a log directive: what the server writes in its place, seen with weir's eyes.
struct DirectiveVariable {
  std::string name{};       ///< as it stands in the directive
  TextField field{};        ///< what it is to weir and how it is read back
  std::string time{};       ///< of a time or a part of one: its strftime pattern; %f stands for digits of a fraction
  std::string example{};    ///< what the server could write
  uint8_t rank = 0;         ///< of several variables for one field the lowest is the best
  bool can_vanish = false;  ///< may be written as nothing at all, its separator included
  std::string note{};       ///< what a person should know who logs it; empty for nothing
  bool is_line = false;     ///< a whole request line, with the method in it
  bool is_decoded = false;  ///< the server wrote it after undoing the client's encoding
  bool is_known = true;     ///< false: a variable of the user's own, or of a module that weir does not know
};

/// One piece of a directive: a text that the server writes as it is, or a variable.
struct DirectivePiece {
  size_t offset = 0;  ///< in the directive as it was given
  std::string literal{};
  std::optional<DirectiveVariable> variable{};
};

/// A directive taken apart.
struct DirectiveTemplate {
  std::vector<DirectivePiece> pieces{};
  std::vector<std::string> notes{};  ///< what a person should know: a variable nearly spelt like a known one, …

  void add_literal(size_t offset, std::string_view text);
  void add_variable(size_t offset, DirectiveVariable variable);
};

/// What is wrong with a directive, and where.
struct DirectiveFault {
  size_t offset = 0;  ///< in the directive as it was given
  std::string message{};
};

template <typename T>
using DirectiveResult = tl::expected<T, DirectiveFault>;

inline tl::unexpected<DirectiveFault> directive_fault(size_t offset, std::string message) {
  return tl::unexpected<DirectiveFault>(DirectiveFault{offset, std::move(message)});
}

/// More than any directive holds; what is longer is refused before it costs time.
inline constexpr size_t kDirectiveBytesMax = 16 * 1024;
inline constexpr size_t kDirectivePiecesMax = 512;

// One per server. The text is the value of the directive or the directive itself, as it stands in the server's configuration.
DirectiveResult<DirectiveTemplate> parse_nginx_directive(std::string_view text);
DirectiveResult<DirectiveTemplate> parse_apache_directive(std::string_view text);
DirectiveResult<DirectiveTemplate> parse_haproxy_directive(std::string_view text);
DirectiveResult<DirectiveTemplate> parse_envoy_directive(std::string_view text);

}  // namespace weir
