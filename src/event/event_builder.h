#pragma once

#include <string_view>
#include <vector>

#include "event/event.h"
#include "event/input_profile.h"
#include "event/raw_record.h"
#include "event/values/header_list.h"
#include "event/values/timestamp.h"

namespace weir {

/// Makes events of raw values, whatever form the record had: chooses among candidates, splits request lines, reads times,
/// numbers and addresses, finds the client behind proxies. What is wrong in a field costs that field only, and is noted in
/// Event::fields_unread. One per parser, not thread-safe.
class EventBuilder {
 public:
  explicit EventBuilder(const InputOptions& options);

  /// What the event borrows from besides the raw record itself.
  struct Room {
    HeaderList& headers;
    Arena& arena;
  };

  /// Where the record holds no time of its own, the event gets the clues' reference. False: there is no request in it.
  bool build(const RawRecord& record, const Candidates& candidates, const TimeClues& clues, Room room, Event& event);

 private:
  /// One record on its way.
  struct Work {
    const RawRecord& record;
    const Candidates& candidates;
    const TimeClues& clues;
    Room room;
    Event& event;
  };

  void read_request(Work& work) const;
  void read_numbers(Work& work) const;
  void read_time(Work& work);
  void read_texts(Work& work) const;
  void read_headers(Work& work);
  void read_client(Work& work);
  void judge_identity(Work& work) const;
  void forwarded_values(const Work& work);

  const InputOptions& options_;
  TimestampReader timestamps_;
  std::vector<std::string_view> forwarded_;
};

}  // namespace weir
