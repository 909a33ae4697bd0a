#pragma once

#include <string>

#include "decode/decoded_record.h"
#include "detect/program/event_atom.h"
#include "event/event.h"

namespace weir {

/// Buffers of the evaluation, one set per thread.
struct EventScratch {
  std::string first, second;
  Pcre::Scratch pcre;
};

/// Does the atom hold for this request? A regular expression that gives up (see Pcre) counts as a match.
bool holds(const EventAtom& atom, const Event& event, const DecodedRecord& record, EventScratch& scratch);

}  // namespace weir
