#include "decode/strip_comments.h"

#include <cstring>

#include "decode/code_point.h"

namespace weir {
namespace {

/// A closed comment: text[begin, end), its content text[content_begin, content_end).
struct Comment {
  size_t begin = std::string_view::npos;
  size_t content_begin = 0;
  size_t content_end = 0;
  size_t end = 0;
  bool conditional = false;  ///< executed by MySQL or MariaDB; the content starts behind the version number

  [[nodiscard]] bool found() const { return begin != std::string_view::npos; }
};

/// The next closed comment at or behind `from`. When an opening has no end no later one has, so the search is linear.
Comment next_comment(std::string_view text, size_t from) {
  Comment comment;
  const size_t begin = text.find("/*", from);
  if (begin == std::string_view::npos) return comment;
  const size_t close = text.find("*/", begin + 2);
  if (close == std::string_view::npos) return comment;
  comment.begin = begin;
  comment.content_begin = begin + 2;
  comment.content_end = close;
  comment.end = close + 2;
  size_t mark = comment.content_begin;
  if (text[mark] == 'M' && mark + 1 < close) ++mark;
  if (mark < close && text[mark] == '!') {
    comment.conditional = true;
    comment.content_begin = mark + 1;
    constexpr size_t kVersionDigitsMax = 6;
    for (size_t i = 0;
         i < kVersionDigitsMax && comment.content_begin < close && is_ascii_digit(text[comment.content_begin]); ++i) {
      ++comment.content_begin;
    }
  }
  return comment;
}

bool is_file_name_pattern(std::string_view content) {
  return !content.empty() &&
         (content.front() == '/' || content.back() == '/' || content.find("/*") != std::string_view::npos);
}

}  // namespace

CommentSurvey survey_comments(std::string_view text) {
  CommentSurvey survey;
  for (Comment comment = next_comment(text, 0); comment.found(); comment = next_comment(text, comment.end)) {
    survey.any = true;
    const std::string_view content = text.substr(comment.content_begin, comment.content_end - comment.content_begin);
    if (!comment.conditional && !content.empty()) survey.hides_text = true;
    const bool word_before = comment.begin > 0 && is_word_byte(text[comment.begin - 1]);
    const bool word_behind = comment.end < text.size() && is_word_byte(text[comment.end]);
    const bool splits = comment.conditional || (word_before && word_behind);
    if (splits && !is_file_name_pattern(content)) survey.splits_words = true;
  }
  return survey;
}

size_t strip_comments(char* text, size_t size) {
  const std::string_view whole(text, size);
  size_t from = 0;
  size_t to = 0;
  const auto move_up_to = [&](size_t end) {
    std::memmove(text + to, text + from, end - from);
    to += end - from;
    from = end;
  };
  // The part behind `from` is untouched by the moves, so the search may go on in it.
  for (Comment comment = next_comment(whole, 0); comment.found(); comment = next_comment(whole, comment.end)) {
    move_up_to(comment.begin);
    text[to++] = ' ';
    if (comment.conditional) {
      from = comment.content_begin;
      move_up_to(comment.content_end);
      text[to++] = ' ';
    }
    from = comment.end;
  }
  move_up_to(size);
  return to;
}

}  // namespace weir
