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
  kUtf8Repaired = 1 << 0,  ///< bytes that are no UTF-8 were replaced by U+FFFD
  kForwardedFor = 1 << 1,  ///< the client address came from X-Forwarded-For through a trusted proxy
  kSalvaged = 1 << 2,      ///< the record was damaged (cut off, not quite JSON); what could be read was
  kMalformed = 1 << 3,     ///< no HTTP request: what the client sent has no method or target that is one
  kNoTime = 1 << 4,        ///< the time could not be read: `time` is the broker's or a neighbour's
  kNoAddress = 1 << 5,     ///< the client address could not be read: `client_ip` is unspecified
};

/// One HTTP request as logged, in weir's own terms and units whatever the source was.
///
/// Every view borrows from the EventStorage it was parsed into and is valid until the next parse() there. A field the record does not
/// have is empty (or 0). `method` and `path` are never empty; "-" where the client sent none.
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
  uint8_t flags = 0;           ///< EventFlag bits
  uint32_t fields_read = 0;    ///< 1 << ProfileFieldIndex for each field that the record had
  uint32_t fields_unread = 0;  ///< for each that was there but could not be understood, and was left out

  [[nodiscard]] bool has(EventFlag flag) const { return (flags & static_cast<uint8_t>(flag)) != 0; }
  void set(EventFlag flag) { flags = static_cast<uint8_t>(flags | static_cast<uint8_t>(flag)); }
};

}  // namespace weir
