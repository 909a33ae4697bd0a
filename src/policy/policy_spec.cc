#include "policy/policy_spec.h"

#include <algorithm>
#include <charconv>

namespace weir {
namespace {

bool read_number(std::string_view text, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

bool ClientSet::contains(const IpAddress& address, std::string_view client_id) const {
  return weir::contains(networks, address) || std::find(ids.begin(), ids.end(), client_id) != ids.end();
}

std::string RouteSpec::display_name() const {
  if (!name.empty()) return name;
  std::string text;
  for (const auto& method : methods)
    text += (text.empty() ? "" : ",") + method;
  return text + (text.empty() ? "" : " ") + host + path;
}

std::optional<EventTime> end_of_day(std::string_view date) {
  int year = 0, month = 0, day = 0;
  if (date.size() != 10 || date[4] != '-' || date[7] != '-' || !read_number(date.substr(0, 4), year) ||
      !read_number(date.substr(5, 2), month) || !read_number(date.substr(8, 2), day) || year < 1970 || month < 1 ||
      day < 1)
    return std::nullopt;
  const std::chrono::year_month_day calendar{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                             std::chrono::day(static_cast<unsigned>(day))};
  if (!calendar.ok()) return std::nullopt;
  return EventTime(std::chrono::sys_days(calendar) + std::chrono::days(1));
}

std::string last_day_before(EventTime expires) {
  return format_rfc3339(expires - Milliseconds(1)).substr(0, 10);
}

}  // namespace weir
