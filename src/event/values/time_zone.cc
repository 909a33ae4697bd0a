#include "event/values/time_zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

namespace weir {

struct TimeZone::Zone {
  absl::TimeZone zone;
};

std::optional<TimeZone> TimeZone::named(std::string_view name) {
  TimeZone made;
  if (name == "UTC") return made;
  Zone zone;
  // A path would be read as a file; names have no leading dot or slash.
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.find("..") != std::string_view::npos)
    return std::nullopt;
  if (!absl::LoadTimeZone(std::string(name), &zone.zone)) return std::nullopt;
  made.zone_ = std::make_shared<const Zone>(std::move(zone));
  return made;
}

int64_t TimeZone::offset_seconds(int64_t local_seconds) const {
  if (zone_ == nullptr) return 0;
  const absl::CivilSecond civil = absl::CivilSecond(1970, 1, 1) + local_seconds;
  return local_seconds - absl::ToUnixSeconds(absl::FromCivil(civil, zone_->zone));
}

}  // namespace weir
