#include "decode/multipart_lines.h"

#include <algorithm>

#include "base/ascii.h"
#include "decode/binary_text.h"
#include "decode/byte_classes.h"

namespace weir {
namespace {

/// RFC 2046 allows 70; some clients use more.
constexpr size_t kBoundaryBytesMax = 200;

/// The parameter `name` of a header such as `form-data; name="a"; filename="b"`; empty if there is none. Browsers escape
/// quotes inside as %22 or \".
std::string_view parameter_of(std::string_view header, std::string_view name) {
  for (size_t at = find_without_case(header, name, 0); at != std::string_view::npos;
       at = find_without_case(header, name, at + 1)) {
    const char before = at == 0 ? ';' : header[at - 1];
    size_t value = at + name.size();
    if ((before != ';' && before != ' ' && before != '\t') || value >= header.size() || header[value] != '=') continue;
    ++value;
    if (value < header.size() && header[value] == '"') {
      size_t end = ++value;
      while (end < header.size() && header[end] != '"')
        end += header[end] == '\\' ? size_t{2} : size_t{1};
      return header.substr(value, std::min(end, header.size()) - value);
    }
    return header.substr(value, std::min(header.find_first_of("; \t\r\n", value), header.size()) - value);
  }
  return {};
}

/// The boundary that the body itself starts with; empty if it does not start with one.
std::string_view boundary_in(std::string_view body) {
  if (!body.starts_with("--")) return {};
  body.remove_prefix(2);
  return body.substr(0, std::min(body.find_first_of("\r\n"), body.size()));
}

/// Cuts off the next part: what stands up to the next line that starts with the delimiter.
class PartReader {
 public:
  PartReader(std::string_view body, std::string_view boundary) : body_(body), boundary_(boundary) {
    at_ = find_delimiter(0);
  }

  bool next(std::string_view& part) {
    if (at_ >= body_.size()) return false;
    const size_t begin = at_ + 2 + boundary_.size();
    if (begin >= body_.size() || body_.substr(begin).starts_with("--")) return false;
    at_ = find_delimiter(begin);
    part = body_.substr(begin, at_ - begin);
    if (part.starts_with("\r\n"))
      part.remove_prefix(2);
    else if (part.starts_with("\n"))
      part.remove_prefix(1);
    if (part.ends_with("\n")) part.remove_suffix(1);
    if (part.ends_with("\r")) part.remove_suffix(1);
    return true;
  }

 private:
  /// Offset of "--boundary" at the start of a line, or the body's size.
  [[nodiscard]] size_t find_delimiter(size_t from) const {
    for (size_t at = body_.find(boundary_, from); at != std::string_view::npos; at = body_.find(boundary_, at + 1)) {
      if (at >= 2 + from && body_[at - 1] == '-' && body_[at - 2] == '-' &&
          (at == 2 || body_[at - 3] == '\n' || body_[at - 3] == '\r'))
        return at - 2;
    }
    return body_.size();
  }

  std::string_view body_;
  std::string_view boundary_;
  size_t at_ = 0;
};

/// A part's header block and content, split at the first empty line.
struct Part {
  std::string_view headers, content;
};

Part split_part(std::string_view part) {
  const size_t windows = part.find("\r\n\r\n");
  const size_t unix_like = part.substr(0, windows).find("\n\n");
  if (unix_like != std::string_view::npos) return {part.substr(0, unix_like), part.substr(unix_like + 2)};
  if (windows != std::string_view::npos) return {part.substr(0, windows), part.substr(windows + 4)};
  return {part, {}};
}

/// The part's own content type, where it is none that a browser writes.
void add_odd_content_type(ValueLines& values, std::string_view headers) {
  constexpr std::string_view kName = "content-type:";
  const size_t at = find_without_case(headers, kName, 0);
  if (at == std::string_view::npos) return;
  std::string_view value = headers.substr(at + kName.size());
  value = value.substr(0, value.find_first_of("\r\n"));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (!is_plain_header_value(value)) values.add(Place::kMultipart, {}, value);
}

void add_part(ValueLines& values, const Part& part, std::string& printable) {
  const std::string_view name = parameter_of(part.headers, "name");
  std::string_view filename = parameter_of(part.headers, "filename");
  if (filename.empty()) filename = parameter_of(part.headers, "filename*");
  if (!filename.empty()) values.add(Place::kMultipart, name, filename);
  add_odd_content_type(values, part.headers);
  if (is_binary(part.content)) {
    extract_printable(part.content, printable);
    if (!printable.empty()) values.add(Place::kMultipart, name, printable);
    return;
  }
  if (!part.content.empty() || filename.empty()) values.add(Place::kMultipart, name, part.content);
}

/// False if the body has no part that says how it is to be read.
bool add_parts(ValueLines& values, std::string_view boundary, std::string_view body, std::string& printable) {
  if (boundary.empty() || boundary.size() > kBoundaryBytesMax) return false;
  PartReader reader(body, boundary);
  std::string_view part;
  bool any = false;
  while (reader.next(part)) {
    if (values.writer().full()) {
      values.writer().drop();
      break;
    }
    const Part split = split_part(part);
    const bool described = find_without_case(split.headers, "content-disposition", 0) != std::string_view::npos;
    if (!described && !any) return false;
    any = true;
    if (described) {
      add_part(values, split, printable);
    } else {
      values.writer().add(Place::kBody, part);
    }
  }
  return any;
}

}  // namespace

bool add_multipart(ValueLines& values, std::string_view content_type, std::string_view body, std::string& printable) {
  return add_parts(values, parameter_of(content_type, "boundary"), body, printable) ||
         add_parts(values, boundary_in(body), body, printable);
}

}  // namespace weir
