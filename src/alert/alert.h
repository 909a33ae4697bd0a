#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/address_context.h"
#include "alert/alert_kind.h"
#include "alert/made_of.h"
#include "alert/outcome.h"
#include "base/client_kind.h"
#include "base/enum_names.h"
#include "base/ip_address.h"
#include "base/record_coordinates.h"
#include "base/time.h"
#include "evidence/evidence.h"
#include "rules/category.h"

namespace weir {

/// The signals of AB1 as bits, and their stable names.
enum class AbuseReason : uint8_t {
  kRapidIpChanges = 1 << 0,
  kUserAgentRotation = 1 << 1,
  kBotUserAgent = 1 << 2,
  kRegularTiming = 1 << 3,
};
using AbuseReasons = uint8_t;
template <>
inline constexpr auto kBitNamesOf<AbuseReason> =
    std::to_array<std::string_view>({"rapid_ip_changes", "user_agent_rotation", "bot_user_agent", "regular_timing"});

struct AbuseVerdict {
  bool suspicious = false;
  AbuseReasons reasons = 0;
  int risk_score = 0;
  uint8_t requests = 0, addresses = 0, agents = 0;  ///< in the client's window: how many, distinct ones
};

/// What AB3 looks for, as bits, and their stable names (docs/scoring.md).
enum class BurstReason : uint8_t {
  kRequestRate = 1 << 0,
  kFailedAuthentication = 1 << 1,
  kCredentialStuffing = 1 << 2,
  kPasswordSpraying = 1 << 3,
  kEnumeration = 1 << 4,
  kScanning = 1 << 5,
};
using BurstReasons = uint8_t;
inline constexpr size_t kBurstReasons = 6;
template <>
inline constexpr auto kBitNamesOf<BurstReason> = std::to_array<std::string_view>(
    {"request_rate", "failed_authentication", "credential_stuffing", "password_spraying", "enumeration", "scanning"});

struct BurstVerdict {
  BurstReasons reasons = 0;  ///< one; of a summary of many clients' bursts, all of theirs
  /// How many a window held of what the reason counts: in a closing alert the most, before what makes a burst. 0: a summary.
  uint64_t held = 0;
  Milliseconds retry_after{0};  ///< request_rate: until one more request would be within the limit again
  uint64_t requests = 0;        ///< in the fullest window; before the closing alert at least so many. 0: a summary
};

/// What a correlation found (docs/correlation.md).
struct CorrelationFinding {
  std::string rule_id, title;
  std::string_view type;  ///< as in the rule
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, std::string>> group;  ///< field and masked value
  double value = 0;  ///< what was computed; a count stops at what the condition needs
  Milliseconds timespan{0};
};

/// What an episode of attacks consists of, in numbers.
struct AttackSummary {
  std::array<uint64_t, static_cast<size_t>(Category::kCount)> by_category{};  ///< records; one may count for several
  std::array<uint64_t, kOutcomes> by_outcome{};                               ///< records
  uint32_t hosts = 0, routes = 0;                                             ///< shown by alerts of their own
  uint64_t beyond = 0;  ///< records with a host or route beyond the bound
};

/// Another episode that an alert belongs with. It is named by what never changes in it, and what it held by then.
struct RelatedEpisode {
  std::string opening_id;  ///< of the alert that opened it
  std::string episode_id;
  AlertKind kind = AlertKind::kAttack;
  std::string title;
};
inline constexpr size_t kRelatedMax = 8;  ///< named by one alert

/// One alert as it is published (AL1).
struct Alert {
  std::string
      id;  ///< a UUID made from the episode's first record (of a burst: reason and period), kind, phase and count
  std::string episode_id;  ///< the same for all alerts of one episode
  AlertKind kind = AlertKind::kAttack;
  EpisodePhase phase = EpisodePhase::kOpened;
  ClientKind client_kind = ClientKind::kAddress;
  std::string client;
  IpAddress address;     ///< of the record that caused this alert; in a closing alert, of the last one counted; or none
  RecordCoordinates at;  ///< of that record; kNoRecord if the alert must not depend on which one it was
  EventTime time{};      ///< event time of that record
  EventTime first_seen{};                      ///< first record of the episode; of a burst, the period's beginning
  EventTime last_seen{};                       ///< last record counted; of a burst that is closed, the period's end
  uint64_t count = 1;                          ///< records of the episode so far, this one included
  Level severity = Level::kMedium;             ///< the highest of the episode so far
  CategoryMask categories = 0;                 ///< attacks: of the episode so far
  std::optional<Evidence> evidence;            ///< attacks: of the record that caused this alert
  Outcome outcome = Outcome::kUnknown;         ///< attacks: the most telling of the episode so far
  Outcome record_outcome = Outcome::kUnknown;  ///< of the record that caused this alert
  std::vector<Evidence>
      further;  ///< closing, attacks: one for each category and host that no alert has shown, at most 8
  std::optional<AttackSummary> summary;   ///< attacks: of the episode so far
  AbuseVerdict verdict;                   ///< abuse
  BurstVerdict burst;                     ///< bursts
  ValueLists made_of;                     ///< abuse and bursts: which values the requests counted had
  std::optional<AddressContext> context;  ///< of `address`; none without databases or lists
  std::optional<CorrelationFinding> correlation;
  std::vector<RelatedEpisode> related;  ///< not in closing alerts
  int64_t append_ms = 0;     ///< broker's time of a record that waited to be scored; 0: none did. Not written
  std::string_view trimmed;  ///< what was taken out last because the alert was too large for its topic; empty: nothing
};

}  // namespace weir
