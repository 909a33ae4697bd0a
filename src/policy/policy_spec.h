#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "decode/decoded_record.h"
#include "policy/policy_rule.h"
#include "rules/category.h"

// A policy as written: what the configuration reader fills in, the OpenAPI import makes and the writer prints. docs/policy.md
// explains each member. What is not given is empty and means "as in the defaults".
namespace weir {

/// Where something was written, for messages.
struct SourceLine {
  std::string file;
  int line = 0;
  int column = 0;
};

/// What a parameter's value must be (VA2). kAny: anything.
enum class ValueType : uint8_t {
  kAny,
  kString,
  kEmail,
  kUrl,
  kJson,
  kFilename,
  kInteger,
  kNumber,
  kBoolean,
  kUuid,
  kEnum,
  kCount
};
template <>
inline constexpr auto kNamesOf<ValueType> = std::to_array<std::string_view>({"any", "string", "email", "url", "json",
                                                                             "filename", "integer", "number", "boolean",
                                                                             "uuid", "enum"});

/// The form of a value; which members count depends on the type.
struct ValueForm {
  ValueType type = ValueType::kAny;
  std::optional<uint32_t> length_min, length_max;  ///< characters of a string, bytes of anything else
  std::optional<double> min, max;                  ///< integer, number
  std::optional<std::string> special_characters;   ///< string: the punctuation allowed; nothing: any
  std::vector<std::string> schemes;                ///< url; empty: http and https
  bool relative = false;                           ///< url: may be without scheme and host
  uint32_t depth_max = 10;                         ///< json
  uint32_t keys_max = 1'000;                       ///< json, all levels together
  std::vector<std::string> values;                 ///< enum
};

struct ParameterSpec {
  std::string name;
  PlaceMask places = 0;  ///< query, form, json, multipart, cookie, header, path (a {segment} of the route)
  ValueForm form;
  std::optional<SecurityLevel> level;
  bool required = false;
  std::string note;  ///< for people: the writer puts it behind, nobody reads it
  SourceLine at;
};

/// Addresses (CIDR) and ids of clients.
struct ClientSet {
  std::vector<Cidr> networks;
  std::vector<std::string> ids;  ///< a customer id, or an API key's digest as alerts show it
  std::vector<std::string> as_written;

  [[nodiscard]] bool empty() const { return networks.empty() && ids.empty(); }
  [[nodiscard]] bool contains(const IpAddress& address, std::string_view client_id) const;
};

/// VA4.
struct CsrfSpec {
  bool check_origin = true;
  bool origin_required = false;              ///< neither Origin nor Referer is suspicious too
  std::vector<std::string> trusted_origins;  ///< hosts besides the request's own
  std::string token_header;                  ///< empty: none is looked for
};

/// What a route may set; the defaults of a policy set the same for all of them.
struct RouteSettings {
  std::optional<SecurityLevel> level;
  std::optional<uint32_t> url_bytes_max;
  std::optional<uint64_t> request_bytes_max;
  std::optional<std::vector<std::string>> allowed_methods;  ///< empty list: any
  std::optional<std::vector<std::string>> content_types;    ///< "text/*" is a family; empty list: any
  std::optional<CsrfSpec> csrf;
  std::optional<bool> response_headers;  ///< VA5
  /// A request with a violation is malicious whatever its score, and of this severity at least; informational: it is not.
  std::optional<Level> alert;
  std::optional<bool> unknown_parameters;  ///< false: a query or form parameter that is not listed is a violation
};

struct RouteSpec {
  std::string name;                  ///< empty: methods and path
  std::vector<std::string> methods;  ///< empty: any
  std::string host;                  ///< "shop.example.com", "*.example.com"; empty: any
  std::string path;                  ///< "/users/{id}/**"
  RouteSettings settings;
  std::optional<ClientSet> admin;  ///< VA3: who may; an alert for anyone else
  std::vector<ParameterSpec> parameters;
  std::string note;  ///< for people: the writer puts it behind, nobody reads it
  SourceLine at;

  /// The name given, or else "POST /users/{id}".
  [[nodiscard]] std::string display_name() const;
};

/// What an exclusion can name under `in`: wherever decoded text of a client stands.
inline constexpr PlaceMask kExclusionPlaces = kUserTextPlaces;

struct ExclusionSpec {
  std::vector<std::string> rules;  ///< ids; "*": every one
  std::string route;               ///< a route's name; empty: everywhere
  std::string parameter;           ///< empty: the whole record
  PlaceMask places = 0;            ///< of kExclusionPlaces; 0: any
  ClientSet clients;               ///< empty: every client
  std::string comment;
  std::optional<EventTime> expires;  ///< the first moment at which it no longer holds
  SourceLine at;
};

struct PolicySpec {
  /// VA1's limits for what no route says otherwise.
  static constexpr uint32_t kUrlBytesMax = 2'048;
  static constexpr uint64_t kRequestBytesMax = 10 << 20;

  RouteSettings defaults;
  std::array<int, kPolicyRules> weights = default_policy_weights();
  std::vector<RouteSpec> routes;
  std::vector<ExclusionSpec> exclusions;  ///< allow-lists are exclusions of every rule
  std::vector<std::string> files;         ///< those that it was read from besides the configuration
};

/// The date (YYYY-MM-DD) whose last moment is the last one before `expires`; both ways.
std::optional<EventTime> end_of_day(std::string_view date);
std::string last_day_before(EventTime expires);

}  // namespace weir
