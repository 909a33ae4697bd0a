#pragma once

#include <simdjson.h>

#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/field_values.h"
#include "event/reject_reason.h"

namespace weir {

/// Reads objects of headers: name to string, number or a list of them. One per parser; buffers are reused.
class HeaderReader {
 public:
  void clear();

  /// Reads request headers. The ones that have a field of their own in Event are lifted into it (first value, names without
  /// case) unless the field is already set to another value, in which case the header stays in the list so that it is seen.
  RejectReason read_request(const simdjson::dom::element& value, Event& event, NumberTexts& numbers);
  RejectReason read_response(const simdjson::dom::element& value, NumberTexts& numbers);

  /// A request header that stood in a field of its own but has none in Event.
  void add_request(Header header) { request_.push_back(header); }

  [[nodiscard]] const std::vector<Header>& request() const { return request_; }
  [[nodiscard]] const std::vector<Header>& response() const { return response_; }

 private:
  void add_or_lift(Header header, Event& event);

  std::vector<Header> request_;
  std::vector<Header> response_;
};

/// ASCII comparison without case.
bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace weir
