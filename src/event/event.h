#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"

namespace weir {

struct Header {
  std::string_view name;  ///< as logged; compare without case
  std::string_view value;
};

/// Facts about the record itself that later stages weigh.
enum class EventFlag : uint8_t {
  kUtf8Repaired = 1 << 0,  ///< invalid UTF-8 was replaced by U+FFFD before parsing
  kForwardedFor = 1 << 1,  ///< the client address came from X-Forwarded-For through a trusted proxy
};

/// One HTTP request as logged, in weir's own terms and units whatever the source was.
///
/// Every view borrows from the EventStorage it was parsed into and is valid until the next parse() there. A field the record does not
/// have is empty (or 0). Only `time`, `client_ip`, `method` and `path` are always there.
struct Event {
  EventTime time{};
  std::string_view request_id;
  std::string_view client_id;
  std::string_view api_key;
  IpAddress client_ip;
  std::string_view method;
  std::string_view scheme;
  std::string_view host;
  std::string_view path;   ///< as on the wire (still encoded), without the query
  std::string_view query;  ///< as on the wire, without the question mark
  std::string_view user_agent;
  std::string_view referer;
  std::string_view content_type;
  std::string_view cookie;  ///< the Cookie header's value
  std::string_view body;
  std::span<const Header> headers;  ///< without the ones that have a field of their own above
  std::span<const Header> response_headers;
  uint16_t status = 0;
  Microseconds duration{0};
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  uint8_t flags = 0;  ///< EventFlag bits

  [[nodiscard]] bool has(EventFlag flag) const { return (flags & static_cast<uint8_t>(flag)) != 0; }
  void set(EventFlag flag) { flags = static_cast<uint8_t>(flags | static_cast<uint8_t>(flag)); }
};

}  // namespace weir
