#pragma once

#include <string_view>
#include <vector>

#include "event/event.h"

namespace weir {

/// Takes headers one by one.
class HeaderSink {
 public:
  virtual ~HeaderSink() = default;
  virtual void add(Header header) = 0;
};

/// The headers of one event. One per storage; buffers are reused.
class HeaderList {
 public:
  void clear();

  /// A request header: if the event has a field of its own for it, that is set; unless it is already set to another value,
  /// in which case the header stays in the list so that it is seen.
  void add_or_lift(Header header, Event& event);
  void add_request(Header header) { request_.push_back(header); }
  void add_response(Header header) { response_.push_back(header); }

  [[nodiscard]] const std::vector<Header>& request() const { return request_; }
  [[nodiscard]] const std::vector<Header>& response() const { return response_; }

 private:
  std::vector<Header> request_;
  std::vector<Header> response_;
};

/// ASCII comparison without case.
bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace weir
