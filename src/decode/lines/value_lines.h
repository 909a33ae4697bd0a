#pragma once

#include <string_view>

#include "decode/decode_scratch.h"
#include "decode/lines/line_writer.h"

namespace weir {

/// Writes a parameter's line, and opens values that hold structure of their own: JSON becomes one line per leaf, base64
/// or hexadecimal of text one more line, the header of a JSON Web Token one line per member. Lives for one record; borrows
/// everything.
class ValueLines {
 public:
  ValueLines(LineWriter& writer, DecodeScratch& scratch, const DecodeOptions& options)
      : writer_(writer), scratch_(scratch), options_(options) {}

  /// `value` is as it stood in the request; `steps` are those already done to it.
  void add(Place place, std::string_view name, std::string_view value, PlusMeans plus = PlusMeans::kPlus,
           DecodeSteps steps = 0);

  /// The same for "name=value" in one piece, whose name has `name_size` bytes.
  void add_pair(Place place, std::string_view pair, size_t name_size, PlusMeans plus);

  /// Writes the leaves of a JSON text; returns how many bytes of it were read: all of them unless it is broken or cut off.
  size_t add_json(Place place, std::string_view name, std::string_view json, DecodeSteps steps);

  /// As add of a value without a name whose pieces between slashes may be encoded each.
  void add_path(std::string_view path);

  /// What `text` says in base64 or hexadecimal, if it is that as a whole; `name` is that of its line.
  void add_decoded(Place place, std::string_view name, std::string_view text, DecodeSteps steps);

  /// The members of the header of a JSON Web Token, under the name `token`; nothing if `token` is none.
  void add_token_header(Place place, std::string_view token, DecodeSteps steps = 0);

  [[nodiscard]] LineWriter& writer() { return writer_; }

 private:
  bool add_nested_json(Place place, std::string_view name, std::string_view value, PlusMeans plus, DecodeSteps steps);
  void add_encoded(Place place, std::string_view name);

  LineWriter& writer_;
  DecodeScratch& scratch_;
  const DecodeOptions& options_;
  size_t level_ = 0;
};

}  // namespace weir
