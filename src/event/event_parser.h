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
class EventParser {
 public:
  explicit EventParser(InputOptions options);
  ~EventParser();
  EventParser(EventParser&&) noexcept;
  EventParser& operator=(EventParser&&) noexcept;

  /// Reads one record. On success `event` borrows from `storage` until the next call with it. Never throws; a record of any
  /// content ends in an event or in a reason.
  ParseOutcome parse(std::string_view record, EventStorage& storage, Event& event);

  /// The same with a storage of the parser's own, for one event at a time.
  ParseOutcome parse(std::string_view record, Event& event);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
