#include "policy/response_check.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "policy/header_search.h"

namespace weir {
namespace {

constexpr uint64_t kMaxAgeMin = 31'536'000;  // a year; what RFC 6797's readers and the preload list ask for

/// The max-age directive of RFC 6797, 6.1; 0 when it is missing or no number.
uint64_t max_age_of(std::string_view value) {
  constexpr std::string_view kDirective = "max-age";
  size_t at = find_without_case(value, kDirective, 0);
  if (at == std::string_view::npos) return 0;
  at += kDirective.size();
  while (at < value.size() && (value[at] == ' ' || value[at] == '=' || value[at] == '"'))
    ++at;
  uint64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data() + at, value.data() + value.size(), seconds);
  return error == std::errc::result_out_of_range ? UINT64_MAX : error == std::errc{} ? seconds : 0;
}

bool is_document(const Header* content_type) {
  return content_type != nullptr && (starts_without_case(content_type->value, "text/html") ||
                                     starts_without_case(content_type->value, "application/xhtml+xml"));
}

}  // namespace

std::string describe_faults(ResponseFaults faults) {
  std::string text;
  for (unsigned i = 0; i < kResponseFaults; ++i) {
    if ((faults >> i & 1U) == 0) continue;
    text += text.empty() ? "" : ", ";
    text += to_string(static_cast<ResponseFault>(1U << i));
  }
  return text;
}

ResponseFaults check_response(const Event& event) {
  if (event.response_headers.empty()) return 0;
  const auto find = [&](std::string_view name) { return find_header(event.response_headers, name); };
  ResponseFaults faults = 0;
  const auto require = [&](bool good, ResponseFault fault) {
    if (!good) faults = static_cast<ResponseFaults>(faults | static_cast<ResponseFaults>(fault));
  };
  const Header* sniffing = find("x-content-type-options");
  require(sniffing != nullptr && equals_without_case(sniffing->value, "nosniff"), ResponseFault::kNoContentTypeOptions);
  if (!equals_without_case(event.scheme, "http")) {
    const Header* transport = find("strict-transport-security");
    require(transport != nullptr, ResponseFault::kNoTransportSecurity);
    require(transport == nullptr || max_age_of(transport->value) >= kMaxAgeMin, ResponseFault::kWeakTransportSecurity);
  }
  require(find("server") == nullptr && find("x-powered-by") == nullptr, ResponseFault::kServerRevealed);
  if (!is_document(find("content-type"))) return faults;
  const Header* csp = find("content-security-policy");
  const bool framed = csp != nullptr && find_without_case(csp->value, "frame-ancestors", 0) != std::string_view::npos;
  require(framed || find("x-frame-options") != nullptr, ResponseFault::kNoFrameOptions);
  require(csp != nullptr, ResponseFault::kNoContentSecurityPolicy);
  require(find("referrer-policy") != nullptr, ResponseFault::kNoReferrerPolicy);
  require(find("permissions-policy") != nullptr, ResponseFault::kNoPermissionsPolicy);
  return faults;
}

}  // namespace weir
