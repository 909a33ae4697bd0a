#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/client_kind.h"
#include "base/enum_names.h"
#include "base/time.h"

namespace weir {

/// What whoever enforces a decision does to the client's requests, the mildest first.
enum class DecisionAction : uint8_t { kThrottle, kCaptcha, kBan, kCount };
template <>
inline constexpr auto kNamesOf<DecisionAction> = std::to_array<std::string_view>({"throttle", "captcha", "ban"});

/// What is to be done about one client, until when and why (docs/decisions.md). A client has one at most.
struct Decision {
  std::string id;  ///< a UUID made from the alert, the rule and the action
  ClientKind client_kind = ClientKind::kAddress;
  std::string client;
  std::string subject;  ///< what it acts on: the client, or the network that an address is in
  DecisionAction action = DecisionAction::kBan;
  std::string rule;      ///< of the policy; empty: a person's
  std::string reason;    ///< what the alert said, in short, or why a person decided so
  std::string alert_id;  ///< empty: a person's
  std::string caller;    ///< the person; empty: a rule
  int64_t from_ms = 0;   ///< event time of the alert's record
  int64_t until_ms = 0;
  Milliseconds retry_after{0};  ///< of a throttle: between two requests; 0: left to whoever enforces
  uint32_t times = 1;           ///< the client's so many-th
  bool is_simulated = false;    ///< to be looked at, never enforced
  bool operator==(const Decision&) const = default;
};

/// One step of a client's decisions, to be told outside.
struct DecisionChange {
  enum class What : uint8_t {
    kMade,
    kRenewed,   ///< the same lasts longer
    kReplaced,  ///< by a stricter one, or by a person's
    kEnded,     ///< event time has come to its end
    kDeleted,   ///< by a person
    kCount,
  };
  What what = What::kMade;
  Decision decision;
  [[nodiscard]] bool is_end() const { return what == What::kEnded || what == What::kDeleted; }
};

/// What is kept of one client's decisions, as a person asks for it.
struct ClientDecisions {
  std::optional<Decision> in_force;
  uint32_t times = 0;         ///< so many that rules made and that make the next one longer
  int64_t last_until_ms = 0;  ///< the end of the last one, a person's included
};

/// Why an alert that fits a rule led to no decision.
enum class DecisionSkip : uint8_t { kSpared, kLate, kBudget, kNoRoom, kCount };
template <>
inline constexpr auto kNamesOf<DecisionSkip> = std::to_array<std::string_view>({"spared", "late", "budget", "no_room"});

/// What a partition's decisions came to.
struct DecisionCounts {
  uint64_t changes[static_cast<size_t>(DecisionChange::What::kCount)]{};
  uint64_t spared = 0;       ///< alerts that would have led to one about an address that must not be a subject
  uint64_t late = 0;         ///< would have been over when their alert came
  uint64_t over_budget = 0;  ///< not made
  uint64_t no_room = 0;      ///< not made, or counted alerts given up
  uint64_t active = 0;       ///< now
};

template <>
inline constexpr auto kNamesOf<DecisionChange::What> = std::to_array<std::string_view>({"made", "renewed", "replaced",
                                                                                        "ended", "deleted"});

}  // namespace weir
