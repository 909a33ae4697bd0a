#pragma once

#include <string_view>

namespace weir {

/// The parts of a request target; each is empty where the text has none. Views into the text.
struct RequestTarget {
  std::string_view method;  ///< only of a whole request line
  std::string_view scheme;
  std::string_view host;
  std::string_view path;
  std::string_view query;
};

/// Splits "/a?b=c", an absolute URL ("https://user@host:8443/a?b=c", whose host keeps its port and loses the user), or the
/// forms "*" and "host:443". Nothing is decoded. Never fails: what is none of these becomes the path as it is.
RequestTarget split_request_target(std::string_view text);

/// As split_request_target of a whole request line ("GET /a?b=c HTTP/1.1"); what is none is taken for a target alone.
RequestTarget split_request_line(std::string_view text);

}  // namespace weir
