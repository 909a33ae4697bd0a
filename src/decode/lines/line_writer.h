#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "decode/decode_options.h"
#include "decode/decoded_record.h"
#include "decode/value_decoder.h"

namespace weir {

/// Appends decoded lines to one record's text and keeps its bounds. Lives for one record, on the stack; borrows the
/// record and the options.
class LineWriter {
 public:
  LineWriter(DecodedRecord& out, const DecodeOptions& options, bool utf8_repaired);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  /// Cuts the record's text to what was written.
  ~LineWriter() { out_.text.resize(size_); }

  /// One value without a name, decoded. Nothing is written for an empty one.
  void add(Place place, std::string_view value, PlusMeans plus = PlusMeans::kPlus, DecodeSteps steps = 0) {
    add_named(place, {}, value, plus, steps);
  }

  /// "name=value", both decoded. `steps` are those already done to the value.
  void add_named(Place place, std::string_view name, std::string_view value, PlusMeans plus = PlusMeans::kPlus,
                 DecodeSteps steps = 0);

  /// As add_named with a "name=value" whose name has `name_size` bytes (0: an empty name).
  void add_pair(Place place, std::string_view pair, size_t name_size, PlusMeans plus);

  /// A value as logged: only line breaks become spaces.
  void add_raw(Place place, std::string_view first, char separator = 0, std::string_view second = {});

  /// Lines and bytes that still fit.
  [[nodiscard]] size_t lines_left() const { return lines_max_ - out_.lines.size(); }
  [[nodiscard]] bool full() const { return lines_left() == 0 || bytes_left() < kSmallestLine; }
  /// Counts input that could not be looked at because the record is full.
  void drop() { ++out_.dropped_lines; }

  [[nodiscard]] size_t line_count() const { return out_.lines.size(); }
  /// The value of the line written last; valid until the next add.
  [[nodiscard]] std::string_view last_value() const;
  [[nodiscard]] DecodeSteps last_steps() const { return out_.lines.back().steps; }
  /// Forgets the lines written since there were `count` of them, and what was counted about them.
  struct Mark {
    size_t lines, bytes;
    Evasions evasions;
    uint32_t truncated, dropped;
  };
  [[nodiscard]] Mark mark() const {
    return {out_.lines.size(), size_, out_.evasions, out_.truncated_lines, out_.dropped_lines};
  }
  void rewind(const Mark& mark);

 private:
  /// Below this a line is not worth starting.
  static constexpr size_t kSmallestLine = 16;
  /// Input beyond this multiple of line_bytes_max is cut before decoding; three-fold percent-encoding fits.
  static constexpr size_t kRawFactor = 4;

  [[nodiscard]] size_t bytes_left() const { return bytes_max_ > size_ ? bytes_max_ - size_ : 0; }
  /// Room for `bytes` more behind what is written.
  char* reserve(size_t bytes) {
    if (size_ + bytes > out_.text.size()) [[unlikely]]
      grow(bytes);
    return out_.text.data() + size_;
  }
  void grow(size_t bytes);
  template <typename Copy>
  bool add_plain(Line line, size_t size, PlusMeans plus, Copy copy);
  void add_decoded(Place place, std::string_view name, std::string_view value, PlusMeans plus, DecodeSteps steps);
  size_t append_part(std::string_view part, Place place, PlusMeans plus, DecodeSteps& steps, ByteClasses& classes);
  /// What the lines of a text of several lines begin with, joined by kLineBreakMark.
  struct LineHeads {
    std::array<char, 1024> bytes;
    size_t size = 0;
    uint16_t name_length = 0;
  };
  void finish(Line line, ByteClasses classes);
  void take_line_breaks(const Line& line, LineHeads& heads);
  void add_line_heads(Line line, const LineHeads& heads);
  void add_shell_words();
  void squeeze_spaces_of(Line& line);
  void strip_comments_of(Line& line);
  void cut(Line& line);
  void push(Line line);

  DecodedRecord& out_;
  const DecodeOptions& options_;
  size_t lines_max_;
  size_t bytes_max_;
  size_t size_ = 0;  ///< bytes of out_.text in use; the string itself is longer while lines are written
  bool utf8_repaired_;
};

}  // namespace weir
