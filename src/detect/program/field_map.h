#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "decode/decoded_record.h"
#include "event/event.h"

namespace weir {

/// What a rule's field name stands for.
enum class FieldKind : uint8_t {
  kLines,  ///< text on lines of the decoded record; scanned
  kText,   ///< a short text of the event; compared when a rule needs it
  kNumber,
  kAddress,
  kEvasion,  ///< the record's Evasion flags, by name
  kSteps,    ///< the DecodeStep flags of any line, by name
  kAbsent,   ///< a field of the taxonomies that request logs do not have: always missing
};

enum class EventText : uint8_t {
  kNone,
  kMethod,
  kScheme,
  kHost,
  kPath,
  kQuery,
  kUri,
  kUrl,
  kExtension,
  kUserAgent,
  kReferer,
  kCookie,
  kBody,
  kContentType,
  kClientId
};
enum class EventNumber : uint8_t {
  kStatus,
  kRequestBytes,
  kResponseBytes,
  kDurationMilliseconds,
  kDurationNanoseconds
};

/// Where the values of one field are looked for.
struct FieldTarget {
  FieldKind kind = FieldKind::kAbsent;
  PlaceMask anywhere = 0;    ///< kLines: lines in which a part of the field may stand
  PlaceMask whole = 0;       ///< kLines: lines that hold the field from its first to its last byte, for anchored values
  bool named_lines = false;  ///< lines are "name=value": a value also begins after the first '='
  EventText text = EventText::kNone;  ///< the field as logged, for `exists`, null and fieldref
  EventNumber number = EventNumber::kStatus;
};

/// The meaning of a field of the webserver or proxy taxonomy, of ECS, or one of our own (`weir.*`); an empty name is the
/// keywords' "anywhere". Nothing when the name is in none of them.
std::optional<FieldTarget> find_field(std::string_view name);

/// The text of an event field; composed ones (a URI) are built in `buffer`. Valid as long as the event and the buffer.
std::string_view event_text(const Event& event, EventText text, std::string& buffer);
double event_number(const Event& event, EventNumber number);

}  // namespace weir
