#pragma once

// What the tests of this folder share: decode an event, and read the record as "place: name=value" lines.

#include <string>
#include <string_view>
#include <vector>

#include "decode/decoder.h"

namespace weir::testing {

inline DecodedRecord decode(const Event& event, DecodeOptions options = {}) {
  Decoder decoder(options);
  DecodedRecord record;
  decoder.decode(event, record);
  return record;
}

inline DecodedRecord decode_query(std::string_view query, DecodeOptions options = {}) {
  Event event;
  event.query = query;
  return decode(event, options);
}

inline DecodedRecord decode_body(std::string_view content_type, std::string_view body, DecodeOptions options = {}) {
  Event event;
  event.content_type = content_type;
  event.body = body;
  return decode(event, options);
}

/// A line that says what the line before it says, read in another way.
inline bool is_other_reading(const Line& line) {
  return has(line.steps, DecodeStep::kShellWord) || has(line.steps, DecodeStep::kLineBreaks);
}

/// The lines that are readings of another one, as "step: text".
inline std::vector<std::string> readings_of(const DecodedRecord& record) {
  std::vector<std::string> lines;
  for (const Line& line : record.lines) {
    if (!is_other_reading(line)) continue;
    const DecodeStep step = has(line.steps, DecodeStep::kLineBreaks) ? DecodeStep::kLineBreaks : DecodeStep::kShellWord;
    lines.push_back(std::string(to_string(step)) + ": " + std::string(record.line_text(line)));
  }
  return lines;
}

/// The other lines, as "place: text".
inline std::vector<std::string> lines_of(const DecodedRecord& record) {
  std::vector<std::string> lines;
  for (const Line& line : record.lines) {
    if (is_other_reading(line)) continue;
    lines.push_back(std::string(to_string(line.place)) + ": " + std::string(record.line_text(line)));
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace weir::testing
