#pragma once

#include <string>
#include <utility>
#include <vector>

#include "decode/decoded_record.h"

namespace weir::testing {

/// A decoded record made by hand: lines in the order given; "name=value" lines of the parameter places get their name.
inline DecodedRecord record_of(const std::vector<std::pair<Place, std::string>>& lines) {
  DecodedRecord record;
  for (const auto& [place, text] : lines) {
    Line line;
    line.begin = static_cast<uint32_t>(record.text.size());
    record.text += text;
    line.end = static_cast<uint32_t>(record.text.size());
    record.text += '\n';
    line.place = place;
    const bool named = (mask_of(place) & (kParameterPlaces | mask_of(Place::kHeader))) != 0;
    if (named && text.find('=') != std::string::npos) line.name_length = static_cast<uint16_t>(text.find('='));
    record.lines.push_back(line);
  }
  return record;
}

}  // namespace weir::testing
