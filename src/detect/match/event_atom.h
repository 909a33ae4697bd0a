#pragma once

#include <memory>
#include <string>

#include "base/ip_address.h"
#include "decode/decoded_record.h"
#include "detect/field_map.h"
#include "detect/pcre.h"
#include "event/event.h"
#include "rules/rule.h"

namespace weir {

/// A test that needs no scan: of a number, an address, a short text, a field's presence, a flag. Evaluated only when a
/// condition comes to it.
struct EventAtom {
  enum class Operation : uint8_t { kExists, kCompare, kGlob, kRegex, kCidr, kFieldRef, kEvasion, kStep, kLineRegex };
  Operation operation = Operation::kExists;
  FieldTarget field;
  Comparison comparison = Comparison::kMatch;  ///< kCompare
  double number = 0;
  bool cased = false;
  PatternString pattern;              ///< kGlob
  std::shared_ptr<const Pcre> regex;  ///< kRegex, kLineRegex
  Cidr network;                       ///< kCidr
  FieldTarget other;                  ///< kFieldRef
  bool open_front = false, open_back = false;
  uint16_t bits = 0;  ///< kEvasion, kStep
};

/// Buffers of the evaluation, one set per thread.
struct EventScratch {
  std::string first, second;
  Pcre::Scratch pcre;
};

/// Does the atom hold for this request? A regular expression that gives up (see Pcre) counts as a match.
bool holds(const EventAtom& atom, const Event& event, const DecodedRecord& record, EventScratch& scratch);

}  // namespace weir
