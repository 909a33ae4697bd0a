#include "decode/lines/multipart_lines.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "decode/steps/binary_text.h"
#include "decode/steps/byte_classes.h"
#include "decode/steps/utf16_text.h"

namespace weir {
namespace {

/// RFC 2046 allows 70; some clients use more.
constexpr size_t kBoundaryBytesMax = 200;

/// A parameter of a header such as `form-data; name="a"; filename="b"`.
struct Parameter {
  std::string_view name, value;
  bool escaped = false;  ///< the value holds backslashes; browsers escape quotes as %22 or \"
};

/// Cuts off the next parameter behind a semicolon. False at the end.
bool next_parameter(std::string_view& header, Parameter& parameter) {
  constexpr std::string_view kSpace = " \t\r\n";
  while (true) {
    const size_t semicolon = header.find(';');
    if (semicolon == std::string_view::npos) return false;
    header.remove_prefix(semicolon + 1);
    header.remove_prefix(std::min(header.find_first_not_of(kSpace), header.size()));
    const size_t end = header.find_first_of("=;\r\n");
    if (end == std::string_view::npos || header[end] != '=') continue;
    parameter = {header.substr(0, end), {}, false};
    header.remove_prefix(end + 1);
    break;
  }
  if (!header.starts_with('"')) {
    parameter.value = header.substr(0, std::min(header.find_first_of("; \t\r\n"), header.size()));
    header.remove_prefix(parameter.value.size());
    return true;
  }
  size_t end = 1;
  while (end < header.size() && header[end] != '"') {
    parameter.escaped |= header[end] == '\\';
    end += header[end] == '\\' ? size_t{2} : size_t{1};
  }
  end = std::min(end, header.size());
  parameter.value = header.substr(1, end - 1);
  header.remove_prefix(end);
  return true;
}

/// The value of the first parameter of that name; empty if there is none.
std::string_view parameter_of(std::string_view header, std::string_view name) {
  for (Parameter parameter; next_parameter(header, parameter);) {
    if (parameter.name.size() == name.size() && starts_without_case(parameter.name, name)) return parameter.value;
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

/// A value of a part's header; `buffer` is for its text without backslashes.
void add_parameter(ValueLines& values, std::string_view name, const Parameter& parameter, std::string& buffer) {
  std::string_view value = parameter.value;
  if (parameter.escaped) {
    buffer.clear();
    for (size_t at = 0; at < value.size(); ++at) {
      const bool escape = value[at] == '\\' && at + 1 < value.size() && (value[at + 1] == '"' || value[at + 1] == '\\');
      if (escape) ++at;
      buffer.push_back(value[at]);
    }
    value = buffer;
  }
  if (!value.empty()) values.add(Place::kMultipart, name, value);
}

/// The header that says what the part is, with its folded lines.
std::string_view disposition_of(std::string_view headers) {
  const size_t begin = find_without_case(headers, "content-disposition", 0);
  if (begin == std::string_view::npos) return {};
  headers.remove_prefix(begin);
  size_t end = headers.find('\n');
  while (end != std::string_view::npos && end + 1 < headers.size() &&
         (headers[end + 1] == ' ' || headers[end + 1] == '\t'))
    end = headers.find('\n', end + 1);
  return headers.substr(0, end);
}

/// File names (servers differ in which of several they take) under the part's name, other parameters under their own.
void add_disposition(ValueLines& values, std::string_view name, std::string_view disposition, std::string& buffer) {
  constexpr size_t kParametersMax = 16;
  constexpr size_t kNameBytesMax = 64;
  std::array<char, 2 * kNameBytesMax + 2> other_name;
  bool named = false;
  size_t count = 0;
  for (Parameter parameter; count < kParametersMax && next_parameter(disposition, parameter); ++count) {
    if (starts_without_case(parameter.name, "filename")) {
      add_parameter(values, name, parameter, buffer);
    } else if (!named && parameter.name.size() == 4 && starts_without_case(parameter.name, "name")) {
      named = true;
    } else {
      const std::string_view part = name.substr(0, kNameBytesMax);
      const std::string_view own = parameter.name.substr(0, kNameBytesMax);
      char* end = std::copy(part.begin(), part.end(), other_name.begin());
      *end++ = '[';
      end = std::copy(own.begin(), own.end(), end);
      *end++ = ']';
      add_parameter(values, {other_name.data(), static_cast<size_t>(end - other_name.data())}, parameter, buffer);
    }
  }
}

void add_part(ValueLines& values, const Part& part, DecodeScratch& scratch) {
  const std::string_view disposition = disposition_of(part.headers);
  const std::string_view name = parameter_of(disposition, "name");
  add_disposition(values, name, disposition, scratch.printable);
  add_odd_content_type(values, part.headers);
  std::string_view content = part.content;
  if (decode_utf16(content, scratch.utf16_part)) content = scratch.utf16_part;
  if (is_binary(content)) {
    extract_printable(content, scratch.printable);
    if (!scratch.printable.empty()) values.add(Place::kMultipart, name, scratch.printable);
    return;
  }
  const bool is_file = !parameter_of(disposition, "filename").empty();
  if (!content.empty() || !is_file) values.add(Place::kMultipart, name, content);
}

/// False if the body has no part that says how it is to be read.
bool add_parts(ValueLines& values, std::string_view boundary, std::string_view body, DecodeScratch& scratch) {
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
      add_part(values, split, scratch);
    } else {
      values.writer().add(Place::kBody, part);
    }
  }
  return any;
}

}  // namespace

bool add_multipart(ValueLines& values, std::string_view content_type, std::string_view body, DecodeScratch& scratch) {
  return add_parts(values, parameter_of(content_type, "boundary"), body, scratch) ||
         add_parts(values, boundary_in(body), body, scratch);
}

}  // namespace weir
