#include <algorithm>

#include "policy/header_search.h"
#include "policy/request_check.h"

namespace weir {
namespace {

bool changes_state(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

/// The host of an origin or URL, without port; empty when there is none ("null").
std::string_view host_of(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#\\"));
  if (const size_t credentials = url.rfind('@'); credentials != std::string_view::npos)
    url.remove_prefix(credentials + 1);
  return url;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool same_host(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool belongs(std::string_view url, const CsrfSpec& csrf, const Event& event) {
  const std::string_view host = without_port(host_of(url));
  if (host.empty()) return false;
  if (same_host(host, without_port(event.host))) return true;
  return std::any_of(csrf.trusted_origins.begin(), csrf.trusted_origins.end(), [&](std::string_view trusted) {
    if (!trusted.starts_with("*.")) return same_host(host, trusted);
    const std::string_view suffix = trusted.substr(1);
    return host.size() > suffix.size() && same_host(host.substr(host.size() - suffix.size()), suffix);
  });
}

}  // namespace

std::string_view csrf_fault(const CsrfSpec& csrf, const Event& event, Violation& violation) {
  if (!changes_state(event.method)) return {};
  violation.place = Place::kHeader;
  if (csrf.check_origin && !event.host.empty()) {
    const Header* origin = find_header(event.headers, "origin");
    violation.parameter = origin != nullptr ? "origin" : "referer";
    violation.value = origin != nullptr ? origin->value : event.referer;
    if (violation.value.empty()) {
      if (csrf.origin_required) return "neither Origin nor Referer";
    } else if (!belongs(violation.value, csrf, event)) {
      return origin != nullptr ? "Origin of another host" : "Referer of another host";
    }
  }
  // A log without any headers says nothing about the one that is looked for.
  if (csrf.token_header.empty() || event.headers.empty()) return {};
  const Header* token = find_header(event.headers, csrf.token_header);
  if (token != nullptr && !token->value.empty()) return {};
  violation.parameter = csrf.token_header;
  violation.value = {};
  return "no token header";
}

}  // namespace weir
