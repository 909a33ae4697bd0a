#include "app/setup/time_argument.h"

#include <chrono>
#include <map>

#include "event/values/timestamp.h"
#include "lane/wall_clock.h"

namespace weir {

Result<EventTime> time_argument(const char* option, const std::string& text) {
  const auto unit = std::map<char, std::chrono::seconds>{{'s', std::chrono::seconds(1)},
                                                         {'m', std::chrono::minutes(1)},
                                                         {'h', std::chrono::hours(1)},
                                                         {'d', std::chrono::hours(24)}};
  if (const auto ago = unit.find(text.back()); ago != unit.end() && text.size() > 1 && text.size() < 10 &&
                                               text.find_first_not_of("0123456789") == text.size() - 1) {
    const auto now = wall_clock();
    return now - std::stol(text) * ago->second;
  }
  const bool is_date = text.size() == 10 && text.find_first_not_of("0123456789-") == std::string::npos;
  if (const auto time = parse_timestamp(is_date && text[4] == '-' ? text + "T00:00:00Z" : text, TimestampFormat::kAuto))
    return *time;
  return fail(ErrorCode::kInvalidArgument, option,
              "'" + text +
                  "' is no time; give one such as 2025-01-15T10:00:00Z or 2025-01-15, or how long ago: 90s, "
                  "15m, 2h, 7d");
}

}  // namespace weir
