#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

/// The fields of an event that a source can be mapped to. What a field is called in messages, profiles and the
/// configuration: field_name().
enum ProfileFieldIndex : uint8_t {
  kFieldTime,
  kFieldDate,  ///< where the source logs date and time apart; then kFieldTime is the time of day
  kFieldRequestId,
  kFieldClientId,
  kFieldApiKey,
  kFieldClientIp,
  kFieldForwardedFor,
  kFieldMethod,
  kFieldScheme,
  kFieldHost,
  kFieldTarget,  ///< a request target ("/a?b=c"), a whole URL, or a request line ("GET /a?b=c HTTP/1.1")
  kFieldPath,
  kFieldQuery,
  kFieldStatus,
  kFieldDuration,
  kFieldRequestBytes,
  kFieldResponseBytes,
  kFieldUserAgent,
  kFieldReferer,
  kFieldContentType,
  kFieldCookie,
  kFieldBody,
  kFieldHeaders,
  kFieldResponseHeaders,
  kFieldCount,
};

/// "client_ip", for one.
std::string_view field_name(ProfileFieldIndex field);
std::optional<ProfileFieldIndex> field_named(std::string_view name);

}  // namespace weir
