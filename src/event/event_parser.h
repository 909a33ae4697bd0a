#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "event/event.h"
#include "event/input_profile.h"
#include "event/reject_reason.h"

namespace weir {

struct ParseOutcome {
  RejectReason reason = RejectReason::kNone;
  std::string detail;  ///< names the field or the position; never holds input bytes; empty when parsed

  [[nodiscard]] bool ok() const { return reason == RejectReason::kNone; }
};

/// What an event borrows from: the text of its record. One for each event that is in use at a time; reused, and shrinks again
/// after a large record.
class EventStorage {
 public:
  EventStorage();
  ~EventStorage();
  EventStorage(EventStorage&&) noexcept;
  EventStorage& operator=(EventStorage&&) noexcept;

 private:
  friend class EventParser;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Turns raw records into events. One per lane, not thread-safe; buffers are reused, and shrink again after a large record.
///
/// A record may hold several requests (a list, several values on a line, an OTLP export): begin() it, then call next() until
/// it says kEnd.
class EventParser {
 public:
  explicit EventParser(InputOptions options);
  ~EventParser();
  EventParser(EventParser&&) noexcept;
  EventParser& operator=(EventParser&&) noexcept;

  enum class Next : uint8_t {
    kEvent,   ///< one more request
    kReject,  ///< something that could not be read: see the outcome
    kSkip,    ///< a line that is no access log, by a rule of the profile
    kEnd,     ///< nothing more in this record
  };

  /// Starts with a record, whose bytes must stay until kEnd. `reference` stands in for the time where the record has none,
  /// and tells the year where its time has none: the broker's time, or that of the record before.
  void begin(std::string_view record, EventTime reference = EventTime{});

  /// On kEvent `event` borrows from `storage` until the next call with it. Never throws; a record of any content ends in
  /// events, skips or reasons, and after at most requests_max of them.
  Next next(EventStorage& storage, Event& event, ParseOutcome& outcome);

  /// Reads the first request of one record, for where there is only one. A skipped line is an unknown one.
  ParseOutcome parse(std::string_view record, EventStorage& storage, Event& event);

  /// The same with a storage of the parser's own, for one event at a time.
  ParseOutcome parse(std::string_view record, Event& event);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
