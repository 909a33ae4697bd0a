#include "decode/lines/xml_lines.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "decode/steps/byte_classes.h"

namespace weir {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
/// A longer name is none that an application knows.
constexpr size_t kNameBytesMax = 64;

bool is_letter(char byte) {
  return (to_lower(byte) >= 'a' && to_lower(byte) <= 'z') || byte == '_';
}

/// "soap:Body" → "Body"
std::string_view local_name(std::string_view name) {
  const size_t colon = name.rfind(':');
  if (colon != std::string_view::npos) name.remove_prefix(colon + 1);
  return name.substr(0, kNameBytesMax);
}

/// Namespaces and schemas are named by URLs, which every document of that kind has.
bool is_namespace(std::string_view attribute) {
  return attribute.starts_with("xmlns") || attribute.ends_with("schemaLocation") ||
         attribute.ends_with("SchemaLocation");
}

class XmlReader {
 public:
  XmlReader(ValueLines& values, std::string_view text) : values_(values), text_(text) {}

  void read() {
    while (!text_.empty() && values_.writer().lines_left() > 1) {
      if (text_.front() != '<') {
        add_text(take_to('<'));
      } else if (text_.starts_with("<!--")) {
        skip_behind("-->");
      } else if (text_.starts_with("<![CDATA[")) {
        text_.remove_prefix(9);
        const size_t end = std::min(text_.find("]]>"), text_.size());
        add_text(text_.substr(0, end));
        text_.remove_prefix(end);
        skip_behind("]]>");
      } else if (text_.size() > 1 && (is_letter(text_[1]) || text_[1] == ':')) {
        read_tag();
      } else {
        // An end tag, a declaration or a document type, whose entities are seen in the whole body's line.
        const size_t end = text_.find_first_of("[>");
        skip_behind(end != std::string_view::npos && text_[end] == '[' ? "]>" : ">");
        element_ = {};
      }
    }
  }

 private:
  std::string_view take_to(char end) {
    const std::string_view taken = text_.substr(0, text_.find(end));
    text_.remove_prefix(taken.size());
    return taken;
  }
  void skip_behind(std::string_view end) {
    const size_t at = text_.find(end);
    text_.remove_prefix(at == std::string_view::npos ? text_.size() : at + end.size());
  }
  void skip_space() { text_.remove_prefix(std::min(text_.find_first_not_of(kSpace), text_.size())); }

  void add_text(std::string_view text) {
    if (text.find_first_not_of(kSpace) != std::string_view::npos) values_.add(Place::kXml, element_, text);
  }

  void read_tag() {
    text_.remove_prefix(1);
    element_ = local_name(take_name());
    while (values_.writer().lines_left() > 1) {
      skip_space();
      if (text_.empty()) return;
      if (text_.front() == '>' || text_.front() == '<') break;
      if (text_.front() == '/') {
        text_.remove_prefix(1);
        continue;
      }
      read_attribute();
    }
    if (!text_.empty() && text_.front() == '>') text_.remove_prefix(1);
  }

  std::string_view take_name() {
    const std::string_view name = text_.substr(0, text_.find_first_of(" \t\r\n=/>\"'<"));
    text_.remove_prefix(name.size());
    return name;
  }

  void read_attribute() {
    const std::string_view name = take_name();
    skip_space();
    if (text_.empty() || text_.front() != '=') {
      // A quote without a name before it: not XML, but it must not stop the walk.
      if (name.empty() && !text_.empty()) text_.remove_prefix(1);
      return;
    }
    text_.remove_prefix(1);
    skip_space();
    const std::string_view value = take_value();
    if (value.empty() || is_namespace(name)) return;
    values_.add(Place::kXml, attribute_name(local_name(name)), value);
  }

  /// "element[attribute]", valid until the next call.
  std::string_view attribute_name(std::string_view attribute) {
    char* end = std::copy(element_.begin(), element_.end(), name_.begin());
    *end++ = '[';
    end = std::copy(attribute.begin(), attribute.end(), end);
    *end++ = ']';
    return {name_.data(), static_cast<size_t>(end - name_.data())};
  }

  std::string_view take_value() {
    if (text_.empty()) return {};
    const char quote = text_.front();
    if (quote != '"' && quote != '\'') {
      const std::string_view bare = text_.substr(0, text_.find_first_of(" \t\r\n>"));
      text_.remove_prefix(bare.size());
      return bare;
    }
    text_.remove_prefix(1);
    const std::string_view value = take_to(quote);
    if (!text_.empty()) text_.remove_prefix(1);
    return value;
  }

  ValueLines& values_;
  std::string_view text_;
  std::string_view element_;  ///< the element opened last, unless it ended
  std::array<char, 2 * kNameBytesMax + 2> name_;
};

}  // namespace

bool looks_like_xml(std::string_view body) {
  return body.size() > 2 && body.front() == '<' && (body[1] == '?' || body[1] == '!' || is_letter(body[1]));
}

bool is_page(std::string_view body) {
  // Elements that XML formats have no use for, or that name the kind of document: of a page's root or of a fragment.
  static constexpr std::array<std::string_view, 24> kPageElements = {
      "html", "head",   "body",  "svg",   "script", "img",  "iframe", "div",  "p",       "span",    "a",    "b",
      "i",    "center", "style", "video", "audio",  "form", "input",  "meta", "details", "marquee", "math", "br"};
  constexpr std::array<std::string_view, 3> kNamespaces = {"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg",
                                                           "http://www.w3.org/TR/html"};
  const auto names_page = [&](std::string_view space) { return body.find(space) != std::string_view::npos; };
  if (std::any_of(kNamespaces.begin(), kNamespaces.end(), names_page)) return true;
  size_t at = 0;
  // Behind the declaration, the document type and comments the root element begins.
  while (at + 1 < body.size() && (body[at + 1] == '?' || body[at + 1] == '!')) {
    if (starts_without_case(body.substr(at), "<!doctype html")) return true;
    at = body.find('<', at + 1);
    if (at == std::string_view::npos) return false;
  }
  const std::string_view root = body.substr(std::min(at + 1, body.size()));
  return std::any_of(kPageElements.begin(), kPageElements.end(), [&](std::string_view element) {
    return starts_without_case(root, element) &&
           (root.size() == element.size() ||
            !(is_letter(root[element.size()]) || root[element.size()] == ':' || root[element.size()] == '-'));
  });
}

void add_xml(ValueLines& values, std::string_view body) {
  XmlReader(values, body).read();
}

}  // namespace weir
