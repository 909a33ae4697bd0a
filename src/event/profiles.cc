#include <array>
#include <span>

#include "event/input_profile.h"
#include "event/profile_index.h"

// The built-in profiles as one table: which keys of which source hold which field. A column's entries are tried in order.
namespace weir {
namespace {

/// How a profile writes its keys: as JSON pointers, or as dotted ECS names, which occur dotted, nested and mixed.
enum class KeyStyle : uint8_t { kPointers, kDottedNames };

struct FieldKeys {
  ProfileFieldIndex field;
  std::array<std::string_view, 7> keys;  // the rest is empty
};

struct ProfileRow {
  std::string_view name;
  KeyStyle style;
  DurationUnit duration_unit;
  std::span<const FieldKeys> fields;
};

// clang-format off

// weir's own. The field names are an interface: see docs/input.md.
constexpr std::array kFlat{
    FieldKeys{kFieldTime, {"/ts"}},
    FieldKeys{kFieldRequestId, {"/request_id"}},
    FieldKeys{kFieldClientId, {"/client_id"}},
    FieldKeys{kFieldApiKey, {"/api_key", "/api_key_id"}},
    FieldKeys{kFieldClientIp, {"/ip"}},
    FieldKeys{kFieldMethod, {"/method"}},
    FieldKeys{kFieldScheme, {"/scheme"}},
    FieldKeys{kFieldHost, {"/host"}},
    FieldKeys{kFieldPath, {"/path"}},
    FieldKeys{kFieldQuery, {"/query"}},
    FieldKeys{kFieldStatus, {"/status"}},
    FieldKeys{kFieldDuration, {"/duration_ms"}},
    FieldKeys{kFieldRequestBytes, {"/request_bytes"}},
    FieldKeys{kFieldResponseBytes, {"/response_bytes"}},
    FieldKeys{kFieldUserAgent, {"/user_agent"}},
    FieldKeys{kFieldReferer, {"/referer"}},
    FieldKeys{kFieldContentType, {"/content_type"}},
    FieldKeys{kFieldBody, {"/body"}},
    FieldKeys{kFieldHeaders, {"/headers"}},
    FieldKeys{kFieldResponseHeaders, {"/response_headers"}},
};

// Elastic Common Schema 8; names without a standard (headers, cookie) are those its HTTP integrations use.
constexpr std::array kEcs{
    FieldKeys{kFieldTime, {"@timestamp"}},
    FieldKeys{kFieldRequestId, {"http.request.id"}},
    FieldKeys{kFieldClientId, {"user.id", "user.name"}},
    FieldKeys{kFieldClientIp, {"source.ip", "client.ip"}},
    FieldKeys{kFieldForwardedFor, {"network.forwarded_ip"}},
    FieldKeys{kFieldMethod, {"http.request.method"}},
    FieldKeys{kFieldScheme, {"url.scheme"}},
    FieldKeys{kFieldHost, {"url.domain", "destination.domain"}},
    FieldKeys{kFieldTarget, {"url.original"}},
    FieldKeys{kFieldPath, {"url.path"}},
    FieldKeys{kFieldQuery, {"url.query"}},
    FieldKeys{kFieldStatus, {"http.response.status_code"}},
    FieldKeys{kFieldDuration, {"event.duration"}},
    FieldKeys{kFieldRequestBytes, {"http.request.bytes", "http.request.body.bytes"}},
    FieldKeys{kFieldResponseBytes, {"http.response.bytes", "http.response.body.bytes"}},
    FieldKeys{kFieldUserAgent, {"user_agent.original"}},
    FieldKeys{kFieldReferer, {"http.request.referrer"}},
    FieldKeys{kFieldContentType, {"http.request.mime_type"}},
    FieldKeys{kFieldBody, {"http.request.body.content"}},
    FieldKeys{kFieldHeaders, {"http.request.headers"}},
    FieldKeys{kFieldResponseHeaders, {"http.response.headers"}},
};

// nginx `log_format … escape=json`: the names are the user's; these are its variables and what people call them.
constexpr std::array kNginx{
    FieldKeys{kFieldTime, {"/time_iso8601", "/msec", "/time_local", "/@timestamp", "/timestamp", "/time", "/ts"}},
    FieldKeys{kFieldRequestId, {"/request_id", "/http_x_request_id"}},
    FieldKeys{kFieldClientId, {"/remote_user"}},
    FieldKeys{kFieldApiKey, {"/http_x_api_key"}},
    FieldKeys{kFieldClientIp, {"/remote_addr", "/remote_ip", "/client_ip"}},
    FieldKeys{kFieldForwardedFor, {"/http_x_forwarded_for", "/x_forwarded_for"}},
    FieldKeys{kFieldMethod, {"/request_method", "/method"}},
    FieldKeys{kFieldScheme, {"/scheme"}},
    FieldKeys{kFieldHost, {"/http_host", "/host", "/server_name"}},
    FieldKeys{kFieldTarget, {"/request_uri", "/request"}},
    FieldKeys{kFieldPath, {"/uri", "/path"}},
    FieldKeys{kFieldQuery, {"/args", "/query_string"}},
    FieldKeys{kFieldStatus, {"/status"}},
    FieldKeys{kFieldDuration, {"/request_time"}},
    FieldKeys{kFieldRequestBytes, {"/request_length"}},
    FieldKeys{kFieldResponseBytes, {"/bytes_sent", "/body_bytes_sent"}},
    FieldKeys{kFieldUserAgent, {"/http_user_agent", "/user_agent"}},
    FieldKeys{kFieldReferer, {"/http_referer", "/http_referrer", "/referer"}},
    FieldKeys{kFieldContentType, {"/content_type", "/http_content_type"}},
    FieldKeys{kFieldCookie, {"/http_cookie"}},
    FieldKeys{kFieldBody, {"/request_body"}},
};

// Envoy's JSON access log with Istio's default names.
constexpr std::array kEnvoy{
    FieldKeys{kFieldTime, {"/start_time", "/timestamp"}},
    FieldKeys{kFieldRequestId, {"/request_id", "/x_request_id"}},
    FieldKeys{kFieldApiKey, {"/x_api_key"}},
    FieldKeys{kFieldClientIp,
              {"/downstream_remote_address", "/downstream_remote_address_without_port", "/downstream_direct_remote_address"}},
    FieldKeys{kFieldForwardedFor, {"/x_forwarded_for"}},
    FieldKeys{kFieldMethod, {"/method"}},
    FieldKeys{kFieldScheme, {"/x_forwarded_proto", "/scheme"}},
    FieldKeys{kFieldHost, {"/authority", "/host"}},
    FieldKeys{kFieldTarget, {"/path", "/x_envoy_original_path"}},
    FieldKeys{kFieldStatus, {"/response_code"}},
    FieldKeys{kFieldDuration, {"/duration"}},
    FieldKeys{kFieldRequestBytes, {"/bytes_received"}},
    FieldKeys{kFieldResponseBytes, {"/bytes_sent"}},
    FieldKeys{kFieldUserAgent, {"/user_agent"}},
    FieldKeys{kFieldReferer, {"/referer"}},
    FieldKeys{kFieldContentType, {"/content_type"}},
    FieldKeys{kFieldCookie, {"/cookie"}},
};

// Traefik's JSON access log; request_* and downstream_* are the headers it is told to keep.
constexpr std::array kTraefik{
    FieldKeys{kFieldTime, {"/StartUTC", "/time", "/StartLocal"}},
    FieldKeys{kFieldRequestId, {"/request_X-Request-Id"}},
    FieldKeys{kFieldClientId, {"/ClientUsername"}},
    FieldKeys{kFieldApiKey, {"/request_X-Api-Key"}},
    FieldKeys{kFieldClientIp, {"/ClientHost", "/ClientAddr"}},
    FieldKeys{kFieldForwardedFor, {"/request_X-Forwarded-For"}},
    FieldKeys{kFieldMethod, {"/RequestMethod"}},
    FieldKeys{kFieldScheme, {"/RequestScheme"}},
    FieldKeys{kFieldHost, {"/RequestHost", "/RequestAddr"}},
    FieldKeys{kFieldTarget, {"/RequestPath"}},
    FieldKeys{kFieldStatus, {"/DownstreamStatus", "/OriginStatus"}},
    FieldKeys{kFieldDuration, {"/Duration"}},
    FieldKeys{kFieldRequestBytes, {"/RequestContentSize"}},
    FieldKeys{kFieldResponseBytes, {"/DownstreamContentSize"}},
    FieldKeys{kFieldUserAgent, {"/request_User-Agent"}},
    FieldKeys{kFieldReferer, {"/request_Referer"}},
    FieldKeys{kFieldContentType, {"/request_Content-Type"}},
    FieldKeys{kFieldCookie, {"/request_Cookie"}},
};

// Caddy 2's access log; client_ip is remote_ip seen through Caddy's own trusted proxies.
constexpr std::array kCaddy{
    FieldKeys{kFieldTime, {"/ts"}},
    FieldKeys{kFieldClientId, {"/user_id"}},
    FieldKeys{kFieldClientIp, {"/request/client_ip", "/request/remote_ip", "/request/remote_addr"}},
    FieldKeys{kFieldMethod, {"/request/method"}},
    FieldKeys{kFieldHost, {"/request/host"}},
    FieldKeys{kFieldTarget, {"/request/uri"}},
    FieldKeys{kFieldStatus, {"/status"}},
    FieldKeys{kFieldDuration, {"/duration"}},
    FieldKeys{kFieldRequestBytes, {"/bytes_read"}},
    FieldKeys{kFieldResponseBytes, {"/size"}},
    FieldKeys{kFieldHeaders, {"/request/headers"}},
    FieldKeys{kFieldResponseHeaders, {"/resp_headers"}},
};

constexpr std::array kProfiles{
    ProfileRow{"flat", KeyStyle::kPointers, DurationUnit::kMilliseconds, kFlat},
    ProfileRow{"ecs", KeyStyle::kDottedNames, DurationUnit::kNanoseconds, kEcs},
    ProfileRow{"nginx", KeyStyle::kPointers, DurationUnit::kSeconds, kNginx},
    ProfileRow{"envoy", KeyStyle::kPointers, DurationUnit::kMilliseconds, kEnvoy},
    ProfileRow{"traefik", KeyStyle::kPointers, DurationUnit::kNanoseconds, kTraefik},
    ProfileRow{"caddy", KeyStyle::kPointers, DurationUnit::kSeconds, kCaddy},
};

// clang-format on

// "a.b.c" → /a.b.c, /a/b/c, and the mixed forms /a/b.c and /a.b/c: shippers nest some prefixes and leave others dotted.
void append_dotted(std::string_view name, std::vector<std::string>& pointers) {
  std::vector<size_t> dots;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '.') dots.push_back(i);
  }
  const size_t variants = size_t{1} << dots.size();
  const auto append = [&](size_t nested) {
    std::string pointer = "/" + std::string(name);
    for (size_t i = 0; i < dots.size(); ++i) {
      if ((nested >> i & 1) != 0) pointer[dots[i] + 1] = '/';
    }
    pointers.push_back(std::move(pointer));
  };
  append(0);
  if (variants == 1) return;
  append(variants - 1);
  for (size_t nested = 1; nested + 1 < variants; ++nested)
    append(nested);
}

}  // namespace

std::optional<InputProfile> InputProfile::built_in(std::string_view name) {
  for (const auto& row : kProfiles) {
    if (row.name != name) continue;
    InputProfile profile;
    profile.name = std::string(row.name);
    profile.duration_unit = row.duration_unit;
    for (const auto& [field, keys] : row.fields) {
      auto& pointers = (profile.*profile_fields()[field].mapping).pointers;
      for (const auto key : keys) {
        if (key.empty()) break;
        if (row.style == KeyStyle::kDottedNames) {
          append_dotted(key, pointers);
        } else {
          pointers.emplace_back(key);
        }
      }
    }
    return profile;
  }
  return std::nullopt;
}

std::vector<std::string> InputProfile::built_in_names() {
  std::vector<std::string> names;
  for (const auto& row : kProfiles)
    names.emplace_back(row.name);
  return names;
}

}  // namespace weir
