#include "event/text/text_reader.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/assert.h"
#include "base/byte_search.h"

namespace weir {
namespace {

// Whether an odd number of backslashes stands before `at`, so that what is there belongs to an escape.
bool is_escaped(std::string_view line, size_t begin, size_t at) {
  size_t backslashes = 0;
  while (at - backslashes > begin && line[at - backslashes - 1] == '\\')
    ++backslashes;
  return backslashes % 2 == 1;
}

// The byte of a literal to look for: lines are full of spaces, letters and digits.
size_t anchor_of(std::string_view literal) {
  const auto rarity = [](char c) {
    if (c == ' ') return 0;
    if (is_ascii_alphanumeric(c)) return 1;
    return c == '-' || c == '.' || c == '/' ? 2 : 3;
  };
  size_t best = 0;
  for (size_t i = 1; i < literal.size(); ++i)
    if (rarity(literal[i]) > rarity(literal[best])) best = i;
  return best;
}

// Whether the source never writes the first byte of `next` in the field but escaped.
bool is_protected(TextEscape escape, std::string_view next) {
  if (next.empty()) return false;
  switch (escape) {
    case TextEscape::kNone:
      return false;
    case TextEscape::kBackslash:
      return next.front() == '"' || next.front() == '\\' || next.front() == '\t';
    case TextEscape::kHash:
      return std::string_view("\"#{|}\t").find(next.front()) != kNowhere;
    case TextEscape::kDoubledQuotes:
      return next.front() == '"';
    case TextEscape::kPercent:
    case TextEscape::kPlus:
      return next.front() == ' ' || next.front() == '\t' || next.front() == '"';
  }
  return false;
}

// What clients write as they like, and often with spaces in it.
bool is_client_text(const TextField& field) {
  if (field.use != TextUse::kField) return field.use == TextUse::kRequestHeader;
  switch (field.field) {
    case kFieldTime:
    case kFieldDate:
    case kFieldMethod:
    case kFieldClientId:
    case kFieldRequestId:
    case kFieldApiKey:
      return false;
    default:
      return true;
  }
}

bool ends_word(char c) {
  return c == ' ' || c == '\t' || c == '"';
}

// A word with a dot or colon; or the name of a host without its domain, or "-": no word of what a client wrote in capitals or with
// quotes.
bool is_like_address(std::string_view text) {
  enum Sign : uint8_t { kEndsWord = 1, kMark = 2, kNoName = 4 };
  static constexpr auto kSigns = [] {
    std::array<uint8_t, 256> signs{};
    for (int c = 0; c < 256; ++c) {
      const char byte = static_cast<char>(c);
      const bool named = is_ascii_lower(byte) || is_ascii_digit(byte) || byte == '-' || byte == '_';
      signs[static_cast<size_t>(c)] = named ? 0 : kNoName;
    }
    for (const unsigned char c : {' ', '\t', '"'})
      signs[c] |= kEndsWord;
    signs['.'] |= kMark;
    signs[':'] |= kMark;
    return signs;
  }();
  unsigned seen = 0;
  for (const char c : text)
    seen |= kSigns[static_cast<unsigned char>(c)];
  return (seen & kEndsWord) == 0 && ((seen & kMark) != 0 || (seen & kNoName) == 0);
}

}  // namespace

TextReader::TextReader(TextFormat format) : format_(std::move(format)), last_open_(format_.parts.size()) {
  WEIR_ASSERT(format_.validate().has_value(), "the text format was not validated");
  for (size_t i = 0; i < format_.parts.size(); ++i) {
    const bool last = i + 1 == format_.parts.size();
    const auto& field = format_.parts[i].field;
    const std::string& next = last ? format_.end : format_.parts[i + 1].literal;
    steps_.push_back({next, anchor_of(next), field.escape, shape_of(field, next), last, false});
    Step& step = steps_.back();
    step.is_open = step.shape == Shape::kAny && !is_protected(step.escape, step.next);
    if (step.is_open && is_client_text(field)) last_open_ = last ? format_.parts.size() : i;
  }
}

TextReader::Shape TextReader::shape_of(const TextField& field, std::string_view next) {
  if (field.use != TextUse::kField) return Shape::kAny;
  switch (field.field) {
    case kFieldStatus:
    case kFieldDuration:
    case kFieldRequestBytes:
    case kFieldResponseBytes:
      return Shape::kNumber;
    case kFieldClientIp:
      return next.starts_with('"') ? Shape::kAny : Shape::kAddress;  // between quotes it may be a list
    case kFieldScheme:
      return Shape::kWord;
    default:
      return Shape::kAny;
  }
}

// Enough to tell a wrong cut of the line from a right one; whether a number is one is decided when it is read.
bool TextReader::has_shape(Shape shape, std::string_view text) {
  switch (shape) {
    case Shape::kAny:
      return true;
    case Shape::kNumber: {
      if (text.empty() || text == "-") return true;
      const bool sign = text.front() == '-' || text.front() == '+';
      return text.size() <= 64 && is_ascii_digit(text[sign && text.size() > 1 ? 1 : 0]);
    }
    case Shape::kWord:
      return std::none_of(text.begin(), text.end(), ends_word);
    case Shape::kAddress:
      return is_like_address(text);
  }
  return true;
}

// The first place of the literal behind the field.
size_t TextReader::find_literal(const Step& step, std::string_view line, size_t from) {
  const std::string_view literal = step.next;
  if (literal.empty()) return from <= line.size() ? from : kNowhere;
  const char anchor = literal[step.anchor];
  for (size_t at = find_near(line, anchor, from + step.anchor); at != kNowhere; at = find_near(line, anchor, at + 1)) {
    const size_t begin = at - step.anchor;
    if (begin + literal.size() > line.size()) return kNowhere;
    size_t same = 0;  // a call for two or three bytes costs more than they do
    while (same < literal.size() && line[begin + same] == literal[same])
      ++same;
    if (same == literal.size()) return begin;
  }
  return kNowhere;
}

// The first place of the literal behind the field that is no part of an escape.
size_t TextReader::find_end(const Step& step, std::string_view line, size_t begin, size_t from) {
  for (size_t at = find_literal(step, line, from); at != kNowhere; at = find_literal(step, line, at)) {
    if (step.escape == TextEscape::kBackslash && is_escaped(line, begin, at)) {
      at += 1;
    } else if (step.escape == TextEscape::kDoubledQuotes && step.next.front() == '"' && line.substr(at, 2) == "\"\"") {
      at += 2;
    } else {
      return at;
    }
  }
  return kNowhere;
}

size_t TextReader::end_of(const Step& step, std::string_view line, size_t begin, size_t from) const {
  return step.last ? end_of_last(step, line, begin, from) : find_end(step, line, begin, from);
}

// Where nothing is escaped the last field goes to the end of the line, so that what it holds cannot end it early.
size_t TextReader::end_of_last(const Step& step, std::string_view line, size_t begin, size_t from) const {
  const bool to_line_end = format_.tail == TextTail::kNothing;
  if (step.next.empty()) return to_line_end ? line.size() : std::min(line.find_first_of(" \t", from), line.size());
  if (to_line_end && step.escape == TextEscape::kNone) {
    const bool ends = line.size() >= from + step.next.size() && line.ends_with(step.next);
    return ends ? line.size() - step.next.size() : kNowhere;
  }
  return find_end(step, line, begin, from);
}

// The end of the field as the fields behind it tell, read from the end of the line: what clients write into it can then not pass
// for any of those.
size_t TextReader::end_from_behind(std::string_view line, size_t step, size_t begin) const {
  if (format_.tail != TextTail::kNothing || !line.ends_with(format_.end)) return kNowhere;
  size_t end = line.size() - format_.end.size();
  for (size_t i = steps_.size() - 1; i > step; --i) {
    const std::string& literal = steps_[i - 1].next;
    const bool quoted = steps_[i].escape == TextEscape::kBackslash && literal.back() == '"';
    size_t at = end < begin + literal.size() ? kNowhere : line.rfind(literal, end - literal.size());
    while (quoted && at != kNowhere && at > begin && is_escaped(line, begin, at + literal.size() - 1))
      at = line.rfind(literal, at - 1);
    if (at == kNowhere || at < begin) return kNowhere;
    end = at;
  }
  return end;
}

// Reads fields from step `step` on, whose text begins at `at`. On a mismatch or a cut, `step` is where.
TextReader::Walk TextReader::walk(std::string_view line, size_t& step, size_t at,
                                  std::vector<std::string_view>& fields) const {
  for (; step < steps_.size(); ++step) {
    size_t end = kNowhere;
    if (step == last_open_) end = end_from_behind(line, step, at);
    if (end == kNowhere) end = end_of(steps_[step], line, at, at);
    if (end == kNowhere) {
      fields[step] = line.substr(at);
      return Walk::kCut;
    }
    fields[step] = line.substr(at, end - at);
    if (!has_shape(steps_[step].shape, fields[step])) return Walk::kMismatch;
    at = end + steps_[step].next.size();
  }
  if (format_.tail == TextTail::kNothing && at != line.size()) {
    --step;
    return Walk::kMismatch;
  }
  return Walk::kEnd;
}

// Whether another end of an earlier field can make the line fit: not if the literal that is missing stands nowhere behind, since what
// begins later has less of the line.
bool TextReader::may_end_elsewhere(const Stop& stop, std::string_view line,
                                   const std::vector<std::string_view>& fields) const {
  if (stop.result != Walk::kCut) return true;
  const auto begin = static_cast<size_t>(fields[stop.step].data() - line.data());
  return find_literal(steps_[stop.step], line, begin) != kNowhere;
}

// What it says of a line that does not fit is where the first look ended.
TextReader::Stop TextReader::read_fields(std::string_view line, std::vector<std::string_view>& fields) const {
  fields.assign(steps_.size(), {});
  const std::string& start = format_.parts.front().literal;
  if (!line.starts_with(start)) return {Walk::kMismatch, 0};
  size_t step = 0;
  Walk result = walk(line, step, start.size(), fields);
  const Stop first{result, step};
  if (result == Walk::kEnd || !may_end_elsewhere(first, line, fields)) return first;
  // A field that is not escaped may hold what looks like its end: look for the next one, from the last such field back.
  for (int retries = 0; retries < kRetriesMax; ++retries) {
    size_t back = step;
    size_t end = kNowhere;
    while (back > 0 && end == kNowhere) {
      --back;
      if (!steps_[back].is_open) continue;
      const auto begin = static_cast<size_t>(fields[back].data() - line.data());
      end = end_of(steps_[back], line, begin, begin + fields[back].size() + 1);
    }
    if (end == kNowhere) break;
    const auto begin = static_cast<size_t>(fields[back].data() - line.data());
    fields[back] = line.substr(begin, end - begin);
    step = back + 1;
    result = walk(line, step, end + steps_[back].next.size(), fields);
    if (result == Walk::kEnd) return {Walk::kEnd, step};
  }
  return first;
}

bool TextReader::read_whole(std::string_view line, std::vector<std::string_view>& fields) const {
  return read_fields(line, fields).result == Walk::kEnd;
}

TextFit TextReader::read(std::string_view line, std::vector<std::string_view>& fields) const {
  const Stop stop = read_fields(line, fields);
  if (stop.result == Walk::kEnd) return TextFit::kWhole;
  if (stop.result == Walk::kMismatch) return TextFit::kNone;
  fields.assign(steps_.size(), {});
  size_t step = 0;
  const Walk result = walk(line, step, format_.parts.front().literal.size(), fields);
  WEIR_ASSERT(result == Walk::kCut && step == stop.step, "the same line gave another cut");
  return TextFit::kCut;
}

}  // namespace weir
