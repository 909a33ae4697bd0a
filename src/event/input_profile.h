#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "event/profile_field.h"
#include "event/text/text_format.h"
#include "event/values/time_zone.h"
#include "event/values/value_format.h"

namespace weir {

/// Where one field of the event stands in a JSON record: JSON pointers (RFC 6901) tried in order; the first that holds a
/// usable value wins. "/http.request.method" names a dotted key, "/http/request/method" a nested one.
struct FieldMapping {
  std::vector<std::string> pointers;
};

/// Keys of a JSON record that are headers: by prefix ("http_" of "http_x_tenant"), or one by its pointer ("/http/tenant").
struct HeaderPrefix {
  enum class Of : uint8_t { kRequest, kResponse };

  std::string prefix;
  Of of = Of::kRequest;
};

/// Whether what a source logs as a client's identity may stand for the client (part of the client's identity, AB4).
enum class IdentityTrust : uint8_t {
  kAlways,   ///< the source logs it only of clients it knows
  kChecked,  ///< it was checked, unless the response is 401 or 407
  kNever,    ///< whatever the client sent
};
template <>
inline constexpr auto kNamesOf<IdentityTrust> = std::to_array<std::string_view>({"always", "checked", "never"});

/// A line that is no access log at all, though it comes in the same stream: skipped and counted.
struct SkipRule {
  std::string pointer;  ///< of a JSON record; empty for text
  std::string value;    ///< what stands there (empty: anything), or how a text line begins (9 is any digit)
};

/// How records of one source are read (requirement IN2): what a profile file says.
struct InputProfile {
  std::string name;
  std::string title;                ///< one line
  std::string about;                ///< documentation, paragraphs
  int priority = 0;                 ///< among profiles that read a log equally well, when its form is recognised
  std::string identity_note;        ///< what of the client's identity is trusted and why
  std::vector<std::string> unwrap;  ///< JSON pointers to the text or object that itself is the record; empty for none
  std::string split;                ///< a JSON pointer to a list of records; empty for none
  FieldMapping time, date, request_id, client_id, api_key, client_ip, forwarded_for, method, scheme, host;
  FieldMapping
      target;  ///< a request target with query ("/a?b=c") or a whole URL, split into scheme, host, path and query
  FieldMapping path, query, status, duration, request_bytes, response_bytes;
  FieldMapping user_agent, referer, content_type, cookie, body, headers, response_headers;
  std::vector<HeaderPrefix> header_prefixes;
  std::vector<TextFormat> texts;  ///< forms of text lines, tried in order
  /// Names of the columns of a "#Fields:" line (W3C extended log) to the fields; such lines are read where this is set.
  std::vector<TextColumn> columns;
  std::string default_columns;  ///< the columns until a "#Fields:" line says otherwise
  std::vector<SkipRule> skips;
  DurationUnit duration_unit = DurationUnit::kMilliseconds;
  std::vector<std::pair<std::string, DurationUnit>> pointer_units;  ///< of single pointers that differ from it
  TimestampFormat timestamp_format = TimestampFormat::kAuto;
  IdentityTrust client_id_trust = IdentityTrust::kAlways;
  IdentityTrust api_key_trust = IdentityTrust::kAlways;

  /// A shipped profile; empty when the name is none of them.
  static std::optional<InputProfile> built_in(std::string_view name);
  static std::vector<std::string> built_in_names();

  /// An error names the first pointer that is none, or the bound passed (512 pointers, 16 parts in one).
  [[nodiscard]] Status validate() const;

  /// Whether JSON records can be read: any field is mapped.
  [[nodiscard]] bool reads_json() const;
  [[nodiscard]] bool reads_text() const { return !texts.empty() || !columns.empty(); }
};

/// One event field of a profile: its stable name (in messages and in the configuration) and where its mapping stands.
struct ProfileField {
  std::string_view name;
  FieldMapping InputProfile::*mapping;
};

/// All fields, in the order of ProfileFieldIndex.
std::span<const ProfileField> profile_fields();

/// Bounds and trust for the parser.
struct InputOptions {
  /// Whether the peer "unix:" (a socket of the same machine) is a proxy whose X-Forwarded-For is believed.
  enum class UnixPeer : uint8_t { kUntrusted, kTrusted };

  InputProfile profile;
  std::vector<Cidr> trusted_proxies;  ///< X-Forwarded-For is believed only from these (IN3)
  UnixPeer unix_peer = UnixPeer::kUntrusted;
  TimeZone time_zone;                 ///< of times without an offset; UTC by default
  size_t record_bytes_max = 1 << 20;  ///< larger records are rejected as too_large
  size_t depth_max = 64;              ///< deeper JSON is rejected as too_deep
  size_t requests_max = 10'000;       ///< in one record; what follows is rejected as too_large
};

}  // namespace weir
