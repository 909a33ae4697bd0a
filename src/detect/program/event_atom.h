#pragma once

#include <cstdint>
#include <memory>

#include "base/ip_address.h"
#include "detect/program/field_map.h"
#include "detect/program/letter_case.h"
#include "detect/program/pcre.h"
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
  LetterCase letter_case = LetterCase::kIgnored;
  PatternString pattern;              ///< kGlob
  std::shared_ptr<const Pcre> regex;  ///< kRegex, kLineRegex
  Cidr network;                       ///< kCidr
  FieldTarget other;                  ///< kFieldRef
  bool open_front = false, open_back = false;
  uint32_t bits = 0;  ///< kEvasion, kStep
};

}  // namespace weir
