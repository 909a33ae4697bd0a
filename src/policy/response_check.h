#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "event/event.h"

namespace weir {

/// What a response lacks or shows (VA5); bits.
enum class ResponseFault : uint16_t {
  kNoContentTypeOptions = 1 << 0,   ///< X-Content-Type-Options: nosniff
  kNoFrameOptions = 1 << 1,         ///< X-Frame-Options, or frame-ancestors in the CSP
  kNoTransportSecurity = 1 << 2,    ///< Strict-Transport-Security
  kWeakTransportSecurity = 1 << 3,  ///< its max-age is below 31,536,000 s, a year
  kNoContentSecurityPolicy = 1 << 4,
  kNoReferrerPolicy = 1 << 5,
  kNoPermissionsPolicy = 1 << 6,
  kServerRevealed = 1 << 7,  ///< Server or X-Powered-By
};
using ResponseFaults = uint16_t;
template <>
inline constexpr auto kBitNamesOf<ResponseFault> = std::to_array<std::string_view>(
    {"no X-Content-Type-Options: nosniff", "no X-Frame-Options", "no Strict-Transport-Security",
     "Strict-Transport-Security below a year", "no Content-Security-Policy", "no Referrer-Policy",
     "no Permissions-Policy", "Server revealed"});
constexpr unsigned kResponseFaults = kBitNamesOf<ResponseFault>.size();
/// "no Referrer-Policy, Server revealed".
std::string describe_faults(ResponseFaults faults);

/// Judges the response headers of one record. Only documents (text/html) need frame options, CSP, Referrer-Policy and
/// Permissions-Policy; Strict-Transport-Security is not asked of what was sent without TLS (scheme "http"). A record without
/// response headers has no faults.
ResponseFaults check_response(const Event& event);

}  // namespace weir
