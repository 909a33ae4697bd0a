#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// What was done to a text to make it JSON.
struct NearJson {
  enum class Outcome : uint8_t {
    kMended,
    kNoJson,   ///< no object or list at the start
    kTooDeep,  ///< nested deeper than the bound
  };

  Outcome outcome = Outcome::kMended;
  size_t values = 0;          ///< several one after the other become a list of them
  bool only_escapes = false;  ///< nothing was wrong but \xHH escapes
  bool is_whole = false;      ///< nothing was wrong at all but that there are several values
};

/// Rewrites what is nearly JSON into JSON, so that one reader serves both: \xHH escapes (as nginx and Apache write), values
/// missing behind their colon, raw control characters and raw quotes in strings, bare words (NaN, 007, integers beyond 64
/// bits become texts or null), commas too many, quotes of the other kind (Python), a text that was cut off, several values
/// one after the other, and text behind the last. A quote inside a string ends it only where another member, or the end,
/// follows. One pass with bounded looks ahead; `out` is replaced and at most six times as long.
NearJson mend_near_json(std::string_view text, size_t depth_max, std::string& out);

/// How much text stands before the first object of a line (a syslog header, a container's prefix, the five bytes of a schema
/// registry); npos if there is none.
size_t find_json_object(std::string_view text);

}  // namespace weir
