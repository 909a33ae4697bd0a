#pragma once

#include <string_view>

#include "decode/lines/value_lines.h"

namespace weir {

/// Does the body begin as XML documents do: a declaration, a document type or an element?
bool looks_like_xml(std::string_view body);

/// Writes what stands between and inside the tags of an XML body: "element=text" and "element[attribute]=value", names
/// without their prefixes. It reads markup as it comes and checks nothing: bodies in logs are often cut off, and what is
/// not well-formed for one parser is for another. Linear; stops when one line is left.
void add_xml(ValueLines& values, std::string_view body);

/// Is an XML-like body one that a browser would show: HTML, an SVG image, or a document that holds pieces of these?
bool is_page(std::string_view body);

}  // namespace weir
