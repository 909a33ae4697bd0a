#include "app/commands/event_json.h"

#include <nlohmann/json.hpp>

#include "base/time.h"
#include "evidence/masker.h"
#include "evidence/masking.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

Json headers_json(const Masker& masker, std::span<const Header> headers) {
  Json list = Json::array();
  for (const auto& header : headers) {
    list.push_back({{"name", masker.text(header.name)}, {"value", masker.value(header.name, header.value)}});
  }
  return list;
}

}  // namespace

Json event_as_json(const Event& event) {
  const Masker masker;
  Json json;
  json["time"] = format_rfc3339(event.time);
  json["client_ip"] = event.client_ip.to_string();
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) json[name] = masker.text(value);
  };
  add("request_id", event.request_id);
  add("client_id", event.client_id);
  if (!event.api_key.empty()) json["api_key"] = mask_secret(event.api_key);
  add("method", event.method);
  add("scheme", event.scheme);
  add("host", event.host);
  add("path", event.path);
  add("query", event.query);
  if (event.status != 0) json["status"] = event.status;
  if (event.duration.count() != 0) json["duration_us"] = event.duration.count();
  if (event.request_bytes != 0) json["request_bytes"] = event.request_bytes;
  if (event.response_bytes != 0) json["response_bytes"] = event.response_bytes;
  add("user_agent", event.user_agent);
  add("referer", event.referer);
  add("content_type", event.content_type);
  if (!event.cookie.empty()) json["cookie"] = mask_secret(event.cookie);
  add("body", event.body);
  if (!event.headers.empty()) json["headers"] = headers_json(masker, event.headers);
  if (!event.response_headers.empty()) json["response_headers"] = headers_json(masker, event.response_headers);
  return json;
}

}  // namespace weir
