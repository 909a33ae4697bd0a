#include "event/event_parser.h"

#include <optional>
#include <vector>

#include "base/assert.h"
#include "event/field_values.h"
#include "event/forwarded_for.h"
#include "event/header_reader.h"
#include "event/json_reader.h"
#include "event/profile_index.h"
#include "event/record_fields.h"
#include "event/request_target.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr uint64_t kStatusMax = 999;
constexpr std::string_view kForwardedForHeader = "x-forwarded-for";

/// Whether a lone "-", which servers write for "nothing", counts as absent. In a path or a body it is content.
enum class Dash : uint8_t { kIsAbsent, kIsContent };

ProfileIndex compiled(const InputProfile& profile) {
  auto index = ProfileIndex::compile(profile);
  WEIR_ASSERT(index.has_value(), "the profile was not validated");
  return std::move(*index);
}

std::optional<PointerTable> compiled_envelope(const InputProfile& profile) {
  if (profile.unwrap.empty()) return std::nullopt;
  auto table = PointerTable::compile(std::span(&profile.unwrap, 1));
  WEIR_ASSERT(table.has_value(), "the unwrap pointer was not validated");
  return std::move(*table);
}

}  // namespace

struct EventStorage::Impl {
  JsonDocument document;
  HeaderReader headers;
  NumberTexts numbers;
};

struct EventParser::Impl {
  using Storage = EventStorage::Impl;

  explicit Impl(InputOptions given)
      : options(std::move(given)),
        index(compiled(options.profile)),
        envelope_table(compiled_envelope(options.profile)),
        reader(options.depth_max),
        fields(index.table) {
    if (envelope_table) envelope_fields.emplace(*envelope_table);
  }

  ParseOutcome parse(std::string_view record, Storage& storage, Event& event);
  ParseOutcome load(std::string_view text, JsonDocument& document, Event& event, dom::object& object);
  ParseOutcome unwrap(std::string_view& record, Event& event);
  ParseOutcome outcome_of(Reject reject) const;

  Reject read(Storage& storage, Event& event);
  Reject read_line(Event& event);
  Reject read_texts(Storage& storage, Event& event);
  Reject read_numbers(Event& event);
  Reject read_headers(Storage& storage, Event& event);
  Reject read_client(Event& event);
  Reject text(ProfileFieldIndex field, Dash dash, std::string_view& out);
  Reject identifier(ProfileFieldIndex field, NumberTexts& numbers, std::string_view& out);
  const dom::element* first(ProfileFieldIndex field) const;
  static Reject at(ProfileFieldIndex field, RejectReason reason) { return {reason, profile_fields()[field].name}; }

  InputOptions options;
  ProfileIndex index;
  std::optional<PointerTable> envelope_table;
  JsonReader reader;
  RecordFields fields;
  JsonDocument envelope;
  std::optional<RecordFields> envelope_fields;
  std::vector<std::string_view> forwarded;
  EventStorage own_storage;
};

namespace {

bool is_absent(std::string_view text, Dash dash) {
  return text.empty() || (dash == Dash::kIsAbsent && text == "-");
}

}  // namespace

// The record's way, from bytes to an event.
ParseOutcome EventParser::Impl::parse(std::string_view record, Storage& storage, Event& event) {
  event = Event{};
  if (record.empty()) return {RejectReason::kEmpty, "no bytes"};
  if (record.size() > options.record_bytes_max) return {RejectReason::kTooLarge, "more than record_bytes_max"};
  if (envelope_table) {
    if (auto outcome = unwrap(record, event); !outcome.ok()) return outcome;
  }
  dom::object object;
  if (auto outcome = load(record, storage.document, event, object); !outcome.ok()) return outcome;
  storage.headers.clear();
  storage.numbers.clear();
  forwarded.clear();
  auto reject = fields.gather(object);
  if (!reject) reject = read(storage, event);
  if (!reject) return {};
  event = Event{};
  return outcome_of(reject);
}

ParseOutcome EventParser::Impl::load(std::string_view text, JsonDocument& document, Event& event, dom::object& object) {
  const auto loaded = reader.load(text, document);
  if (loaded.reason != RejectReason::kNone) return {loaded.reason, loaded.detail};
  if (loaded.root.get(object) != simdjson::SUCCESS)
    return {RejectReason::kNotAnObject, "the record is JSON, but no object"};
  if (loaded.repaired) event.set(EventFlag::kUtf8Repaired);
  return {};
}

ParseOutcome EventParser::Impl::unwrap(std::string_view& record, Event& event) {
  dom::object object;
  if (auto outcome = load(record, envelope, event, object); !outcome.ok()) return outcome;
  if (const auto reject = envelope_fields->gather(object)) return outcome_of(reject);
  const auto* payload = envelope_fields->at(0);
  if (payload == nullptr || payload->get(record) != simdjson::SUCCESS) {
    return {RejectReason::kBadUnwrap, "no string at " + options.profile.unwrap};
  }
  if (record.empty()) return {RejectReason::kBadUnwrap, "an empty string at " + options.profile.unwrap};
  return {};
}

ParseOutcome EventParser::Impl::outcome_of(Reject reject) const {
  ParseOutcome outcome{reject.reason, std::string(reject.field)};
  for (const auto& field : profile_fields()) {
    const auto& pointers = (options.profile.*field.mapping).pointers;
    if (field.name == reject.field && !pointers.empty()) outcome.detail += " (" + pointers.front() + ")";
  }
  return outcome;
}

Reject EventParser::Impl::read(Storage& storage, Event& event) {
  if (const auto reject = read_line(event)) return reject;
  if (const auto reject = read_numbers(event)) return reject;
  if (const auto reject = read_texts(storage, event)) return reject;
  if (const auto reject = read_headers(storage, event)) return reject;
  return read_client(event);
}

// Method, scheme, host, path and query: from their own fields, and from the request target where the source logs one.
Reject EventParser::Impl::read_line(Event& event) {
  std::string_view target;
  if (const auto reject = text(kFieldMethod, Dash::kIsAbsent, event.method)) return reject;
  if (const auto reject = text(kFieldScheme, Dash::kIsAbsent, event.scheme)) return reject;
  if (const auto reject = text(kFieldHost, Dash::kIsAbsent, event.host)) return reject;
  if (const auto reject = text(kFieldTarget, Dash::kIsContent, target)) return reject;
  if (!target.empty()) {
    const auto parts = event.method.empty() ? split_request_line(target) : split_request_target(target);
    if (event.method.empty()) event.method = parts.method;
    if (event.scheme.empty()) event.scheme = parts.scheme;
    if (event.host.empty()) event.host = parts.host;
    event.path = parts.path;
    event.query = parts.query;
  }
  if (event.path.empty()) {
    if (const auto reject = text(kFieldPath, Dash::kIsContent, event.path)) return reject;
    if (const auto reject = text(kFieldQuery, Dash::kIsContent, event.query)) return reject;
    // A question mark cannot stand in a path on the wire: some loggers leave the query in it.
    if (const auto question = event.path.find('?'); event.query.empty() && question != std::string_view::npos) {
      event.query = event.path.substr(question + 1);
      event.path = event.path.substr(0, question);
    }
  }
  if (event.method.empty()) return at(kFieldMethod, RejectReason::kMissingField);
  if (event.path.empty()) return at(kFieldPath, RejectReason::kMissingField);
  return {};
}

Reject EventParser::Impl::read_numbers(Event& event) {
  const auto* time = first(kFieldTime);
  if (time == nullptr) return at(kFieldTime, RejectReason::kMissingField);
  auto reason = read_time(*time, options.profile.timestamp_format, event.time);
  if (reason != RejectReason::kNone) return at(kFieldTime, reason);
  if (const auto* status = first(kFieldStatus); status != nullptr) {
    uint64_t number = 0;
    if (reason = read_count(*status, kStatusMax, number); reason != RejectReason::kNone)
      return at(kFieldStatus, reason);
    event.status = static_cast<uint16_t>(number);
  }
  if (const auto* duration = first(kFieldDuration); duration != nullptr) {
    reason = read_duration(*duration, options.profile.duration_unit, event.duration);
    if (reason != RejectReason::kNone) return at(kFieldDuration, reason);
  }
  if (const auto* bytes = first(kFieldRequestBytes); bytes != nullptr) {
    reason = read_count(*bytes, UINT64_MAX, event.request_bytes);
    if (reason != RejectReason::kNone) return at(kFieldRequestBytes, reason);
  }
  if (const auto* bytes = first(kFieldResponseBytes); bytes != nullptr) {
    reason = read_count(*bytes, UINT64_MAX, event.response_bytes);
    if (reason != RejectReason::kNone) return at(kFieldResponseBytes, reason);
  }
  return {};
}

Reject EventParser::Impl::read_texts(Storage& storage, Event& event) {
  if (const auto reject = identifier(kFieldRequestId, storage.numbers, event.request_id)) return reject;
  if (const auto reject = identifier(kFieldClientId, storage.numbers, event.client_id)) return reject;
  if (const auto reject = identifier(kFieldApiKey, storage.numbers, event.api_key)) return reject;
  if (const auto reject = text(kFieldUserAgent, Dash::kIsAbsent, event.user_agent)) return reject;
  if (const auto reject = text(kFieldReferer, Dash::kIsAbsent, event.referer)) return reject;
  if (const auto reject = text(kFieldContentType, Dash::kIsAbsent, event.content_type)) return reject;
  if (const auto reject = text(kFieldCookie, Dash::kIsAbsent, event.cookie)) return reject;
  return text(kFieldBody, Dash::kIsContent, event.body);
}

Reject EventParser::Impl::read_headers(Storage& storage, Event& event) {
  HeaderReader& headers = storage.headers;
  NumberTexts& numbers = storage.numbers;
  if (const auto* value = first(kFieldHeaders); value != nullptr) {
    const auto reason = headers.read_request(*value, event, numbers);
    if (reason != RejectReason::kNone) return at(kFieldHeaders, reason);
  }
  if (const auto* value = first(kFieldResponseHeaders); value != nullptr) {
    const auto reason = headers.read_response(*value, numbers);
    if (reason != RejectReason::kNone) return at(kFieldResponseHeaders, reason);
  }
  std::string_view mapped;
  if (const auto reject = text(kFieldForwardedFor, Dash::kIsAbsent, mapped)) return reject;
  if (!mapped.empty()) {
    // It has no field in Event, and a client may write anything into it: it stays visible as a header.
    forwarded.push_back(mapped);
    headers.add_request(Header{kForwardedForHeader, mapped});
  }
  event.headers = headers.request();
  event.response_headers = headers.response();
  return {};
}

Reject EventParser::Impl::read_client(Event& event) {
  std::string_view peer;
  if (const auto reject = text(kFieldClientIp, Dash::kIsAbsent, peer)) return reject;
  if (peer.empty()) return at(kFieldClientIp, RejectReason::kMissingField);
  const auto address = IpAddress::parse_with_port(peer);
  if (!address) return at(kFieldClientIp, RejectReason::kBadAddress);
  event.client_ip = *address;
  if (options.trusted_proxies.empty() || !contains(options.trusted_proxies, *address)) return {};
  if (forwarded.empty()) {
    for (const auto& header : event.headers) {
      if (equal_without_case(header.name, kForwardedForHeader)) forwarded.push_back(header.value);
    }
  }
  event.client_ip = client_behind_proxies(*address, forwarded, options.trusted_proxies);
  if (event.client_ip != *address) event.set(EventFlag::kForwardedFor);
  return {};
}

// The first candidate that is there and not empty.
const dom::element* EventParser::Impl::first(ProfileFieldIndex field) const {
  for (const uint16_t slot : index.candidates[field]) {
    const auto* value = fields.at(slot);
    if (value == nullptr) continue;
    if (std::string_view text; value->get(text) == simdjson::SUCCESS && is_absent(text, Dash::kIsAbsent)) continue;
    return value;
  }
  return nullptr;
}

// A list counts as its first text, as a profile may point at one header of a source that logs lists.
Reject EventParser::Impl::text(ProfileFieldIndex field, Dash dash, std::string_view& out) {
  for (const uint16_t slot : index.candidates[field]) {
    const auto* value = fields.at(slot);
    if (value == nullptr) continue;
    if (std::string_view one; value->get(one) == simdjson::SUCCESS) {
      if (is_absent(one, dash)) continue;
      out = one;
      return {};
    }
    dom::array list;
    if (value->get(list) != simdjson::SUCCESS) return at(field, RejectReason::kWrongType);
    if (list.begin() != list.end() && (*list.begin()).get(out) != simdjson::SUCCESS)
      return at(field, RejectReason::kWrongType);
    if (!out.empty()) return {};
  }
  return {};
}

// As text, but a number will do: many systems number their users.
Reject EventParser::Impl::identifier(ProfileFieldIndex field, NumberTexts& numbers, std::string_view& out) {
  if (const auto* value = first(field); value != nullptr && value->is_number()) {
    out = *numbers.text_of(*value);
    return {};
  }
  return text(field, Dash::kIsAbsent, out);
}

EventStorage::EventStorage() : impl_(std::make_unique<Impl>()) {}
EventStorage::~EventStorage() = default;
EventStorage::EventStorage(EventStorage&&) noexcept = default;
EventStorage& EventStorage::operator=(EventStorage&&) noexcept = default;

EventParser::EventParser(InputOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
EventParser::~EventParser() = default;
EventParser::EventParser(EventParser&&) noexcept = default;
EventParser& EventParser::operator=(EventParser&&) noexcept = default;

ParseOutcome EventParser::parse(std::string_view record, EventStorage& storage, Event& event) {
  return impl_->parse(record, *storage.impl_, event);
}

ParseOutcome EventParser::parse(std::string_view record, Event& event) {
  return parse(record, impl_->own_storage, event);
}

}  // namespace weir
