#include "app/setup/sample_check.h"

#include <array>

#include "event/event_parser.h"

namespace weir {
namespace {

constexpr std::array kNeeded{kFieldTime, kFieldClientIp, kFieldQuery, kFieldUserAgent};

/// What is seen of one record.
struct Seen {
  size_t requests = 0;
  bool is_skipped = false;
  std::string refusal;
};

Seen read_record(EventParser& parser, std::string_view text, EventStorage& storage, uint32_t& fields) {
  Seen seen;
  parser.begin(text);
  while (true) {
    Event event;
    ParseOutcome outcome;
    switch (parser.next(storage, event, outcome)) {
      case EventParser::Next::kEvent:
        ++seen.requests;
        fields |= event.fields_read;
        break;
      case EventParser::Next::kReject:
        if (seen.refusal.empty())
          seen.refusal = std::string(to_string(outcome.reason)) + (outcome.detail.empty() ? "" : ": " + outcome.detail);
        break;
      case EventParser::Next::kSkip:
        seen.is_skipped = true;
        break;
      case EventParser::Next::kEnd:
        return seen;
    }
  }
}

}  // namespace

SampleFit fit_sample(std::span<const std::string_view> records, const SourceConfig& source) {
  SampleFit fit;
  EventParser parser(source.input);
  EventStorage storage;
  uint32_t fields = 0;
  for (const std::string_view record : records) {
    if (record.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Seen seen = read_record(parser, record, storage, fields);
    ++fit.records;
    fit.requests += seen.requests;
    if (seen.requests > 0 || seen.is_skipped) {
      ++fit.fitting;
    } else if (fit.refusal.empty()) {
      fit.refusal = seen.refusal;
    }
  }
  if (fit.requests == 0) return fit;
  uint32_t wanted = source.fields_chosen;
  for (const auto field : kNeeded)
    wanted |= 1U << field;
  for (size_t field = 0; field < kFieldCount; ++field)
    if (((wanted & ~fields) >> field & 1U) != 0) fit.missing.push_back(static_cast<ProfileFieldIndex>(field));
  return fit;
}

}  // namespace weir
