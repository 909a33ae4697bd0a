#include "policy/request_check.h"

#include <algorithm>

#include "base/ascii.h"
#include "policy/header_search.h"

namespace weir {
namespace {

bool may_have_body(const Event& event) {
  return !event.body.empty() || event.method == "POST" || event.method == "PUT" || event.method == "PATCH";
}

/// "application/json; charset=utf-8" is allowed by "application/json" and "application/*".
bool is_allowed_type(std::string_view content_type, const std::vector<std::string>& allowed) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  return std::any_of(allowed.begin(), allowed.end(), [&](std::string_view media_type) {
    if (media_type.ends_with("/*")) return starts_without_case(type, media_type.substr(0, media_type.size() - 1));
    return equals_without_case(type, media_type);
  });
}

}  // namespace

bool is_held_to_content_type(const Event& event) {
  return may_have_body(event) && !event.content_type.empty();
}

void RequestCheck::add(const Violation& violation, std::vector<Violation>& out) {
  if (out.size() < kViolationsMax)
    out.push_back(violation);
  else
    outcome_ = Outcome::kCut;
}

RequestCheck::Outcome RequestCheck::check(const Route& route, const Event& event, const DecodedRecord& record,
                                          std::string_view client_id, const RequestPath& path,
                                          std::vector<Violation>& out) {
  outcome_ = Outcome::kWhole;
  check_limits(route, event, out);
  if (route.admin && !route.admin->contains(event.client_ip, client_id))
    add({PolicyRule::kAdmin, Place::kPath, {}, event.path, "the client is not on the allow-list"}, out);
  if (route.csrf) {
    Violation violation{PolicyRule::kCsrf, Place::kHeader, {}, {}, {}};
    violation.fault = csrf_fault(*route.csrf, event, violation);
    if (!violation.fault.empty()) add(violation, out);
  }
  if (route.checks_values) check_parameters(route, event, record, path, out);
  return outcome_;
}

void RequestCheck::check_limits(const Route& route, const Event& event, std::vector<Violation>& out) {
  const size_t url_bytes = event.path.size() + (event.query.empty() ? 0 : event.query.size() + 1);
  if (url_bytes > route.url_bytes_max)
    add({PolicyRule::kUrlLength, Place::kPath, {}, event.path, "longer than allowed"}, out);
  if (std::max<uint64_t>(event.request_bytes, event.body.size()) > route.request_bytes_max)
    add({PolicyRule::kRequestSize, Place::kBody, {}, {}, "larger than allowed"}, out);
  const auto& methods = route.allowed_methods;
  if (!methods.empty() && std::find(methods.begin(), methods.end(), event.method) == methods.end())
    add({PolicyRule::kMethod, Place::kPath, {}, event.method, "not among the route's methods"}, out);
  if (!route.content_types.empty() && is_held_to_content_type(event) &&
      !is_allowed_type(event.content_type, route.content_types))
    add({PolicyRule::kContentType, Place::kHeader, "content-type", event.content_type, "not among the route's types"},
        out);
}

}  // namespace weir
