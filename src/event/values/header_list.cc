#include "event/values/header_list.h"

#include "base/ascii.h"

namespace weir {
namespace {

constexpr size_t kHeadersKept = 4096;  // lists that grew beyond are given back after the record

// The event's own field for a header of that name, or null.
std::string_view* field_for(std::string_view name, Event& event) {
  switch (name.size()) {
    case 4:
      return equal_without_case(name, "host") ? &event.host : nullptr;
    case 6:
      return equal_without_case(name, "cookie") ? &event.cookie : nullptr;
    case 7:
      return equal_without_case(name, "referer") ? &event.referer : nullptr;
    case 10:
      return equal_without_case(name, "user-agent") ? &event.user_agent : nullptr;
    case 12:
      return equal_without_case(name, "content-type") ? &event.content_type : nullptr;
    default:
      return nullptr;
  }
}

void clear_list(std::vector<Header>& list) {
  if (list.capacity() > kHeadersKept) list = {};
  list.clear();
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

void HeaderList::clear() {
  clear_list(request_);
  clear_list(response_);
}

void HeaderList::add_or_lift(Header header, Event& event) {
  std::string_view* field = field_for(header.name, event);
  if (field != nullptr && field->empty()) {
    *field = header.value;
  } else if (field == nullptr || *field != header.value) {
    request_.push_back(header);
  }
}

}  // namespace weir
