#include "event/values/request_target.h"

#include "base/ascii.h"
#include "base/byte_search.h"

namespace weir {
namespace {

void split_path(std::string_view text, RequestTarget& target) {
  const auto question = find_near(text, '?');
  target.path = text.substr(0, question);
  if (question != std::string_view::npos) target.query = text.substr(question + 1);
}

// The length of a URL scheme that "://" follows, 0 if there is none.
size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_ascii_letter(text.front())) return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ':') return text.substr(i, 3) == "://" ? i : 0;
    if (!is_ascii_alphanumeric(c) && c != '+' && c != '-' && c != '.') return 0;
  }
  return 0;
}

}  // namespace

RequestTarget split_request_target(std::string_view text) {
  RequestTarget target;
  const size_t scheme = text.empty() || text.front() == '/' ? 0 : scheme_length(text);
  if (scheme == 0) {
    split_path(text, target);
    return target;
  }
  target.scheme = text.substr(0, scheme);
  text.remove_prefix(scheme + 3);
  const auto authority_end = text.find_first_of("/?#");
  target.host = text.substr(0, authority_end);
  if (const auto at = target.host.rfind('@'); at != std::string_view::npos) target.host.remove_prefix(at + 1);
  if (authority_end != std::string_view::npos) split_path(text.substr(authority_end), target);
  if (target.path.empty()) target.path = "/";
  return target;
}

RequestTarget split_request_line(std::string_view text) {
  const auto space = find_near(text, ' ');
  if (space == std::string_view::npos || space == 0) return split_request_target(text);
  for (const char c : text.substr(0, space)) {
    if (!is_ascii_letter(c) && c != '-' && c != '_') return split_request_target(text);
  }
  auto rest = text.substr(space + 1);
  // A target may hold raw spaces, so the protocol is looked for from the right.
  if (const auto protocol = rest.rfind(" HTTP/"); protocol != std::string_view::npos) rest = rest.substr(0, protocol);
  auto target = split_request_target(rest);
  target.method = text.substr(0, space);
  return target;
}

}  // namespace weir
