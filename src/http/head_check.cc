#include "http/head_check.h"

namespace weir {
namespace {

constexpr std::string_view kHost = "host";

bool is_name_character(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace

bool HeadCheck::accept(std::string_view bytes) {
  for (const char c : bytes) {
    if (malformed_ || over_) break;
    malformed_ = !accept(c);
  }
  return !malformed_;
}

bool HeadCheck::accept(char c) {
  if (after_cr_ && c != '\n') return false;
  after_cr_ = c == '\r';
  if (c == '\n') return end_line();
  if (after_cr_) return true;
  const auto byte = static_cast<unsigned char>(c);
  if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
  if (line_ == 0) {
    before_last_ = last_;
    last_ = c;
  } else if (!in_value_) {
    if (c == ':') {
      if (column_ == 0) return false;
      in_value_ = true;
      if (column_ == kHost.size() && name_matches_ == kHost.size()) ++hosts_;
    } else if (!is_name_character(c)) {
      return false;  // a folded line begins with a blank, a name ends with one, or there is no name
    } else if (column_ < kHost.size() && lower(c) == kHost[column_]) {
      ++name_matches_;
    }
  }
  ++column_;
  return true;
}

bool HeadCheck::end_line() {
  const bool empty = column_ == 0;
  if (line_ == 0) {
    if (empty) return true;  // before a request, empty lines may stand
    needs_host_ = before_last_ == '.' && last_ == '1';
  } else if (empty) {
    over_ = true;
    return hosts_ == 1 || (hosts_ == 0 && !needs_host_);
  } else if (!in_value_) {
    return false;
  }
  ++line_;
  column_ = name_matches_ = 0;
  in_value_ = false;
  return true;
}

}  // namespace weir
