#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/text/text_format.h"

namespace weir {

/// How well a line fits a format.
enum class TextFit : uint8_t {
  kWhole,
  kCut,  ///< the line ends within or behind a field, as where a source cuts off long lines; the fields so far are there
  kNone,
};

/// Cuts lines into the fields of one format. Immutable; read() does not allocate once `fields` has the room.
class TextReader {
 public:
  /// The format must be valid.
  explicit TextReader(TextFormat format);

  /// `fields[i]` becomes the text of part i as written, still escaped: views into the line; null data where a cut line has
  /// none. A line costs one pass, plus at most kRetriesMax looks for another end where a field is not escaped.
  TextFit read(std::string_view line, std::vector<std::string_view>& fields) const;

  /// Whether read() would say kWhole; then `fields` is the same. Cheaper where it would not.
  bool read_whole(std::string_view line, std::vector<std::string_view>& fields) const;

  [[nodiscard]] const TextFormat& format() const { return format_; }

  static constexpr int kRetriesMax = 32;

 private:
  enum class Shape : uint8_t { kAny, kNumber, kWord, kAddress };
  /// A field and what ends it.
  struct Step {
    std::string next;   // the literal behind; empty: the line's end
    size_t anchor = 0;  // of its bytes, the one that lines have least of
    TextEscape escape = TextEscape::kNone;
    Shape shape = Shape::kAny;
    bool last = false;
    bool is_open = false;  // the text may hold what ends it, as far as the source goes
  };
  enum class Walk : uint8_t { kEnd, kCut, kMismatch };

  [[nodiscard]] Walk walk(std::string_view line, size_t& step, size_t at, std::vector<std::string_view>& fields) const;
  /// Where a line that does not fit stopped being read.
  struct Stop {
    Walk result = Walk::kEnd;
    size_t step = 0;
  };
  [[nodiscard]] Stop read_fields(std::string_view line, std::vector<std::string_view>& fields) const;
  [[nodiscard]] bool may_end_elsewhere(const Stop& stop, std::string_view line,
                                       const std::vector<std::string_view>& fields) const;
  static size_t find_literal(const Step& step, std::string_view line, size_t from);
  [[nodiscard]] size_t end_of(const Step& step, std::string_view line, size_t begin, size_t from) const;
  static size_t find_end(const Step& step, std::string_view line, size_t begin, size_t from);
  [[nodiscard]] size_t end_of_last(const Step& step, std::string_view line, size_t begin, size_t from) const;
  [[nodiscard]] size_t end_from_behind(std::string_view line, size_t step, size_t begin) const;
  static Shape shape_of(const TextField& field, std::string_view next);
  static bool has_shape(Shape shape, std::string_view text);

  TextFormat format_;
  std::vector<Step> steps_;
  // The last field that clients write and that may hold its end, if others are behind it; else steps_.size().
  size_t last_open_;
};

}  // namespace weir
