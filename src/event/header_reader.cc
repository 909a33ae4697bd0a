#include "event/header_reader.h"

#include "base/ascii.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kHeadersKept = 4096;  // lists that grew beyond are given back after the record

// Calls take(Header) for each value of each name; stops at a value that is no text, number or list of them.
template <typename Take>
RejectReason for_each_header(const dom::element& value, NumberTexts& numbers, Take take) {
  dom::object object;
  if (value.get(object) != simdjson::SUCCESS) return RejectReason::kWrongType;
  const auto take_one = [&](std::string_view name, const dom::element& one) {
    std::string_view text;
    if (one.get(text) != simdjson::SUCCESS) {
      const auto number = numbers.text_of(one);
      if (!number) return one.is_null();
      text = *number;
    }
    take(Header{name, text});
    return true;
  };
  for (const auto field : object) {
    dom::array list;
    if (field.value.get(list) != simdjson::SUCCESS) {
      if (!take_one(field.key, field.value)) return RejectReason::kWrongType;
      continue;
    }
    for (const auto one : list) {
      if (!take_one(field.key, one)) return RejectReason::kWrongType;
    }
  }
  return RejectReason::kNone;
}

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

void HeaderReader::clear() {
  clear_list(request_);
  clear_list(response_);
}

void HeaderReader::add_or_lift(Header header, Event& event) {
  std::string_view* field = field_for(header.name, event);
  if (field != nullptr && field->empty()) {
    *field = header.value;
  } else if (field == nullptr || *field != header.value) {
    request_.push_back(header);
  }
}

RejectReason HeaderReader::read_request(const dom::element& value, Event& event, NumberTexts& numbers) {
  return for_each_header(value, numbers, [&](Header header) { add_or_lift(header, event); });
}

RejectReason HeaderReader::read_response(const dom::element& value, NumberTexts& numbers) {
  return for_each_header(value, numbers, [&](Header header) { response_.push_back(header); });
}

}  // namespace weir
