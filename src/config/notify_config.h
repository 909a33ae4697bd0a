#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alert/alert_kind.h"
#include "base/secret.h"
#include "base/time.h"
#include "score/score_options.h"

namespace weir {

/// The body that is posted: a form of its own, or that of a service.
enum class NotifyPreset : uint8_t { kGeneric, kSlack };
template <>
inline constexpr auto kNamesOf<NotifyPreset> = std::to_array<std::string_view>({"generic", "slack"});

/// Where a consumer group without offsets begins.
enum class NotifyStart : uint8_t { kNewest, kOldest };
template <>
inline constexpr auto kNamesOf<NotifyStart> = std::to_array<std::string_view>({"newest", "oldest"});

inline std::vector<Category> all_categories() {
  std::vector<Category> all;
  for (uint8_t i = 0; i < static_cast<uint8_t>(Category::kCount); ++i)
    all.push_back(static_cast<Category>(i));
  return all;
}

/// `weir notify`: which alerts go to a webhook, and how (docs/notify.md).
struct NotifyConfig {
  Secret url;            ///< empty: no webhook
  Secret authorization;  ///< value of the header of that name; empty: none
  std::string ca_file;   ///< empty: the system's authorities
  std::string group_id = "weir-notify";
  NotifyStart start = NotifyStart::kNewest;
  std::vector<AlertKind> kinds{AlertKind::kAttack, AlertKind::kAbuse, AlertKind::kCorrelation, AlertKind::kBurst};
  std::vector<EpisodePhase> phases{EpisodePhase::kOpened};
  Level severity = Level::kMedium;
  std::vector<Category> categories = all_categories();  ///< of attacks
  NotifyPreset preset = NotifyPreset::kGeneric;
  std::string body;          ///< template; empty: the preset's
  std::string summary_body;  ///< the same for "and N more"
  uint32_t messages_per_minute = 20;
  Milliseconds timeout{10'000};
  Milliseconds retry_max{60'000};
  uint32_t remembered_ids = 10'000;
};

}  // namespace weir
