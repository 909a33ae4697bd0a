#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// What a local time without an offset means. Default-constructed it is UTC. Cheap to copy; immutable.
class TimeZone {
 public:
  TimeZone() = default;

  /// By its IANA name ("Europe/Berlin", "UTC"), from the system's time zone data; nothing if there is no such zone.
  static std::optional<TimeZone> named(std::string_view name);

  /// Seconds to subtract from the local time (counted as if it were UTC) to get UTC. Where clocks were set back and a local
  /// time stands for two, the earlier one.
  [[nodiscard]] int64_t offset_seconds(int64_t local_seconds) const;

  [[nodiscard]] bool is_utc() const { return zone_ == nullptr; }

 private:
  struct Zone;
  std::shared_ptr<const Zone> zone_;
};

}  // namespace weir
