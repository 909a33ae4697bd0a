#pragma once

#include <string_view>

#include "decode/decode_scratch.h"
#include "decode/line_writer.h"

namespace weir {

/// Writes a parameter's line, and opens values that hold structure of their own: JSON becomes one line per leaf, base64
/// of text one more line. Lives for one record; borrows everything.
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

  [[nodiscard]] LineWriter& writer() { return writer_; }

 private:
  bool add_nested_json(Place place, std::string_view name, std::string_view value, PlusMeans plus, DecodeSteps steps);
  void add_base64(Place place, std::string_view name);

  LineWriter& writer_;
  DecodeScratch& scratch_;
  const DecodeOptions& options_;
  size_t level_ = 0;
};

}  // namespace weir
