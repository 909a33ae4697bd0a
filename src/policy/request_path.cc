#include "policy/request_path.h"

#include "base/hex.h"

namespace weir {

void RequestPath::split(std::string_view path) {
  count_ = 0;
  cut_ = false;
  if (path.find('%') != std::string_view::npos) path = decoded(path);
  // Segments are short: to look at each byte is quicker than a search for each slash.
  size_t begin = 0;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '/') continue;
    add(path.substr(begin, at - begin));
    begin = at + 1;
  }
  add(path.substr(begin));
}

void RequestPath::add(std::string_view segment) {
  segment = segment.substr(0, segment.find(';'));
  if (segment.empty() || segment == ".") return;
  if (segment == "..") {
    if (count_ > 0) --count_;
    return;
  }
  if (count_ == kSegmentsMax) {
    cut_ = true;
    return;
  }
  segments_[count_++] = segment;
}

std::string_view RequestPath::decoded(std::string_view path) {
  size_t size = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    if (size == buffer_.size()) {
      cut_ = true;
      break;
    }
    const bool escape =
        path[i] == '%' && i + 2 < path.size() && hex_value(path[i + 1]) >= 0 && hex_value(path[i + 2]) >= 0;
    buffer_[size++] = escape ? static_cast<char>(hex_number(path.data() + i + 1, 2)) : path[i];
    if (escape) i += 2;
  }
  return {buffer_.data(), size};
}

}  // namespace weir
