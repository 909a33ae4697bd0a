#include "policy/types/url_type.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.h"
#include "base/hex.h"
#include "base/ip_address.h"
#include "base/utf8.h"
#include "policy/types/deceptive.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 5> kDangerous{"javascript", "data", "file", "vbscript", "blob"};
constexpr size_t kSchemeBytesMax = 32;
constexpr size_t kHostBytesMax = 1'024;

bool is_space_or_control(char byte) {
  return static_cast<unsigned char>(byte) <= 0x20;
}
bool is_skipped(char byte) {
  return byte == '\t' || byte == '\n' || byte == '\r';
}

/// WHATWG "forbidden domain code point".
bool is_forbidden_in_domain(unsigned char c) {
  return c <= 0x20 || c == 0x7f ||
         std::string_view("#/:<>?@[\\]^|%").find(static_cast<char>(c)) != std::string_view::npos;
}

/// Walks the text without the bytes that browsers skip.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { skip(); }
  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return done() ? '\0' : text_[at_]; }
  char next() {
    const char byte = text_[at_++];
    skip();
    return byte;
  }

 private:
  void skip() {
    while (at_ < text_.size() && is_skipped(text_[at_]))
      ++at_;
  }
  std::string_view text_;
  size_t at_ = 0;
};

/// The scheme in lower case, read off the text up to and with its colon; nothing when there is none.
std::optional<std::string_view> read_scheme(Reader& reader, std::array<char, kSchemeBytesMax>& buffer) {
  Reader ahead = reader;
  size_t size = 0;
  while (!ahead.done() && ahead.peek() != ':') {
    const char byte = ahead.next();
    const bool good =
        is_ascii_letter(byte) || (size > 0 && (is_ascii_digit(byte) || byte == '+' || byte == '-' || byte == '.'));
    if (!good || size == buffer.size()) return std::nullopt;
    buffer[size++] = to_lower(byte);
  }
  if (ahead.done() || size == 0) return std::nullopt;
  ahead.next();
  reader = ahead;
  return std::string_view(buffer.data(), size);
}

bool ends_authority(char byte) {
  return byte == '/' || byte == '\\' || byte == '?' || byte == '#';
}

/// A label that IPv4 parsers take for a number: digits, or hexadecimal behind 0x.
std::optional<uint64_t> read_ipv4_number(std::string_view label) {
  unsigned base = 10;
  if (label.size() >= 2 && label[0] == '0' && to_lower(label[1]) == 'x') {
    label.remove_prefix(2);
    base = 16;
  } else if (label.size() >= 2 && label[0] == '0') {
    label.remove_prefix(1);
    base = 8;
  }
  uint64_t number = 0;
  for (const char c : label) {
    const int digit = hex_value(c);
    if (digit < 0 || static_cast<unsigned>(digit) >= base) return std::nullopt;
    number = std::min<uint64_t>(number * base + static_cast<unsigned>(digit), uint64_t{1} << 40);
  }
  return number;
}

/// WHATWG "ends in a number": then the whole host must be an IPv4 address, which may be written in fewer or other numbers.
bool ends_in_number(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return !last.empty() && (std::all_of(last.begin(), last.end(), is_ascii_digit) ||
                           (last.starts_with('0') && read_ipv4_number(last).has_value()));
}

bool is_ipv4(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::array<uint64_t, 4> numbers{};
  size_t count = 0;
  while (true) {
    const size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    const auto number = label.empty() ? std::nullopt : read_ipv4_number(label);
    if (!number || count == numbers.size()) return false;
    numbers[count++] = *number;
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  for (size_t i = 0; i + 1 < count; ++i)
    if (numbers[i] > 255) return false;
  return numbers[count - 1] < uint64_t{1} << (8 * (5 - count));
}

bool is_domain(std::string_view host) {
  if (host.empty()) return false;
  for (size_t at = 0; at < host.size();) {
    const Utf8Step step = read_utf8(host.substr(at));
    if (step.bytes == 0) return false;
    if (step.code_point < 0x80 ? is_forbidden_in_domain(static_cast<unsigned char>(host[at]))
                               : is_deceptive(step.code_point))
      return false;
    at += step.bytes;
  }
  return !ends_in_number(host) || is_ipv4(host);
}

/// Host and port of an authority without its credentials.
Fault check_host_and_port(std::string_view text) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return "an open bracket in the host";
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return "no host";
    port = rest.empty() ? rest : rest.substr(1);
    if (host.find(':') == std::string_view::npos || host.find('%') != std::string_view::npos || !IpAddress::parse(host))
      return "no IPv6 address in the brackets";
  } else {
    const size_t colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    if (!is_domain(host)) return "no host";
  }
  uint32_t number = 0;
  for (const char c : port) {
    if (!is_ascii_digit(c)) return "no port";
    number = number * 10 + static_cast<uint32_t>(c - '0');
    if (number > 65'535) return "no port";
  }
  return {};
}

/// Reads "user:password@host:port" up to the path; escapes in the host are decoded as the standard does.
Fault check_authority(Reader& reader) {
  std::array<char, kHostBytesMax> buffer;
  size_t size = 0, host_at = 0;
  while (!reader.done() && !ends_authority(reader.peek())) {
    const char byte = reader.next();
    if (size == buffer.size()) return "a host longer than 1,024 bytes";
    buffer[size++] = byte;
    if (byte == '@') host_at = size;
  }
  size_t end = host_at;
  for (size_t at = host_at; at < size; ++at) {
    if (buffer[at] == '%' && at + 2 < size && hex_number(buffer.data() + at + 1, 2) >= 0) {
      const auto decoded = static_cast<unsigned char>(hex_number(buffer.data() + at + 1, 2));
      if (is_forbidden_in_domain(decoded)) return "no host";
      buffer[end++] = static_cast<char>(decoded);
      at += 2;
    } else {
      buffer[end++] = buffer[at];
    }
  }
  return check_host_and_port({buffer.data() + host_at, end - host_at});
}

bool is_special_scheme(std::string_view scheme) {
  return scheme == "http" || scheme == "https" || scheme == "ws" || scheme == "wss" || scheme == "ftp";
}

bool is_allowed(std::string_view scheme, const ValueForm& form) {
  if (form.schemes.empty()) return scheme == "http" || scheme == "https";
  return std::find(form.schemes.begin(), form.schemes.end(), scheme) != form.schemes.end();
}

Fault check_relative(Reader reader, const ValueForm& form) {
  if (!form.relative) return "no scheme";
  const auto is_slash = [](char byte) { return byte == '/' || byte == '\\'; };
  if (reader.done()) return {};
  if (is_slash(reader.next()) && is_slash(reader.peek())) return "another host";
  return {};
}

}  // namespace

bool is_dangerous_scheme(std::string_view lower_case) {
  return std::find(kDangerous.begin(), kDangerous.end(), lower_case) != kDangerous.end();
}

Fault check_url(std::string_view value, const ValueForm& form) {
  while (!value.empty() && is_space_or_control(value.front()))
    value.remove_prefix(1);
  while (!value.empty() && is_space_or_control(value.back()))
    value.remove_suffix(1);
  if (value.empty()) return "empty";
  Reader reader(value);
  std::array<char, kSchemeBytesMax> buffer;
  const auto scheme = read_scheme(reader, buffer);
  if (!scheme) return check_relative(reader, form);
  if (is_dangerous_scheme(*scheme)) return "a scheme that is never allowed";
  if (!is_allowed(*scheme, form)) return "a scheme that is not allowed";
  size_t slashes = 0;
  while (reader.peek() == '/' || (is_special_scheme(*scheme) && reader.peek() == '\\')) {
    reader.next();
    ++slashes;
  }
  // A special scheme's host may stand behind any number of slashes, none included.
  if (is_special_scheme(*scheme)) return check_authority(reader);
  // "mailto:a@b.example", "urn:isbn:…" have no host; "foo:///path" an empty one.
  return slashes == 2 && !reader.done() && !ends_authority(reader.peek()) ? check_authority(reader) : Fault();
}

}  // namespace weir
