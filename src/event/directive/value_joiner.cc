#include "event/directive/value_joiner.h"

#include <algorithm>

#include "event/directive/time_pattern.h"

namespace weir {
namespace {

constexpr size_t kTimePiecesMax = 15;
constexpr size_t kTimePatternBytesMax = 128;

using Pieces = std::span<const DirectivePiece>;

bool is_field(const DirectivePiece& piece, ProfileFieldIndex field) {
  return piece.variable && piece.variable->field.use == TextUse::kField && piece.variable->field.field == field;
}

bool is_time(const DirectivePiece& piece) {
  return piece.variable && !piece.variable->time.empty();
}

bool is_skipped(const DirectivePiece& piece) {
  return piece.variable && piece.variable->field.use == TextUse::kSkip;
}

bool is_literal(const DirectivePiece& piece, std::string_view text) {
  return !piece.variable && piece.literal == text;
}

std::string pattern_of(Pieces pieces) {
  std::string pattern;
  for (const auto& piece : pieces) {
    if (is_time(piece)) pattern += piece.variable->time;
    for (const char c : piece.literal)
      pattern += c == '%' ? std::string("%%") : std::string(1, c);
  }
  return pattern;
}

TimePatternKind kind_of(Pieces pieces) {
  const std::string pattern = pattern_of(pieces);
  return pattern.size() > kTimePatternBytesMax ? TimePatternKind::kUnread : kind_of_time_pattern(pattern);
}

TextField field_of(ProfileFieldIndex field, TextEscape escape) {
  TextField result;
  result.use = TextUse::kField;
  result.field = field;
  result.escape = escape;
  return result;
}

// The longest run of times that is read as one.
std::optional<JoinedValue> join_times(Pieces pieces) {
  size_t length = 0;
  for (size_t i = 0; i < std::min(pieces.size(), kTimePiecesMax); ++i) {
    if (pieces[i].variable && !is_time(pieces[i])) break;
    if (is_time(pieces[i])) length = i + 1;
  }
  for (; length > 1; --length) {
    if (!is_time(pieces[length - 1])) continue;
    if (kind_of(pieces.first(length)) == TimePatternKind::kTime)
      return JoinedValue{field_of(kFieldTime, TextEscape::kNone), 0, false, length};
  }
  return std::nullopt;
}

// A path and the query behind it, or a target: how many pieces; 0 if they are none.
size_t target_pieces(Pieces pieces) {
  if (pieces.empty()) return 0;
  if (is_field(pieces[0], kFieldTarget)) return pieces[0].variable->is_line ? 0 : 1;
  if (!is_field(pieces[0], kFieldPath)) return 0;
  if (pieces.size() > 1 && is_field(pieces[1], kFieldQuery)) return 2;
  const bool has_mark =
      pieces.size() > 2 && is_field(pieces[2], kFieldQuery) &&
      ((is_skipped(pieces[1]) && pieces[1].variable->name == "$is_args") || is_literal(pieces[1], "?"));
  return has_mark ? 3 : 1;
}

// scheme://host/path?query, host/path?query, path?query
std::optional<JoinedValue> join_url(Pieces pieces) {
  const auto escape = pieces[0].variable->field.escape;
  const auto joined = [&](ProfileFieldIndex field, size_t count) {
    return JoinedValue{field_of(field, escape), 2, false, count};
  };
  if (is_field(pieces[0], kFieldScheme) && pieces.size() > 3 && is_literal(pieces[1], "://") &&
      is_field(pieces[2], kFieldHost)) {
    if (const size_t target = target_pieces(pieces.subspan(3)); target > 0) return joined(kFieldTarget, 3 + target);
  }
  if (is_field(pieces[0], kFieldHost)) {
    if (const size_t target = target_pieces(pieces.subspan(1)); target > 0) return joined(kFieldPath, 1 + target);
  }
  if (const size_t target = target_pieces(pieces); target > 1) return joined(kFieldTarget, target);
  return std::nullopt;
}

// "GET /a?b=c HTTP/1.1" or "GET /a?b=c" of several variables.
bool is_request_line(Pieces pieces) {
  if (pieces.size() < 3 || !is_field(pieces[0], kFieldMethod) || !is_literal(pieces[1], " ")) return false;
  const auto rest = pieces.subspan(2);
  size_t target = target_pieces(rest);
  if (const auto url = join_url(rest)) target = std::max(target, url->pieces);
  if (target == 0) return false;
  if (rest.size() == target) return true;
  return rest.size() == target + 2 && is_literal(rest[target], " ") && is_skipped(rest[target + 1]);
}

bool is_with_port(Pieces pieces, ProfileFieldIndex field) {
  return pieces.size() == 3 && is_field(pieces[0], field) && is_literal(pieces[1], ":") && is_skipped(pieces[2]);
}

// What may have other text around it and still is what it is.
bool is_free_text(const TextField& field) {
  switch (field.field) {
    case kFieldUserAgent:
    case kFieldReferer:
    case kFieldCookie:
    case kFieldBody:
    case kFieldQuery:
    case kFieldPath:
    case kFieldTarget:
    case kFieldDuration:  // 0.025s
      return true;
    default:
      return field.use != TextUse::kField;
  }
}

}  // namespace

TextField field_alone(const DirectiveVariable& variable) {
  if (variable.time.empty()) return variable.field;
  auto field = variable.field;
  if (field.time_format != TimestampFormat::kAuto) return field;
  const auto kind =
      variable.time.size() > kTimePatternBytesMax ? TimePatternKind::kUnread : kind_of_time_pattern(variable.time);
  if (kind == TimePatternKind::kDate) field.field = kFieldDate;
  if (kind == TimePatternKind::kUnread) field.use = TextUse::kSkip;
  return field;
}

std::optional<JoinedValue> join_pieces(Pieces pieces) {
  if (is_time(pieces[0])) return join_times(pieces);
  return join_url(pieces);
}

JoinedValue value_of_pieces(Pieces pieces, std::string_view name) {
  std::vector<const DirectiveVariable*> used;
  bool all_times = true;
  for (const auto& piece : pieces) {
    if (piece.variable && !is_time(piece)) all_times = false;
    if (piece.variable && piece.variable->field.use != TextUse::kSkip) used.push_back(&*piece.variable);
  }
  JoinedValue value;
  value.pieces = pieces.size();
  if (used.empty()) return value;
  const auto escape = used.front()->field.escape;
  if (pieces.size() > 1 && all_times && kind_of(pieces) == TimePatternKind::kTime) {
    value.field = field_of(kFieldTime, TextEscape::kNone);
  } else if (is_request_line(pieces)) {
    value = {field_of(kFieldTarget, escape), 1, true, pieces.size()};
  } else if (is_with_port(pieces, kFieldClientIp) || is_with_port(pieces, kFieldHost)) {
    value = {used.front()->field, used.front()->rank, false, pieces.size()};
  } else if (auto joined = pieces[0].variable ? join_pieces(pieces) : std::nullopt;
             joined && joined->pieces == pieces.size()) {
    value = *joined;
  } else if (used.size() == 1 && (pieces.size() == 1 || is_free_text(used.front()->field))) {
    value = {field_alone(*used.front()), used.front()->rank, used.front()->is_line, pieces.size()};
  } else if (!all_times) {
    value.field.use = TextUse::kRequestHeader;
    value.field.header = std::string(name);
    value.field.escape = escape;
  }
  return value;
}

}  // namespace weir
