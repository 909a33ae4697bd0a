#include "policy/types/email_type.h"

#include "base/ascii.h"
#include "base/ip_address.h"
#include "base/utf8.h"
#include "policy/types/deceptive.h"
#include "policy/types/host_name.h"

namespace weir {
namespace {

constexpr size_t kEmailBytesMax = 254;
constexpr size_t kLocalBytesMax = 64;

/// atext of RFC 5322, 3.2.3.
bool is_atext(char byte) {
  return is_ascii_letter(byte) || is_ascii_digit(byte) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(byte) != std::string_view::npos;
}

/// The bytes of one character beyond ASCII; 0 if there is none that may stand in an address.
size_t beyond_ascii(std::string_view text) {
  const Utf8Step step = read_utf8(text);
  return step.code_point >= 0x80 && !is_deceptive(step.code_point) ? step.bytes : 0;
}

bool is_dot_string(std::string_view local) {
  if (local.empty() || local.front() == '.' || local.back() == '.') return false;
  for (size_t at = 0; at < local.size();) {
    if (local[at] == '.') {
      if (local[at + 1] == '.') return false;
      ++at;
    } else if (is_atext(local[at])) {
      ++at;
    } else if (const size_t bytes = beyond_ascii(local.substr(at)); bytes > 0) {
      at += bytes;
    } else {
      return false;
    }
  }
  return true;
}

/// Between the quotes: printable ASCII, quotes and backslashes behind a backslash.
bool is_quoted_content(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80) {
      const size_t bytes = beyond_ascii(text.substr(at));
      if (bytes == 0) return false;
      at += bytes;
      continue;
    }
    if (byte < 0x20 || byte == 0x7f || byte == '"') return false;
    if (byte == '\\') {
      if (++at == text.size() || text[at] < 0x20 || text[at] == 0x7f) return false;
    }
    ++at;
  }
  return true;
}

/// "[192.0.2.1]" or "[IPv6:2001:db8::1]".
bool is_address_literal(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return false;
  const std::string_view inner = domain.substr(1, domain.size() - 2);
  constexpr std::string_view kTag = "ipv6:";
  if (inner.size() <= kTag.size() || !starts_without_case(inner, kTag)) return is_dotted_ipv4(inner);
  const std::string_view address = inner.substr(kTag.size());
  return address.find(':') != std::string_view::npos && address.find('%') == std::string_view::npos &&
         IpAddress::parse(address).has_value();
}

}  // namespace

Fault check_email(std::string_view value) {
  if (value.size() > kEmailBytesMax) return "longer than 254 bytes";
  const size_t at_sign = value.rfind('@');
  if (at_sign == std::string_view::npos) return "no @";
  const std::string_view local = value.substr(0, at_sign), domain = value.substr(at_sign + 1);
  if (local.size() > kLocalBytesMax) return "more than 64 bytes before the @";
  const bool quoted = local.size() >= 2 && local.front() == '"' && local.back() == '"';
  if (quoted ? !is_quoted_content(local.substr(1, local.size() - 2)) : !is_dot_string(local))
    return "no local part of an address";
  if (!is_host_name(domain) && !is_address_literal(domain)) return "no domain of an address";
  return {};
}

}  // namespace weir
