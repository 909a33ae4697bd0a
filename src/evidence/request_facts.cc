#include "evidence/request_facts.h"

#include <xxhash.h>

#include <algorithm>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr size_t kRouteSegmentsMax = 8;
constexpr size_t kWordBytesMax = 24;  // a longer segment is an id, a slug or an attack
constexpr uint32_t kDelaySecondsMax = 600;
constexpr int64_t kDurationMsMax = 86'400'000;

uint32_t key_of(std::string_view text) {
  const uint64_t hash = XXH3_64bits(text.data(), text.size());
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

bool is_id(std::string_view segment) {
  const auto digits = static_cast<size_t>(std::count_if(segment.begin(), segment.end(), is_ascii_digit));
  const bool is_word = std::all_of(segment.begin(), segment.end(),
                                   [](char c) { return is_ascii_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
  return segment.size() > kWordBytesMax || !is_word || digits * 3 >= segment.size();
}

bool equals_at(std::string_view text, size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i)
    if (to_lower(text[at + i]) != word[i]) return false;
  return true;
}

/// The seconds that a clock's time from `at` on says: "0:0:5", "00:00:05".
uint32_t clock_seconds(std::string_view text, size_t at) {
  uint32_t total = 0, part = 0;
  bool any = false;
  for (; at < text.size() && (is_ascii_digit(text[at]) || text[at] == ':'); ++at) {
    any = any || is_ascii_digit(text[at]);
    if (text[at] == ':') {
      total = (total + part) * 60;
      part = 0;
    } else {
      part = std::min(part * 10 + static_cast<uint32_t>(text[at] - '0'), 100'000U);
    }
    total = std::min(total, 100'000U);
  }
  return any ? total + part : 0;
}

/// The last whole number before the closing bracket, or of a shell the one right behind.
uint32_t argument_seconds(std::string_view text, size_t at) {
  uint32_t last = 0;
  const size_t end = std::min(text.find(')', at), std::min(text.size(), at + 64));
  while (at < end) {
    if (!is_ascii_digit(text[at])) {
      ++at;
      continue;
    }
    uint32_t number = 0;
    for (; at < end && is_ascii_digit(text[at]); ++at)
      number = std::min(number * 10 + static_cast<uint32_t>(text[at] - '0'), 100'000U);
    last = number;
  }
  return last;
}

void append_folded_route(std::string_view path, std::string& route) {
  const size_t before = route.size();
  size_t segments = 0;
  for (size_t at = 0; at < path.size() && segments < kRouteSegmentsMax;) {
    while (at < path.size() && path[at] == '/')
      ++at;
    if (at == path.size()) break;
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    route.append("/").append(is_id(segment) ? "*" : segment);
    at = end;
    ++segments;
  }
  if (route.size() == before) route.append("/");
}

}  // namespace

std::string folded_route(std::string_view path) {
  std::string route;
  append_folded_route(path, route);
  return route;
}

EvidenceFacts facts_of_response(const Event& event, std::string& scratch) {
  EvidenceFacts facts;
  facts.status = event.status;
  facts.response_bytes = event.response_bytes;
  if (event.duration.count() > 0)
    facts.duration_ms = static_cast<uint32_t>(std::min<int64_t>(event.duration.count() / 1000, kDurationMsMax));
  scratch.assign(event.host);
  std::transform(scratch.begin(), scratch.end(), scratch.begin(), to_lower);
  facts.host_key = key_of(scratch);
  scratch.assign(event.method).append(" ");
  append_folded_route(event.path, scratch);
  facts.route_key = key_of(scratch);
  return facts;
}

uint32_t delay_asked_for(std::string_view text) {
  uint32_t seconds = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    uint32_t asked = 0;
    const char first = to_lower(text[at]);
    if (first != 's' && first != 'd' && first != 'r') continue;
    if (equals_at(text, at, "sleep") && at + 5 < text.size() &&
        (text[at + 5] == '(' || text[at + 5] == ' ' || text[at + 5] == '+')) {
      asked = argument_seconds(text, at + 5);
    } else if (equals_at(text, at, "delay")) {
      const size_t digit = text.find_first_of("0123456789", at + 5);
      if (digit != std::string_view::npos && digit - at < 12) asked = clock_seconds(text, digit);
    } else if (equals_at(text, at, "receive_message(")) {
      asked = argument_seconds(text, at + 15);
    }
    if (asked <= kDelaySecondsMax) seconds = std::max(seconds, asked);
  }
  return seconds * 1000;
}

}  // namespace weir
