#pragma once

#include <bit>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"
#include "score/correlation/correlator.h"
#include "score/scorer.h"

namespace weir::testing {

/// A definition over c-ip; tests change what they are about and then call set_hash().
inline CorrelationDefinition definition_of(CorrelationType type, double least, int64_t timespan_ms) {
  CorrelationDefinition definition;
  definition.id = "00000000-0000-4000-8000-0000000000c1";
  definition.title = "a correlation";
  definition.type = type;
  definition.bounds = {{CorrelationOperator::kGreaterEqual, least}};
  definition.timespan_ms = timespan_ms;
  definition.group_by = {"c-ip"};
  definition.set_hash();
  return definition;
}

inline std::string group_text(const std::string& value) {
  std::string text;
  BinaryWriter(text).text(value);
  return text;
}

/// Makes events and keeps the text they borrow.
class EventMaker {
 public:
  CorrelationEvent event(const CorrelationDefinition& definition, const std::string& group, int64_t time_ms,
                         uint64_t value = 0, uint64_t sources = 1) {
    CorrelationEvent event;
    event.definition = &definition;
    event.group_hash = std::hash<std::string>()(group) * 0x9e3779b97f4a7c15ULL;
    event.group = texts_.emplace_back(group_text(group));
    event.sources = sources;
    event.value = value;
    event.time = EventTime{Milliseconds{time_ms}};
    event.at = {0, 0, offset_++};
    event.address = IpAddress::parse(group).value_or(IpAddress{});
    return event;
  }
  static uint64_t number(double value) { return std::bit_cast<uint64_t>(value); }

 private:
  std::deque<std::string> texts_;
  int64_t offset_ = 0;
};

inline std::string shown(const Alert& alert) {
  std::string text = std::string(to_string(alert.phase)) + " " + alert.client + " " + std::to_string(alert.count);
  if (alert.correlation) text += " " + std::to_string(static_cast<int64_t>(alert.correlation->value));
  return text;
}

/// All that must be the same when the same events come again.
inline std::string repeatable(const Alert& alert) {
  std::string text = alert.id + " " + shown(alert);
  for (const RelatedEpisode& episode : alert.related)
    text += " beside " + episode.opening_id;
  return text;
}

inline std::string shown(const std::vector<Alert>& alerts) {
  std::string text;
  for (const Alert& alert : alerts)
    text += shown(alert) + "\n";
  return text;
}

inline const std::vector<std::string> kTestTopics{"requests"};

/// A correlator that gets its events one at a time.
struct Bench {
  explicit Bench(ScoreOptions options = {}) : correlator(options, kTestTopics, 4) {}

  Bench& at(const CorrelationDefinition& definition, int64_t time_ms, uint64_t value = 0, uint64_t sources = 1,
            const std::string& group = "192.0.2.1") {
    const CorrelationEvent event = maker.event(definition, group, time_ms, value, sources);
    correlator.observe({&event, 1}, kNoTime, alerts);
    return *this;
  }
  /// The partition's event time goes on without events.
  Bench& clock(int64_t time_ms) {
    correlator.observe({}, time_ms, alerts);
    return *this;
  }
  std::string take() {
    const std::string text = shown(alerts);
    alerts.clear();
    return text;
  }

  EventMaker maker;
  Correlator correlator;
  std::vector<Alert> alerts;
};

}  // namespace weir::testing
