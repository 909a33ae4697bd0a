#include "decode/steps/strip_comments.h"

#include <cstring>

#include "base/ascii.h"

namespace weir {
namespace {

/// A piece of text that becomes one space.
struct Piece {
  size_t begin = 0;
  size_t end = 0;
  std::string_view content;  ///< what stood in the comment and is lost
  bool conditional = false;  ///< an opening or closing bracket of a comment that MySQL or MariaDB executes
};

/// Bytes of "/*!50000" or "/*M!100100" at the start of `text`, 0 if it does not start so.
size_t conditional_opening(std::string_view text) {
  size_t at = 2;
  if (at < text.size() && text[at] == 'M') ++at;
  if (at >= text.size() || text[at] != '!') return 0;
  ++at;
  constexpr size_t kVersionDigitsMax = 6;
  for (size_t i = 0; i < kVersionDigitsMax && at < text.size() && is_ascii_digit(text[at]); ++i)
    ++at;
  return at;
}

/// Finds the pieces from left to right. Reads only behind the last piece's end, so the caller may rewrite what is before.
class CommentScanner {
 public:
  explicit CommentScanner(std::string_view text) : text_(text), last_close_(text.rfind("*/")) {}

  bool next(Piece& piece) {
    if (last_close_ == std::string_view::npos) return false;
    while (at_ <= last_close_) {
      const size_t star = text_.find('*', at_);
      if (star == std::string_view::npos) return false;
      const bool opening = star > at_ && text_[star - 1] == '/';
      if (opening && open(star - 1, piece)) return true;
      if (!opening && open_conditionals_ > 0 && text_.substr(star).starts_with("*/")) {
        --open_conditionals_;
        piece = {star, star + 2, {}, true};
        at_ = star + 2;
        return true;
      }
      at_ = star + 1;
    }
    return false;
  }

 private:
  /// At a "/*". False if it has no end.
  bool open(size_t begin, Piece& piece) {
    if (begin + 2 > last_close_) return false;
    const size_t opening = conditional_opening(text_.substr(begin));
    if (opening != 0 && begin + opening <= last_close_) {
      ++open_conditionals_;
      piece = {begin, begin + opening, {}, true};
    } else {
      const size_t close = text_.find("*/", begin + 2);
      piece = {begin, close + 2, text_.substr(begin + 2, close - begin - 2), false};
    }
    at_ = piece.end;
    return true;
  }

  std::string_view text_;
  size_t last_close_;
  size_t at_ = 0;
  size_t open_conditionals_ = 0;
};

bool is_file_name_pattern(std::string_view content) {
  return !content.empty() &&
         (content.front() == '/' || content.back() == '/' || content.find("/*") != std::string_view::npos);
}

}  // namespace

CommentSurvey survey_comments(std::string_view text) {
  CommentSurvey survey;
  CommentScanner scanner(text);
  for (Piece piece; scanner.next(piece);) {
    survey.any = true;
    if (!piece.content.empty()) survey.hides_text = true;
    const bool word_before = piece.begin > 0 && is_word_byte(text[piece.begin - 1]);
    const bool word_behind = piece.end < text.size() && is_word_byte(text[piece.end]);
    const bool splits = piece.conditional || (word_before && word_behind);
    if (splits && !is_file_name_pattern(piece.content)) survey.splits_words = true;
  }
  return survey;
}

size_t strip_comments(char* text, size_t size) {
  size_t from = 0;
  size_t to = 0;
  const auto move_up_to = [&](size_t end) {
    std::memmove(text + to, text + from, end - from);
    to += end - from;
  };
  CommentScanner scanner({text, size});
  for (Piece piece; scanner.next(piece);) {
    move_up_to(piece.begin);
    text[to++] = ' ';
    from = piece.end;
  }
  move_up_to(size);
  return to;
}

}  // namespace weir
