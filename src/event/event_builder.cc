#include "event/event_builder.h"

#include <array>
#include <cstring>

#include "event/values/field_values.h"
#include "event/values/forwarded_for.h"
#include "event/values/header_text.h"
#include "event/values/request_target.h"

namespace weir {
namespace {

constexpr uint64_t kStatusMax = 999;
constexpr std::string_view kForwardedForHeader = "x-forwarded-for";
constexpr std::string_view kNone = "-";

uint32_t bit(ProfileFieldIndex field) {
  return uint32_t{1} << field;
}

/// Tries the field's candidates in order until one is taken; notes what came of it. A value that says "nothing" is no
/// candidate.
template <typename Work, typename Take>
bool take_first(Work& work, ProfileFieldIndex field, Take take) {
  bool any = false;
  for (const Candidate& candidate : work.candidates[field]) {
    const RawValue* value = work.record.at(candidate.slot);
    if (value == nullptr || (value->is_text() && is_absent(value->text))) continue;
    if (take(*value, candidate)) {
      work.event.fields_read |= bit(field);
      return true;
    }
    any = true;
  }
  if (any) work.event.fields_unread |= bit(field);
  return false;
}

/// As text: of a list its first item; further ones are kept as headers of the field's name, so that nothing hides there.
template <typename Work>
bool take_text(Work& work, ProfileFieldIndex field, std::string_view& out) {
  return take_first(work, field, [&](const RawValue& value, const Candidate&) {
    if (value.is_text()) [[likely]] {
      out = value.text;
      return true;  // an empty one is no candidate
    }
    const auto plain = value.kind == RawValue::Kind::kNested ? work.record.first_within(value) : value;
    const auto text = plain ? read_text(*plain, work.room.arena) : std::nullopt;
    if (!text || text->empty()) return false;
    out = *text;
    return true;
  });
}

/// As text, or as JSON text where it is an object or a list.
template <typename Work>
bool take_content(Work& work, ProfileFieldIndex field, std::string_view& out) {
  return take_first(work, field, [&](const RawValue& value, const Candidate&) {
    if (value.is_text()) [[likely]] {
      out = value.text;
      return true;
    }
    const auto text = read_text(value, work.room.arena);
    out = text ? *text : work.record.json_text(value, work.room.arena);
    return !out.empty();
  });
}

// RFC 9110, 5.6.2: what a method is made of.
bool is_token(std::string_view text) {
  static constexpr auto kTable = [] {
    std::array<bool, 256> table{};
    for (const char c :
         std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
      table[static_cast<unsigned char>(c)] = true;
    return table;
  }();
  for (const char c : text)
    if (!kTable[static_cast<unsigned char>(c)]) return false;
  return !text.empty();
}

/// Whether a text that stands for someone or something holds more than such texts do, so that it must be looked at.
bool is_more_than_a_name(std::string_view text) {
  static constexpr auto kTable = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("-_.@:/+=~, 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
      table[static_cast<unsigned char>(c)] = true;
    return table;
  }();
  for (const char c : text)
    if (!kTable[static_cast<unsigned char>(c)]) return true;
  return false;
}

std::string_view without_question_mark(std::string_view query) {
  return query.starts_with('?') ? query.substr(1) : query;
}

/// Adds headers as they come; the ones with a field of their own are lifted into it.
class Lift final : public HeaderSink {
 public:
  Lift(HeaderList& headers, Event& event) : headers_(headers), event_(event) {}
  void add(Header header) override { headers_.add_or_lift(header, event_); }

 private:
  HeaderList& headers_;
  Event& event_;
};

class AddResponse final : public HeaderSink {
 public:
  explicit AddResponse(HeaderList& headers) : headers_(headers) {}
  void add(Header header) override { headers_.add_response(header); }

 private:
  HeaderList& headers_;
};

}  // namespace

EventBuilder::EventBuilder(const InputOptions& options) : options_(options) {}

bool EventBuilder::build(const RawRecord& record, const Candidates& candidates, const TimeClues& clues, Room room,
                         Event& event) {
  Work work{record, candidates, clues, room, event};
  room.headers.clear();
  read_request(work);
  read_numbers(work);
  read_time(work);
  read_texts(work);
  read_headers(work);
  read_client(work);
  const bool answered = (event.fields_read & (bit(kFieldStatus) | bit(kFieldMethod) | bit(kFieldResponseBytes))) != 0;
  if (event.path.empty() && !(answered && !event.has(EventFlag::kNoAddress))) return false;
  judge_identity(work);
  if (!is_token(event.method)) {
    event.set(EventFlag::kMalformed);
    if (!event.method.empty()) room.headers.add_request({":method", event.method});
  }
  if (event.path.empty()) {
    event.set(EventFlag::kMalformed);
    event.path = event.method == "CONNECT" && !event.host.empty() ? event.host : kNone;
  }
  if (event.method.empty()) event.method = kNone;
  if (!event.query.empty()) event.fields_read |= bit(kFieldQuery);
  event.headers = room.headers.request();
  event.response_headers = room.headers.response();
  return true;
}

// Method, scheme, host, path and query: from their own fields, and from the request target where the source logs one.
void EventBuilder::read_request(Work& work) const {
  Event& event = work.event;
  take_text(work, kFieldMethod, event.method);
  take_text(work, kFieldScheme, event.scheme);
  take_text(work, kFieldHost, event.host);
  std::string_view target;
  if (take_text(work, kFieldTarget, target)) {
    const auto parts = split_request_line(target);
    if (event.method.empty() && !parts.method.empty()) {
      event.method = parts.method;
      event.fields_read |= bit(kFieldMethod);
    }
    if (event.scheme.empty()) event.scheme = parts.scheme;
    if (event.host.empty()) event.host = parts.host;
    event.path = parts.path;
    event.query = parts.query;
  }
  if (event.path.empty()) {
    take_text(work, kFieldPath, event.path);
    // A question mark cannot stand in a path on the wire: some loggers leave the query in it.
    if (const auto question = event.path.find('?'); question != std::string_view::npos) {
      event.query = event.path.substr(question + 1);
      event.path = event.path.substr(0, question);
    }
  }
  // A target without a query does not hide one that is logged apart.
  if (event.query.empty() && take_content(work, kFieldQuery, event.query))
    event.query = without_question_mark(event.query);
}

void EventBuilder::read_numbers(Work& work) const {
  Event& event = work.event;
  const auto take_count = [&](ProfileFieldIndex field, uint64_t max, auto& out) {
    take_first(work, field, [&](const RawValue& value, const Candidate&) {
      const bool is_plain = value.kind == RawValue::Kind::kInteger && value.number >= 0;
      const auto number = is_plain && static_cast<uint64_t>(value.number) <= max
                              ? std::optional(static_cast<uint64_t>(value.number))
                              : read_count(value, max);
      if (number) out = static_cast<std::remove_reference_t<decltype(out)>>(*number);
      return number.has_value();
    });
  };
  take_count(kFieldStatus, kStatusMax, event.status);
  take_count(kFieldRequestBytes, UINT64_MAX, event.request_bytes);
  take_count(kFieldResponseBytes, UINT64_MAX, event.response_bytes);
  take_first(work, kFieldDuration, [&](const RawValue& value, const Candidate& candidate) {
    const auto duration = read_duration(value, candidate.unit);
    if (duration) event.duration = *duration;
    return duration.has_value();
  });
}

void EventBuilder::read_time(Work& work) {
  std::string_view date;
  take_text(work, kFieldDate, date);
  const auto time_of = [&](const RawValue& value, TimestampFormat format) -> std::optional<EventTime> {
    switch (value.kind) {
      case RawValue::Kind::kText: {
        std::array<char, 64> whole;
        if (date.empty() || date.size() + value.text.size() >= whole.size())
          return timestamps_.read(value.text, format, work.clues);
        std::memcpy(whole.data(), date.data(), date.size());
        whole[date.size()] = ' ';
        std::memcpy(whole.data() + date.size() + 1, value.text.data(), value.text.size());
        const auto joined = timestamps_.read({whole.data(), date.size() + 1 + value.text.size()}, format, work.clues);
        return joined ? joined : timestamps_.read(value.text, format, work.clues);
      }
      case RawValue::Kind::kInteger:
        return parse_timestamp(value.number, format);
      case RawValue::Kind::kReal:
        return parse_timestamp(value.real, format);
      default:
        return std::nullopt;
    }
  };
  const bool read = take_first(work, kFieldTime, [&](const RawValue& value, const Candidate& candidate) {
    const auto plain = value.kind == RawValue::Kind::kNested ? work.record.only_within(value) : value;
    const auto time = plain ? time_of(*plain, candidate.time_format) : std::nullopt;
    if (time) work.event.time = *time;
    return time.has_value();
  });
  if (read) return;
  work.event.time = work.clues.reference;
  work.event.set(EventFlag::kNoTime);
}

void EventBuilder::read_texts(Work& work) const {
  Event& event = work.event;
  take_text(work, kFieldRequestId, event.request_id);
  take_text(work, kFieldClientId, event.client_id);
  take_text(work, kFieldApiKey, event.api_key);
  take_text(work, kFieldUserAgent, event.user_agent);
  take_text(work, kFieldReferer, event.referer);
  take_text(work, kFieldContentType, event.content_type);
  take_content(work, kFieldCookie, event.cookie);
  take_content(work, kFieldBody, event.body);
}

void EventBuilder::read_headers(Work& work) {
  Lift request(work.room.headers, work.event);
  AddResponse response(work.room.headers);
  const auto take_headers = [&](ProfileFieldIndex field, HeaderSink& sink) {
    take_first(work, field, [&](const RawValue& value, const Candidate&) {
      if (work.record.read_headers(value, sink, work.room.arena)) return true;
      if (!value.is_text()) return false;
      add_header_lines(value.text, sink);
      return true;
    });
  };
  take_headers(kFieldHeaders, request);
  take_headers(kFieldResponseHeaders, response);
  for (const Header& header : work.record.request_headers())
    request.add(header);
  for (const Header& header : work.record.response_headers())
    response.add(header);
  for (const Header& text : work.record.repeated())
    work.room.headers.add_request(text);
  forwarded_.clear();
  std::string_view mapped;
  if (take_text(work, kFieldForwardedFor, mapped)) {
    // It has no field in Event, and a client may write anything into it: it stays visible as a header.
    forwarded_.push_back(mapped);
    work.room.headers.add_request({kForwardedForHeader, mapped});
  }
  const std::pair<ProfileFieldIndex, std::string_view> lifted[]{{kFieldHost, work.event.host},
                                                                {kFieldUserAgent, work.event.user_agent},
                                                                {kFieldReferer, work.event.referer},
                                                                {kFieldContentType, work.event.content_type},
                                                                {kFieldCookie, work.event.cookie}};
  for (const auto& [field, text] : lifted)
    if (!text.empty()) work.event.fields_read |= bit(field);
}

// The values of X-Forwarded-For from the headers, where no field of its own holds them.
void EventBuilder::forwarded_values(const Work& work) {
  if (!forwarded_.empty()) return;
  for (const auto& header : work.room.headers.request())
    if (equal_without_case(header.name, kForwardedForHeader)) forwarded_.push_back(header.value);
}

void EventBuilder::read_client(Work& work) {
  Event& event = work.event;
  std::optional<PeerAddress> peer;
  take_first(work, kFieldClientIp, [&](const RawValue& value, const Candidate&) {
    const auto plain = value.kind == RawValue::Kind::kNested ? work.record.first_within(value) : value;
    if (plain && plain->is_text()) {
      peer = read_peer(plain->text);
      // A header that clients write, where a proxy's log has nothing else: what is no address in it is looked at.
      const auto unread = peer ? peer->forwarded : plain->text;
      if (is_more_than_a_name(unread)) work.room.headers.add_request({"client-address", unread});
    }
    return peer.has_value();
  });
  if (peer && !peer->is_unix) event.client_ip = peer->address;
  const bool from_socket = peer && peer->is_unix && options_.unix_peer == InputOptions::UnixPeer::kTrusted;
  if (from_socket || (peer && !peer->is_unix && contains(options_.trusted_proxies, peer->address))) {
    forwarded_values(work);
    if (!peer->forwarded.empty()) forwarded_.push_back(peer->forwarded);
    event.client_ip = from_socket ? client_behind_socket(forwarded_, options_.trusted_proxies)
                                  : client_behind_proxies(peer->address, forwarded_, options_.trusted_proxies);
    if (event.client_ip != peer->address) event.set(EventFlag::kForwardedFor);
  }
  if (event.client_ip.is_unspecified()) event.set(EventFlag::kNoAddress);
}

// An identity that the client could choose would let it be somebody else with every request; what it wrote there is
// still looked at.
void EventBuilder::judge_identity(Work& work) const {
  Event& event = work.event;
  const bool refused = event.status == 401 || event.status == 407;
  const auto is_trusted = [&](IdentityTrust trust) {
    return trust == IdentityTrust::kAlways || (trust == IdentityTrust::kChecked && !refused);
  };
  HeaderList& headers = work.room.headers;
  if (is_more_than_a_name(event.client_id)) headers.add_request({"remote-user", event.client_id});
  if (!is_trusted(options_.profile.client_id_trust)) event.client_id = {};
  const bool key_is_header = options_.profile.api_key_trust == IdentityTrust::kNever;
  if (!event.api_key.empty() && (key_is_header || is_more_than_a_name(event.api_key)))
    headers.add_request({"x-api-key", event.api_key});
  if (!is_trusted(options_.profile.api_key_trust)) event.api_key = {};
  if (is_more_than_a_name(event.request_id)) headers.add_request({"x-request-id", event.request_id});
}

}  // namespace weir
