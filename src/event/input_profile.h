#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "event/profile_field.h"
#include "event/value_format.h"

namespace weir {

/// Where one field of the event stands in the record: JSON pointers (RFC 6901) tried in order; the first present wins.
/// "/http.request.method" names a dotted key, "/http/request/method" a nested one.
struct FieldMapping {
  std::vector<std::string> pointers;
};

/// How records of one source are read (requirement IN2).
struct InputProfile {
  std::string name;
  /// A JSON pointer to a string that itself holds the record (Filebeat, Vector, Fluent Bit envelopes); empty for none.
  std::string unwrap;
  FieldMapping time, date, request_id, client_id, api_key, client_ip, forwarded_for, method, scheme, host;
  FieldMapping
      target;  ///< a request target with query ("/a?b=c") or a whole URL, split into scheme, host, path and query
  FieldMapping path, query, status, duration, request_bytes, response_bytes;
  FieldMapping user_agent, referer, content_type, cookie, body, headers, response_headers;
  DurationUnit duration_unit = DurationUnit::kMilliseconds;
  TimestampFormat timestamp_format = TimestampFormat::kAuto;

  /// A built-in profile: flat, ecs, nginx, envoy, traefik, caddy. Empty when the name is not one of them.
  static std::optional<InputProfile> built_in(std::string_view name);
  static std::vector<std::string> built_in_names();

  /// An error names the first pointer that is none, or the bound passed (256 pointers, 16 parts in one).
  [[nodiscard]] Status validate() const;
};

/// One event field of a profile: its stable name (in messages and in the configuration) and where its mapping stands.
struct ProfileField {
  std::string_view name;
  FieldMapping InputProfile::*mapping;
};

/// All fields, in the order of kField* in event/profile_index.h.
std::span<const ProfileField> profile_fields();

/// Bounds and trust for the parser.
struct InputOptions {
  InputProfile profile;
  std::vector<Cidr> trusted_proxies;  ///< X-Forwarded-For is believed only from these (IN3)
  size_t record_bytes_max = 1 << 20;  ///< larger records are rejected as too_large
  size_t depth_max = 64;              ///< deeper JSON is rejected as too_deep
};

}  // namespace weir
