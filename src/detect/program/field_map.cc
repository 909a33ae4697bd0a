#include "detect/program/field_map.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr PlaceMask kRawUri = mask_of(Place::kRawUri);
constexpr PlaceMask kPath = mask_of(Place::kPath);
constexpr PlaceMask kQuery = mask_of(Place::kQuery);
constexpr PlaceMask kBodyPlaces = mask_of(Place::kForm) | mask_of(Place::kJson) | mask_of(Place::kMultipart) |
                                  mask_of(Place::kXml) | mask_of(Place::kBody) | mask_of(Place::kXmlDocument);

constexpr PlaceMask kBodyText = mask_of(Place::kBody) | mask_of(Place::kXmlDocument);

constexpr FieldTarget lines(PlaceMask anywhere, PlaceMask whole, EventText text) {
  return {FieldKind::kLines, anywhere, whole, false, text, {}};
}
constexpr FieldTarget named(PlaceMask places) {
  return {FieldKind::kLines, places, places, true, EventText::kNone, {}};
}
constexpr FieldTarget text(EventText which) {
  return {FieldKind::kText, 0, 0, false, which, {}};
}
constexpr FieldTarget number(EventNumber which) {
  return {FieldKind::kNumber, 0, 0, false, EventText::kNone, which};
}
constexpr FieldTarget of_kind(FieldKind kind) {
  return {kind, 0, 0, false, EventText::kNone, {}};
}

// A proxy's c-uri holds the host too; request logs have it on a line of its own.
constexpr FieldTarget kUri = lines(kRawUri | kPath | kQuery | mask_of(Place::kHost), kRawUri, EventText::kUri);
constexpr FieldTarget kUriPath =
    lines(mask_of(Place::kRawPath) | kPath, mask_of(Place::kRawPath) | kPath, EventText::kPath);
constexpr FieldTarget kUriQuery =
    lines(mask_of(Place::kRawQuery) | kQuery, mask_of(Place::kRawQuery), EventText::kQuery);
constexpr FieldTarget kUserAgent =
    lines(mask_of(Place::kRawUserAgent) | mask_of(Place::kUserAgent),
          mask_of(Place::kRawUserAgent) | mask_of(Place::kUserAgent), EventText::kUserAgent);
constexpr FieldTarget kReferer = lines(mask_of(Place::kRawReferer) | mask_of(Place::kReferer),
                                       mask_of(Place::kRawReferer) | mask_of(Place::kReferer), EventText::kReferer);
constexpr FieldTarget kCookie =
    lines(mask_of(Place::kRawCookie) | mask_of(Place::kCookie), mask_of(Place::kRawCookie), EventText::kCookie);
constexpr FieldTarget kHost = lines(mask_of(Place::kHost), mask_of(Place::kHost), EventText::kHost);
constexpr FieldTarget kBody = lines(mask_of(Place::kRawBody) | kBodyPlaces, mask_of(Place::kRawBody), EventText::kBody);
constexpr FieldTarget kAbsent = of_kind(FieldKind::kAbsent);
// Keywords look at what a log line holds, and at the decoded text of every place.
constexpr FieldTarget kKeyword = lines(kUserTextPlaces | kRawUri | mask_of(Place::kRawReferer) |
                                           mask_of(Place::kRawUserAgent) | mask_of(Place::kRawCookie),
                                       0, EventText::kNone);

struct NamedField {
  std::string_view name;
  FieldTarget target;
};

// Sigma's taxonomy appendix (categories webserver and proxy), ECS, and ours.
constexpr std::array kFields = {
    NamedField{"", kKeyword},
    NamedField{"cs-method", text(EventText::kMethod)},
    NamedField{"c-uri", kUri},
    NamedField{"cs-uri", kUri},
    NamedField{"c-uri-stem", kUriPath},
    NamedField{"cs-uri-stem", kUriPath},
    NamedField{"c-uri-query", kUriQuery},
    NamedField{"cs-uri-query", kUriQuery},
    NamedField{"c-uri-extension", text(EventText::kExtension)},
    NamedField{"cs-uri-extension", text(EventText::kExtension)},
    NamedField{"c-useragent", kUserAgent},
    NamedField{"cs-user-agent", kUserAgent},
    NamedField{"cs-referer", kReferer},
    NamedField{"cs-referrer", kReferer},
    NamedField{"cs-cookie", kCookie},
    NamedField{"cs-content-type", text(EventText::kContentType)},
    NamedField{"cs-host", kHost},
    NamedField{"cs-version", kAbsent},
    NamedField{"cs-username", kAbsent},
    NamedField{"r-dns", kHost},
    NamedField{"c-ip", of_kind(FieldKind::kAddress)},
    NamedField{"src_ip", of_kind(FieldKind::kAddress)},
    NamedField{"src_port", kAbsent},
    NamedField{"dst_ip", kAbsent},
    NamedField{"dst_port", kAbsent},
    NamedField{"s-ip", kAbsent},
    NamedField{"s-port", kAbsent},
    NamedField{"s-computername", kAbsent},
    NamedField{"s-sitename", kAbsent},
    NamedField{"date", kAbsent},
    NamedField{"time", kAbsent},
    NamedField{"sc-substatus", kAbsent},
    NamedField{"sc-win32-status", kAbsent},
    NamedField{"sc-status", number(EventNumber::kStatus)},
    NamedField{"cs-bytes", number(EventNumber::kRequestBytes)},
    NamedField{"sc-bytes", number(EventNumber::kResponseBytes)},
    NamedField{"time-taken", number(EventNumber::kDurationMilliseconds)},

    NamedField{"http.request.method", text(EventText::kMethod)},
    NamedField{"http.response.status_code", number(EventNumber::kStatus)},
    NamedField{"http.request.bytes", number(EventNumber::kRequestBytes)},
    NamedField{"http.request.body.bytes", number(EventNumber::kRequestBytes)},
    NamedField{"http.response.bytes", number(EventNumber::kResponseBytes)},
    NamedField{"http.response.body.bytes", number(EventNumber::kResponseBytes)},
    NamedField{"http.request.referrer", kReferer},
    NamedField{"http.request.body.content", kBody},
    NamedField{"http.request.mime_type", text(EventText::kContentType)},
    NamedField{"http.version", kAbsent},
    NamedField{"event.duration", number(EventNumber::kDurationNanoseconds)},
    NamedField{"url.original", kUri},
    NamedField{"url.full", kUri},
    NamedField{"url.path", kUriPath},
    NamedField{"url.query", kUriQuery},
    NamedField{"url.extension", text(EventText::kExtension)},
    NamedField{"url.domain", kHost},
    NamedField{"url.scheme", text(EventText::kScheme)},
    NamedField{"user_agent.original", kUserAgent},
    NamedField{"source.ip", of_kind(FieldKind::kAddress)},
    NamedField{"source.address", of_kind(FieldKind::kAddress)},
    NamedField{"client.ip", of_kind(FieldKind::kAddress)},
    NamedField{"client.address", of_kind(FieldKind::kAddress)},
    NamedField{"destination.ip", kAbsent},
    NamedField{"destination.domain", kHost},
    NamedField{"user.name", kAbsent},

    NamedField{"weir.text", named(kUserTextPlaces)},
    NamedField{"weir.markup", named(kMarkupPlaces)},
    NamedField{"weir.value", named(kUserTextPlaces & ~(mask_of(Place::kCookie) | mask_of(Place::kUserAgent)))},
    NamedField{"weir.param", named(kParameterPlaces)},
    NamedField{"weir.query", named(kQuery)},
    NamedField{"weir.form", named(mask_of(Place::kForm))},
    NamedField{"weir.json", named(mask_of(Place::kJson))},
    NamedField{"weir.multipart", named(mask_of(Place::kMultipart))},
    NamedField{"weir.xml", named(mask_of(Place::kXml))},
    NamedField{"weir.cookie", named(mask_of(Place::kCookie))},
    NamedField{"weir.header", named(mask_of(Place::kHeader))},
    NamedField{"weir.path", lines(kPath, kPath, EventText::kPath)},
    NamedField{"weir.body", lines(kBodyText, kBodyText, EventText::kNone)},
    NamedField{"weir.user_agent", lines(mask_of(Place::kUserAgent), mask_of(Place::kUserAgent), EventText::kUserAgent)},
    NamedField{"weir.referer", lines(mask_of(Place::kReferer), mask_of(Place::kReferer), EventText::kReferer)},
    NamedField{"weir.host", lines(mask_of(Place::kHost), mask_of(Place::kHost), EventText::kHost)},
    NamedField{"weir.content_type", text(EventText::kContentType)},
    NamedField{"weir.client_id", text(EventText::kClientId)},
    NamedField{"weir.evasion", of_kind(FieldKind::kEvasion)},
    NamedField{"weir.steps", of_kind(FieldKind::kSteps)},
};

/// The part after the last dot of the last path segment, as proxies log it.
std::string_view extension_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  const std::string_view segment = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const size_t dot = segment.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : segment.substr(dot + 1);
}

std::string_view compose_uri(const Event& event, bool with_host, std::string& buffer) {
  buffer.clear();
  if (with_host && !event.host.empty()) {
    buffer.append(event.scheme.empty() ? std::string_view("http") : event.scheme).append("://").append(event.host);
  }
  buffer.append(event.path);
  if (!event.query.empty()) buffer.append("?").append(event.query);
  return buffer;
}

}  // namespace

std::optional<FieldTarget> find_field(std::string_view name) {
  const auto field =
      std::find_if(kFields.begin(), kFields.end(), [&](const NamedField& candidate) { return candidate.name == name; });
  if (field == kFields.end()) return std::nullopt;
  return field->target;
}

std::string_view event_text(const Event& event, EventText text, std::string& buffer) {
  switch (text) {
    case EventText::kNone:
      return {};
    case EventText::kMethod:
      return event.method;
    case EventText::kScheme:
      return event.scheme;
    case EventText::kHost:
      return event.host;
    case EventText::kPath:
      return event.path;
    case EventText::kQuery:
      return event.query;
    case EventText::kUri:
      return compose_uri(event, false, buffer);
    case EventText::kUrl:
      return compose_uri(event, true, buffer);
    case EventText::kExtension:
      return extension_of(event.path);
    case EventText::kUserAgent:
      return event.user_agent;
    case EventText::kReferer:
      return event.referer;
    case EventText::kCookie:
      return event.cookie;
    case EventText::kBody:
      return event.body;
    case EventText::kContentType:
      return event.content_type;
    case EventText::kClientId:
      return event.client_id;
  }
  return {};
}

double event_number(const Event& event, EventNumber number) {
  switch (number) {
    case EventNumber::kStatus:
      return event.status;
    case EventNumber::kRequestBytes:
      return static_cast<double>(event.request_bytes);
    case EventNumber::kResponseBytes:
      return static_cast<double>(event.response_bytes);
    case EventNumber::kDurationMilliseconds:
      return static_cast<double>(event.duration.count()) / 1000.0;
    case EventNumber::kDurationNanoseconds:
      return static_cast<double>(event.duration.count()) * 1000.0;
  }
  return 0;
}

}  // namespace weir
