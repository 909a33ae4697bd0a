#include "decode/lines/line_writer.h"

#include <algorithm>
#include <cstring>

#include "decode/steps/shell_words.h"
#include "decode/steps/strip_comments.h"

namespace weir {
namespace {

constexpr DecodeSteps operator|(DecodeSteps steps, DecodeStep step) {
  return static_cast<DecodeSteps>(steps | static_cast<DecodeSteps>(step));
}

/// A longer name is no name: it is scanned as a value of its own.
constexpr size_t kNameBytesMax = 1024;

/// The first three quarters and the last quarter of a text that is too long are kept: padding in front of an attack is
/// as easy to write as behind it.
struct HeadAndTail {
  size_t head, tail;
};
constexpr HeadAndTail split_budget(size_t budget) {
  const size_t tail = budget / 4;
  return {budget - tail - 1, tail};
}

/// The classes of bytes on which some step may act.
constexpr ByteClasses changing(PlusMeans plus) {
  const int unchanged = byte_class::kShell | (plus == PlusMeans::kSpace ? 0 : int{byte_class::kPlus});
  return static_cast<ByteClasses>(~unchanged);
}

/// Without one of these there is nothing that shells drop from words.
constexpr ByteClasses kShellClasses = byte_class::kShell | byte_class::kBackslash;

/// So much of each line of a text is kept on the line of line breaks: what headers and commands need.
constexpr size_t kLineHeadBytes = 96;

/// Texts of which line breaks are told: not bodies without structure, which consist of lines.
constexpr bool tells_line_breaks(Place place) {
  return place != Place::kBody && place != Place::kXmlDocument;
}

constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";

/// Accept lists media types with asterisks, which is no place for comments.
bool may_hold_comment(const Line& line, std::string_view name) {
  return line.place != Place::kHeader || name != "accept";
}

}  // namespace

LineWriter::LineWriter(DecodedRecord& out, const DecodeOptions& options, bool utf8_repaired)
    : out_(out),
      options_(options),
      lines_max_(options.lines_max),
      bytes_max_(options.record_bytes_max),
      utf8_repaired_(utf8_repaired) {
  out_.clear();
}

std::string_view LineWriter::last_value() const {
  return out_.value_of(out_.lines.back());
}

void LineWriter::rewind(const Mark& mark) {
  out_.lines.resize(mark.lines);
  size_ = mark.bytes;
  out_.evasions = mark.evasions;
  out_.truncated_lines = mark.truncated;
  out_.dropped_lines = mark.dropped;
}

/// Makes the text longer, in large steps; what is written is cut off at the end.
void LineWriter::grow(size_t bytes) {
  constexpr size_t kStep = 512;
  out_.text.resize(size_ + size_ / 2 + bytes + kStep);
}

/// The usual line has nothing to decode and fits: it is copied and that is all. `copy` copies the line's bytes to where
/// they belong and returns their classes.
template <typename Copy>
bool LineWriter::add_plain(Line line, size_t size, PlusMeans plus, Copy copy) {
  if (lines_left() == 0 || size > options_.line_bytes_max || size + kSmallestLine > bytes_left()) return false;
  char* const target = reserve(size + 1);
  const ByteClasses classes = copy(target);
  if ((classes & changing(plus)) != 0 || has_double_space({target, size})) return false;
  target[size] = '\n';
  line.begin = static_cast<uint32_t>(size_);
  line.end = static_cast<uint32_t>(size_ + size);
  size_ += size + 1;
  out_.lines.push_back(line);
  if ((classes & kShellClasses) != 0) add_shell_words();
  return true;
}

void LineWriter::add_pair(Place place, std::string_view pair, size_t name_size, PlusMeans plus) {
  const Line line{0, 0, static_cast<uint16_t>(name_size), place, 0};
  const bool named = name_size <= kNameBytesMax;
  const auto copy = [&](char* target) { return copy_and_classify(target, pair); };
  if (named && add_plain(line, pair.size(), plus, copy)) return;
  add_decoded(place, pair.substr(0, name_size), pair.substr(name_size + 1), plus, 0);
}

void LineWriter::add_named(Place place, std::string_view name, std::string_view value, PlusMeans plus,
                           DecodeSteps steps) {
  if (name.empty() && value.empty()) return;
  const Line line{0, 0, static_cast<uint16_t>(name.size()), place, steps};
  if (name.empty() && !has_names(place)) {
    const auto copy = [&](char* target) { return copy_and_classify(target, value); };
    if (add_plain(line, value.size(), plus, copy)) return;
  } else if (name.size() <= kNameBytesMax) {
    const auto copy = [&](char* target) {
      target[name.size()] = '=';
      return static_cast<ByteClasses>(copy_and_classify(target, name) |
                                      copy_and_classify(target + name.size() + 1, value));
    };
    if (add_plain(line, name.size() + 1 + value.size(), plus, copy)) return;
  }
  add_decoded(place, name, value, plus, steps);
}

/// Copies one part (name or value) behind what is written and decodes it there. Returns its decoded size.
size_t LineWriter::append_part(std::string_view part, Place place, PlusMeans plus, DecodeSteps& steps,
                               ByteClasses& classes) {
  const size_t raw_max = options_.line_bytes_max * kRawFactor;
  const std::string_view whole = part;
  if (part.size() > raw_max) part = part.substr(0, split_budget(raw_max).head);
  char* const target = reserve(std::min(whole.size(), raw_max));
  ByteClasses part_classes = copy_and_classify(target, part);
  size_t size = part.size();
  if (part.size() != whole.size()) {
    const std::string_view tail = whole.substr(whole.size() - split_budget(raw_max).tail);
    target[size++] = ' ';
    part_classes |= copy_and_classify(target + size, tail);
    size += tail.size();
    steps = steps | DecodeStep::kTruncated;
  }
  if ((part_classes & changing(plus) & static_cast<ByteClasses>(~byte_class::kAsterisk)) != 0) {
    const ValueContext context{place, plus, options_.rounds_max};
    size = decode_value(target, size, part_classes, context, steps, out_.evasions);
  }
  classes |= part_classes;
  return size;
}

/// A line with something to decode, or without room for all of it.
void LineWriter::add_decoded(Place place, std::string_view name, std::string_view value, PlusMeans plus,
                             DecodeSteps steps) {
  if (name.empty() && value.empty()) return;
  if (full()) {
    drop();
    return;
  }
  if (name.size() > kNameBytesMax) {
    add_decoded(place, {}, name, plus, steps);
    if (!full()) add_decoded(place, {}, value, plus, steps);
    return;
  }
  Line line;
  line.begin = static_cast<uint32_t>(size_);
  line.place = place;
  line.steps = steps;
  ByteClasses classes = 0;
  if (!name.empty()) {
    line.name_length = static_cast<uint16_t>(append_part(name, place, plus, line.steps, classes));
    size_ += line.name_length;
  }
  if (line.name_length != 0 || has_names(place)) {
    *reserve(1) = '=';
    ++size_;
  }
  size_ += append_part(value, place, plus, line.steps, classes);
  line.end = static_cast<uint32_t>(size_);
  finish(line, classes);
}

/// Comments, runs of spaces, caps, and the line's end; then the lines that tell more of the same text.
void LineWriter::finish(Line line, ByteClasses classes) {
  LineHeads heads;
  if (has(line.steps, DecodeStep::kControl)) {
    squeeze_spaces_of(line);  // padding must not push out of a line's beginning what stands there
    take_line_breaks(line, heads);
  }
  if (utf8_repaired_ && (classes & byte_class::kHigh) != 0 &&
      out_.line_text(line).find(kReplacementCharacter) != std::string_view::npos) {
    line.steps = line.steps | DecodeStep::kUtf8Repaired;
  }
  squeeze_spaces_of(line);
  if ((classes & byte_class::kAsterisk) != 0 && may_hold_comment(line, out_.name_of(line))) {
    strip_comments_of(line);
    squeeze_spaces_of(line);
  }
  cut(line);
  push(line);
  if ((classes & kShellClasses) != 0) add_shell_words();
  if (heads.size != 0) add_line_heads(line, heads);
}

/// Makes the line's break marks spaces; before that, what the lines of its text begin with goes into `heads`, if there is
/// more than one.
void LineWriter::take_line_breaks(const Line& line, LineHeads& heads) {
  char* const begin = out_.text.data() + line.begin;
  const std::string_view text(begin, line.end - line.begin);
  const size_t first = text.find(kLineBreakMark);
  if (first == std::string_view::npos) return;
  const bool goes_on = text.find_first_not_of(std::string_view{" \x1e", 2}, first) != std::string_view::npos;
  if (goes_on && tells_line_breaks(line.place)) {
    size_t head_max = line.name_length + size_t{1} + kLineHeadBytes;
    heads.name_length = first < line.name_length ? uint16_t{0} : line.name_length;
    for (size_t at = 0; at < text.size() && heads.size + head_max + 1 < heads.bytes.size();) {
      const size_t end = std::min(text.find(kLineBreakMark, at), text.size());
      const size_t size = std::min(end - at, head_max);
      std::memcpy(heads.bytes.data() + heads.size, text.data() + at, size);
      heads.size += size;
      if (end < text.size()) heads.bytes[heads.size++] = kLineBreakMark;
      head_max = kLineHeadBytes;
      at = end + 1;
    }
  }
  std::replace(begin, begin + text.size(), kLineBreakMark, ' ');
}

void LineWriter::add_line_heads(Line line, const LineHeads& heads) {
  if (lines_left() <= 1 || heads.size + kSmallestLine > bytes_left()) return;
  std::memcpy(reserve(heads.size), heads.bytes.data(), heads.size);
  line.begin = static_cast<uint32_t>(size_);
  line.end = static_cast<uint32_t>(size_ + heads.size);
  line.name_length = heads.name_length;
  line.steps = line.steps | DecodeStep::kLineBreaks;
  size_ = line.end;
  cut(line);
  push(line);
}

/// A line more with what a shell makes of the words of the line written last, if it makes something else of them.
void LineWriter::add_shell_words() {
  if (out_.lines.empty()) return;
  Line line = out_.lines.back();
  const size_t size = line.end - line.begin;
  if (line.place == Place::kXmlDocument || lines_left() <= 1 || size + kSmallestLine > bytes_left()) return;
  const size_t head = out_.value_offset(line);
  char* const target = reserve(size + 1);
  const char* const source = out_.text.data() + line.begin;
  const size_t words = unwrap_shell_words({source + head, size - head}, target + head);
  if (words == 0) return;
  std::memcpy(target, source, head);
  line.begin = static_cast<uint32_t>(size_);
  line.end = static_cast<uint32_t>(size_ + head + words);
  line.steps = line.steps | DecodeStep::kShellWord;
  size_ = line.end;
  push(line);
}

/// A run of spaces becomes a single one: rules need not allow for padding, which would otherwise reach over any gap they bound.
void LineWriter::squeeze_spaces_of(Line& line) {
  char* const text = out_.text.data();
  if (!has_double_space({text + line.begin, line.end - line.begin})) return;
  const size_t name_end = line.begin + size_t{line.name_length};
  size_t to = line.begin;
  for (size_t from = line.begin; from < line.end; ++from) {
    if (from == name_end) line.name_length = static_cast<uint16_t>(to - line.begin);
    if (text[from] == ' ' && to > line.begin && text[to - 1] == ' ') continue;
    text[to++] = text[from];
  }
  line.end = static_cast<uint32_t>(to);
  size_ = to;
}

/// Where comments hide text, that text is kept: the line goes out once as it is and once without its comments. Otherwise
/// somebody could hide an attack from one reading in the other's comment ("ls /*;cat /etc/passwd;ls /*/").
void LineWriter::strip_comments_of(Line& line) {
  const size_t value_begin = line.begin + out_.value_offset(line);
  const CommentSurvey survey = survey_comments(std::string_view(out_.text).substr(value_begin, line.end - value_begin));
  if (!survey.any) return;
  if (survey.splits_words)
    out_.evasions = static_cast<Evasions>(out_.evasions | static_cast<Evasions>(Evasion::kCommentSplitting));
  if (survey.hides_text && lines_left() > 1 && bytes_left() > kSmallestLine) {
    Line original = line;
    cut(original);
    const size_t original_size = original.end - original.begin;
    push(original);
    reserve(original_size + 1);
    std::memcpy(out_.text.data() + size_, out_.text.data() + original.begin, original_size);
    line.begin = static_cast<uint32_t>(size_);
    line.name_length = original.name_length;
    line.steps = original.steps;
    line.end = static_cast<uint32_t>(size_ + original_size);
    size_ = line.end;
  }
  const size_t stripped_begin = line.begin + out_.value_offset(line);
  const size_t stripped = strip_comments(out_.text.data() + stripped_begin, line.end - stripped_begin);
  line.end = static_cast<uint32_t>(stripped_begin + stripped);
  line.steps = line.steps | DecodeStep::kSqlComment;
  size_ = line.end;
}

void LineWriter::cut(Line& line) {
  const size_t left = bytes_max_ > line.begin ? bytes_max_ - line.begin : 0;
  const size_t budget = std::min<size_t>(options_.line_bytes_max, left);
  const size_t size = line.end - line.begin;
  if (size > budget) {
    const auto [head, tail] = split_budget(budget);
    char* const text = out_.text.data() + line.begin;
    text[head] = ' ';
    std::memmove(text + head + 1, text + size - tail, tail);
    line.end = static_cast<uint32_t>(line.begin + budget);
    if (line.name_length >= head) line.name_length = 0;
    line.steps = line.steps | DecodeStep::kTruncated;
  }
  size_ = line.end;
}

void LineWriter::push(Line line) {
  if (has(line.steps, DecodeStep::kTruncated)) ++out_.truncated_lines;
  if (line.begin == line.end) {
    size_ = line.begin;
    return;
  }
  *reserve(1) = '\n';
  ++size_;
  out_.lines.push_back(line);
}

void LineWriter::add_raw(Place place, std::string_view first, char separator, std::string_view second) {
  if (first.empty() && second.empty()) return;
  if (full()) {
    drop();
    return;
  }
  Line line;
  line.begin = static_cast<uint32_t>(size_);
  line.place = place;
  const size_t raw_max = options_.line_bytes_max;
  if (first.size() > raw_max || second.size() > raw_max - first.size())
    line.steps = line.steps | DecodeStep::kTruncated;
  first = first.substr(0, raw_max);
  second = second.substr(0, raw_max - first.size());
  char* target = reserve(first.size() + second.size() + 1);
  target = std::copy(first.begin(), first.end(), target);
  if (separator != 0 && !second.empty()) *target++ = separator;
  target = std::copy(second.begin(), second.end(), target);
  size_ = static_cast<size_t>(target - out_.text.data());
  std::replace(out_.text.data() + line.begin, target, '\n', ' ');
  line.end = static_cast<uint32_t>(size_);
  cut(line);
  push(line);
}

}  // namespace weir
