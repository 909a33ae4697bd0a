#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace weir {

/// What kind of thing went wrong; the detail says what exactly.
enum class ErrorCode {
  kInvalidArgument,  ///< the caller or a file asked for something that makes no sense
  kNotFound,         ///< a file, topic or name that does not exist
  kIo,               ///< the operating system refused a read, write or socket call
  kParse,            ///< text that does not have the form it should have
  kUnsupported,      ///< well-formed, but not something weir does
  kLimit,            ///< a documented bound would be passed
  kKafka,            ///< the broker or the client library reported an error
  kInternal,         ///< a library returned what its documentation rules out
};

std::string_view to_string(ErrorCode code);

/// An error value: what kind, in which stage of the program, and a sentence for a person.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string stage;
  std::string detail;

  /// "stage: detail", for logs and the terminal.
  [[nodiscard]] std::string to_string() const;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// Shorthand for `return fail(ErrorCode::kIo, "config", "cannot read …")`.
inline tl::unexpected<Error> fail(ErrorCode code, std::string stage, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(stage), std::move(detail)});
}

}  // namespace weir
