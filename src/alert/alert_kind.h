#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/enum_names.h"

namespace weir {

enum class AlertKind : uint8_t { kAttack, kAbuse, kCorrelation, kBurst, kCount };
template <>
inline constexpr auto kNamesOf<AlertKind> = std::to_array<std::string_view>({"attack", "abuse", "correlation",
                                                                             "burst"});

/// Where in an episode (a client's alerts of one kind) an alert stands.
enum class EpisodePhase : uint8_t { kOpened, kUpdated, kClosed };
template <>
inline constexpr auto kNamesOf<EpisodePhase> = std::to_array<std::string_view>({"opened", "updated", "closed"});

}  // namespace weir
