#include "event/profile/example_check.h"

#include <algorithm>
#include <optional>
#include <span>

#include "event/event_parser.h"
#include "event/values/header_list.h"

namespace weir {
namespace {

std::string header_text(std::span<const Header> headers, std::string_view name) {
  std::string text;
  for (const Header& header : headers)
    if (equal_without_case(header.name, name)) text += (text.empty() ? "" : ", ") + std::string(header.value);
  return text;
}

std::string flags_text(const Event& event) {
  static constexpr std::pair<EventFlag, std::string_view> kNames[]{{EventFlag::kUtf8Repaired, "utf8_repaired"},
                                                                   {EventFlag::kForwardedFor, "forwarded_for"},
                                                                   {EventFlag::kSalvaged, "salvaged"},
                                                                   {EventFlag::kMalformed, "malformed"},
                                                                   {EventFlag::kNoTime, "no_time"},
                                                                   {EventFlag::kNoAddress, "no_address"}};
  std::string text;
  for (const auto& [flag, name] : kNames)
    if (event.has(flag)) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::string number_text(uint64_t number) {
  return std::to_string(number);
}

void compare(const Event& event, const std::vector<std::pair<std::string, std::string>>& expected,
             const std::string& where, std::vector<std::string>& faults) {
  for (const auto& [name, want] : expected) {
    const auto got = event_text(event, name);
    if (got && *got != want) faults.push_back(where + name + " is '" + *got + "', not '" + want + "'");
  }
  // An example says all that its record is not: a fault that nobody expected is one.
  const bool says_flags =
      std::any_of(expected.begin(), expected.end(), [](const auto& value) { return value.first == "flags"; });
  if (!says_flags && !flags_text(event).empty()) faults.push_back(where + "has the flags " + flags_text(event));
}

}  // namespace

std::optional<std::string> event_text(const Event& event, std::string_view name) {
  const auto text = [](std::string_view view) { return std::string(view); };
  if (name.starts_with("header ")) return header_text(event.headers, name.substr(7));
  if (name.starts_with("response_header ")) return header_text(event.response_headers, name.substr(16));
  if (name == "flags") return flags_text(event);
  const auto field = field_named(name);
  if (!field) return std::nullopt;
  switch (*field) {
    case kFieldTime:
      return event.has(EventFlag::kNoTime) ? "" : format_rfc3339(event.time);
    case kFieldRequestId:
      return text(event.request_id);
    case kFieldClientId:
      return text(event.client_id);
    case kFieldApiKey:
      return text(event.api_key);
    case kFieldClientIp:
      return event.has(EventFlag::kNoAddress) ? "" : event.client_ip.to_string();
    case kFieldMethod:
      return text(event.method);
    case kFieldScheme:
      return text(event.scheme);
    case kFieldHost:
      return text(event.host);
    case kFieldPath:
      return text(event.path);
    case kFieldQuery:
      return text(event.query);
    case kFieldStatus:
      return number_text(event.status);
    case kFieldDuration:
      return number_text(static_cast<uint64_t>(event.duration.count())) + "us";
    case kFieldRequestBytes:
      return number_text(event.request_bytes);
    case kFieldResponseBytes:
      return number_text(event.response_bytes);
    case kFieldUserAgent:
      return text(event.user_agent);
    case kFieldReferer:
      return text(event.referer);
    case kFieldContentType:
      return text(event.content_type);
    case kFieldCookie:
      return text(event.cookie);
    case kFieldBody:
      return text(event.body);
    default:
      return std::nullopt;
  }
}

std::vector<std::string> check_example(const InputProfile& profile, const ProfileExample& example) {
  std::vector<std::string> faults;
  InputOptions options;
  options.profile = profile;
  EventParser parser(options);
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  size_t requests = 0, skipped = 0;
  std::string_view rest = example.text;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    parser.begin(line);
    for (auto next = parser.next(storage, event, outcome); next != EventParser::Next::kEnd;
         next = parser.next(storage, event, outcome)) {
      if (next == EventParser::Next::kSkip) ++skipped;
      if (next == EventParser::Next::kReject)
        faults.push_back("rejected: " + std::string(to_string(outcome.reason)) + ": " + outcome.detail);
      if (next != EventParser::Next::kEvent) continue;
      const auto where = example.requests.size() > 1 ? "request " + std::to_string(requests + 1) + ": " : std::string();
      if (requests < example.requests.size()) compare(event, example.requests[requests], where, faults);
      ++requests;
    }
  }
  if (requests != example.requests.size())
    faults.push_back(std::to_string(requests) + " requests, not " + std::to_string(example.requests.size()));
  if (skipped != example.skipped)
    faults.push_back(std::to_string(skipped) + " lines skipped, not " + std::to_string(example.skipped));
  return faults;
}

}  // namespace weir
